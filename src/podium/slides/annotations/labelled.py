"""Several classes on one slide, and the places of which nobody says what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shapely import MultiPolygon

UNKNOWN = 255  # of a mask: neither learnt from nor scored; none is 0, class k is k
MOST_CLASSES = 100


@dataclass(frozen=True, eq=False)
class Labelled:
    """Regions of classes, none over another, and what is unknown, in level-0 pixels.

    Attributes:
        classes: valid regions by label, from 1 on.
        unknown: a valid region.
    """

    classes: Mapping[int, MultiPolygon]
    unknown: MultiPolygon = field(default_factory=MultiPolygon)

    @property
    def is_empty(self) -> bool:
        """Whether there is no class at all."""
        return all(region.is_empty for region in self.classes.values())

    @property
    def area(self) -> float:
        """Square pixels of level 0 that all classes cover."""
        return float(sum(region.area for region in self.classes.values()))
