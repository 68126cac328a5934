"""Outlines in the XML of ASAP, the format of the CAMELYON challenges.

`ASAP_Annotations/Annotations/Annotation[@Type, @PartOfGroup]/Coordinates/Coordinate[@Order, @X,
@Y]`, in level-0 pixels. Groups `_2` and `Exclusion` of CAMELYON16 and `normal` of CAMELYON17 are
cut out of the others. ASAP writes `None` for outlines in no group: nobody knows what they mean
beside those of a group. A spline is taken as straight lines between its points.
"""

from __future__ import annotations

import numpy as np
from shapely.geometry.base import BaseGeometry

from podium.core.strict_numbers import parse_number
from podium.slides.annotations.limits import Budget, Unusable, points
from podium.slides.annotations.overlay import Crossings, merged
from podium.slides.annotations.regions import Drawn
from podium.slides.annotations.winding import filled
from podium.slides.annotations.xml_events import Attributes, parse_events

EXCLUDED = {"_2", "exclusion", "normal"}
_UNGROUPED = "none"
_WITH_AREA = {"polygon", "spline", "rectangle"}


def read(data: bytes) -> Drawn:
    """The regions in `data` by group, and notes.

    Raises:
        Unusable: it is no such XML, or a coordinate cannot be read.
    """
    document = _Document()
    parse_events(data, document)
    groups: dict[str, list[BaseGeometry]] = {}
    for group, region in document.outlines:
        if not region.is_empty:
            groups.setdefault(document.names[group], []).append(region)
    parts = {name: merged(regions, document.crossings) for name, regions in groups.items()}
    doubtful = frozenset(name for name in parts if name.lower() == _UNGROUPED)
    return Drawn(parts, [], document.n_flat, frozenset(EXCLUDED), doubtful)


class _Document:
    """Collects (group in lower case, region) of the annotations as their elements pass."""

    def __init__(self) -> None:
        self.outlines: list[tuple[str, BaseGeometry]] = []
        self.names: dict[str, str] = {}  # of groups, as they are written first
        self.budget, self.crossings = Budget(), Crossings()
        self.group: str | None = None  # of the annotation being read, if it can have an area
        self.corners: list[tuple[float, float, float]] = []  # order, x, y
        self.n_flat = 0
        self.is_root = True

    def start(self, name: str, attributes: Attributes) -> None:
        if self.is_root and name != "ASAP_Annotations":
            remedy = "export it as ASAP XML, as GeoJSON or as SVG"
            raise Unusable(f"its root element is <{name[:40]}>, not <ASAP_Annotations>", remedy)
        self.is_root = False
        if name == "Annotation":
            has_area = attributes.get("Type", "Polygon").lower() in _WITH_AREA
            name = attributes.get("PartOfGroup", "None")
            self.names.setdefault(name.lower(), name)
            self.group = name.lower() if has_area else None
            self.n_flat += not has_area
            self.corners = []
        elif name == "Coordinate" and self.group is not None:
            self.budget.spend(1)
            self.corners.append(_corner(attributes))

    def end(self, name: str) -> None:
        if name == "Annotation" and self.group is not None:
            corners = sorted(self.corners, key=lambda corner: corner[0])
            ring = points(np.array(corners).reshape(-1, 3)[:, 1:])
            region = filled([ring], crossings=self.crossings)
            self.n_flat += region.is_empty
            self.outlines.append((self.group, region))


def _corner(attributes: Attributes) -> tuple[float, float, float]:
    try:
        order, x, y = (
            parse_number(attributes[name].replace(",", ".")) for name in ("Order", "X", "Y")
        )
        return order, x, y
    except KeyError as error:
        raise Unusable(f"a Coordinate has no {error.args[0]}") from None
    except ValueError as error:
        raise Unusable(f"a Coordinate {error}") from None
