"""Outlines in the XML of Aperio ImageScope, in level-0 pixels.

`Annotations/Annotation[@Name, @LineColor]/Regions/Region[@Type, @NegativeROA]/Vertices/Vertex[@X,
@Y]`. A layer (`Annotation`) is a class: it has its name, the name in its attributes, or its colour
as `#rrggbb`. Freehand outlines, rectangles and ellipses (the box of their corners) are regions;
a negative region is cut out of its layer. Arrows and rulers have no area.
"""

from __future__ import annotations

import numpy as np
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from podium.core.strict_numbers import parse_number
from podium.slides.annotations.class_names import NO_CLASS
from podium.slides.annotations.limits import Budget, Unusable, points
from podium.slides.annotations.overlay import Crossings, merged, without
from podium.slides.annotations.regions import Drawn, Points
from podium.slides.annotations.winding import filled
from podium.slides.annotations.xml_events import Attributes, parse_events

_FREEHAND, _RECTANGLE, _ELLIPSE = "0", "1", "2"
_CORNERS = 128  # of a polygon in place of an ellipse: 0.04 % of its area less


def read(data: bytes) -> Drawn:
    """Return the regions in `data` by layer, and notes.

    Raises:
        Unusable: it is no such XML, or a coordinate cannot be read.
    """
    document = _Document()
    parse_events(data, document)
    layers, crossings = dict[str, MultiPolygon](), document.crossings
    for name, (inside, holes) in document.layers.items():
        region = without(merged(inside, crossings), merged(holes, crossings), crossings)
        if not region.is_empty:
            layers[name] = region
    return Drawn(layers, [], document.n_flat)


class _Document:
    """Collects the regions and holes of each layer as their elements pass."""

    def __init__(self) -> None:
        self.layers: dict[str, tuple[list[BaseGeometry], list[BaseGeometry]]] = {}
        self.budget, self.crossings, self.n_flat = Budget(), Crossings(), 0
        self.layer, self.kind, self.is_hole = "", "", False
        self.parts: list[tuple[bool, BaseGeometry]] = []  # of the layer being read
        self.corners: list[tuple[float, float]] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "Annotation":
            self.layer, self.parts = attributes.get("Name", ""), []
            self.colour = _hexadecimal(attributes.get("LineColor", ""))
        elif name == "Attribute" and not self.layer:
            self.layer = attributes.get("Value", "")
        elif name == "Region":
            self.kind, self.corners = attributes.get("Type", _FREEHAND), []
            self.is_hole = attributes.get("NegativeROA", "0") == "1"
        elif name == "Vertex":
            self.budget.spend(1)
            self.corners.append(_corner(attributes))

    def end(self, name: str) -> None:
        if name == "Region":
            region = self._region()
            self.n_flat += region.is_empty
            self.parts.append((self.is_hole, region))
        elif name == "Annotation":
            layer = self.layers.setdefault(self.layer.strip() or self.colour, ([], []))
            for is_hole, region in self.parts:
                layer[is_hole].append(region)

    def _region(self) -> BaseGeometry:
        ring = points(np.array(self.corners).reshape(-1, 2))
        if self.kind == _ELLIPSE and len(ring) > 1:
            ring = _ellipse(ring)
        elif self.kind not in (_FREEHAND, _RECTANGLE):
            return MultiPolygon()
        return filled([ring], crossings=self.crossings)


def _ellipse(corners: Points) -> Points:
    """The ellipse (N, 2) within the box of `corners`."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    return (low + high) / 2 + (high - low) / 2 * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _hexadecimal(colour: str) -> str:
    """`#rrggbb` of a colour whose lowest byte is red; `no class` of anything else."""
    if not colour.isdecimal() or int(colour) >= 1 << 24:
        return NO_CLASS
    return "#" + int(colour).to_bytes(3, "little").hex()


def _corner(attributes: Attributes) -> tuple[float, float]:
    try:
        x, y = (parse_number(attributes[name].replace(",", ".")) for name in ("X", "Y"))
        return x, y
    except KeyError as error:
        raise Unusable(f"a Vertex has no {error.args[0]}") from None
    except ValueError as error:
        raise Unusable(f"a Vertex {error}") from None
