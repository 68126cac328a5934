"""Where the programs that draw outlines put the origin of a slide, and in which unit they count."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from typing import Any, Self

import numpy as np

from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.regions import Points

NANOMETRES = 1000.0  # of a micrometre


@dataclass(frozen=True)
class Frame:
    """The frames of a slide's outlines, as seen from level 0.

    Attributes:
        size: (w, h) at level 0.
        origin: level-0 pixels x, y of the scanned area's top left corner, from which QuPath counts.
        mpp: micrometres per level-0 pixel along x and y, or None.
        centre: nanometres x, y of the slide's centre in the frame of NDP.view, or None.
    """

    size: tuple[int, int]
    origin: tuple[int, int] = (0, 0)
    mpp: tuple[float, float] | None = None
    centre: tuple[float, float] | None = None

    def to_cell(self) -> str:
        """Return it as a cell of a table; '' if everything counts from level 0's own corner."""
        _, *origins = astuple(self)
        is_usual = self.origin == (0, 0) and self.centre is None
        return "" if is_usual else json.dumps(origins)

    @classmethod
    def of_cell(cls, size: tuple[int, int], cell: str) -> Self:
        """Return the frame of a slide of `size` that `to_cell` wrote.

        Raises:
            ValueError: the cell holds something else.
        """
        if not cell:
            return cls(size)
        origin, mpp, centre = json.loads(cell)
        return cls(size, _pair(origin), mpp and _pair(mpp), centre and _pair(centre))

    def of_nanometres(self, points: Points) -> Points:
        """Return level-0 pixels (N, 2) of NDP.view's points (N, 2), nanometres from its origin.

        Raises:
            Unusable: the slide does not say where that origin lies.
        """
        if self.mpp is None or self.centre is None:
            raise Unusable(
                "its points are nanometres, but the slide does not say from where",
                "use it with the .ndpi file it was drawn on, or export GeoJSON from QuPath",
            )
        from_centre = (points - np.array(self.centre)) / (NANOMETRES * np.array(self.mpp))
        return np.asarray(from_centre + np.array(self.size) / 2)


def _pair(values: list[float]) -> tuple[Any, Any]:
    x, y = values
    return x, y
