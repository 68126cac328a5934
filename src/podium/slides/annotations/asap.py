"""Outlines in the XML of ASAP, the format of the CAMELYON challenges.

`ASAP_Annotations/Annotations/Annotation[@Type, @PartOfGroup]/Coordinates/Coordinate[@Order, @X,
@Y]`, in level-0 pixels. Groups `_2` and `Exclusion` of CAMELYON16 and `normal` of CAMELYON17 are
cut out of the others. ASAP writes `None` for outlines in no group: they are regions, unless the
file has a group of tumour, when they are cut out too. A spline is taken as straight lines between
its points.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from shapely.geometry.base import BaseGeometry

from podium.core.strict_numbers import parse_number
from podium.slides.annotations.class_names import denies_tumour
from podium.slides.annotations.limits import NOTHING, Budget, Unusable, no_tumour_note, points
from podium.slides.annotations.overlay import Crossings, merged, without
from podium.slides.annotations.regions import Outlines
from podium.slides.annotations.winding import filled
from podium.slides.annotations.xml_events import Attributes, parse_events

EXCLUDED = {"_2", "exclusion", "normal"}
_UNGROUPED = "none"
_WITH_AREA = {"polygon", "spline", "rectangle"}


def read(data: bytes, classes: Collection[str] | None) -> Outlines:
    """The regions in `data` in level-0 pixels, notes, and the areas of its groups.

    Args:
        data: the bytes of the file.
        classes: names of the groups that are tumour, upper or lower case; None takes all but
            those whose names say otherwise, such as Normal or Stroma.

    Raises:
        Unusable: it is no such XML, a coordinate cannot be read, or no outline has an area.
    """
    document = _Document()
    parse_events(data, document)
    outlines = [(group, region) for group, region in document.outlines if not region.is_empty]
    if not outlines:
        raise Unusable(*NOTHING)
    tumour, excluded = _split_groups({group for group, _ in outlines}, classes)
    crossings = document.crossings
    regions = merged((region for group, region in outlines if group in tumour), crossings)
    holes = merged((region for group, region in outlines if group in excluded), crossings)
    areas: dict[str, float] = {}
    for group, region in outlines:
        areas[document.names[group]] = areas.get(document.names[group], 0.0) + region.area
    taken = frozenset(document.names[group] for group in tumour)
    taken_out = without(regions, holes, crossings)
    return Outlines(taken_out, document.notes(tumour), areas, taken)


def _split_groups(groups: set[str], classes: Collection[str] | None) -> tuple[set[str], set[str]]:
    """The groups of a file that are tumour, and those that are cut out of it."""
    if classes is not None:
        tumour = groups & {name.lower() for name in classes}
    else:
        tumour = groups - EXCLUDED - {_UNGROUPED}
        tumour = {name for name in tumour if not denies_tumour(name)} or groups & {_UNGROUPED}
    return tumour, groups & (EXCLUDED | {_UNGROUPED}) - tumour


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

    def notes(self, tumour: Collection[str]) -> list[str]:
        """What a person should know about the file, given the groups taken as tumour."""
        notes = [f"outlines without an area, left out: {self.n_flat}"] if self.n_flat else []
        if not tumour:
            notes.append(no_tumour_note(", ".join(sorted({group for group, _ in self.outlines}))))
        return notes


def _corner(attributes: Attributes) -> tuple[float, float, float]:
    try:
        order, x, y = (parse_number(attributes[name]) for name in ("Order", "X", "Y"))
        return order, x, y
    except KeyError as error:
        raise Unusable(f"a Coordinate has no {error.args[0]}") from None
    except ValueError as error:
        raise Unusable(f"a Coordinate {error}") from None
