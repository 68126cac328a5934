"""Outlines drawn in SVG 1.1: polygon, polyline, path, rect, circle, ellipse, in groups or not.

A shape is a region whether it is filled or not: the competition's read `<polygon fill="none"
points="537,742 ..." stroke="#f8691c" stroke-width="5"/>`. Transforms, viewBox and fill rules
(holes) are honoured. A viewport without a width and height in px is as large as the slide. Not
read: strokes' width, style sheets, clipping; copies by `use`, which are counted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from podium.slides.annotations.limits import NOTHING, Budget, Unusable, points
from podium.slides.annotations.regions import Points, merged
from podium.slides.annotations.svg_path import rings
from podium.slides.annotations.svg_values import Matrix, length, matrix, numbers, transform, view
from podium.slides.annotations.winding import FillRule, filled
from podium.slides.annotations.xml_events import Attributes, tell

Size = tuple[float, float]  # (w, h)

TOLERANCE = 0.05  # level-0 pixels between a curve and the chords that stand for it
_NOT_DRAWN = {"defs", "symbol", "clipPath", "mask", "marker", "pattern", "foreignObject"}
_SHAPES = {"polygon", "polyline", "path", "rect", "circle", "ellipse"}


def read(data: bytes, size: tuple[int, int]) -> tuple[MultiPolygon, list[str]]:
    """The regions in `data` in level-0 pixels, and notes, for a slide of `size` = (w, h).

    Raises:
        Unusable: it is no SVG, a value in it cannot be read, or no shape in it has an area.
    """
    drawing = _Drawing(size)
    tell(data, drawing)
    if not drawing.regions:
        raise Unusable(*NOTHING)
    return merged(drawing.regions), drawing.notes()


class _State(NamedTuple):
    """What an element hands down to its children."""

    matrix: Matrix  # to level-0 pixels
    scale: float  # level-0 pixels per unit, where it is largest
    rule: FillRule
    size: Size  # of the viewport, in its own px


class _Drawing:
    """Collects the regions of an SVG's shapes as its elements pass."""

    def __init__(self, size: Size) -> None:
        self.slide = size
        self.stack = [_State(np.eye(3), 1.0, "nonzero", size)]
        self.hidden = 0  # depth inside something that is not drawn
        self.regions: list[BaseGeometry] = []
        self.budget = Budget()
        self.n_flat = self.n_copies = 0
        self.viewport: Size = size

    def start(self, name: str, attributes: Attributes) -> None:
        if len(self.stack) == 1 and name != "svg":
            raise Unusable(f"its root element is <{name[:40]}>, not <svg>")
        style = _style(attributes)
        if self.hidden or name in _NOT_DRAWN or style.get("display") == "none":
            self.hidden += 1
            return
        state = self._state(name, attributes, style)
        self.stack.append(state)
        self.n_copies += name == "use"
        if name in _SHAPES:
            self._add(name, attributes, state)

    def end(self, name: str) -> None:
        if self.hidden:
            self.hidden -= 1
        else:
            self.stack.pop()

    def notes(self) -> list[str]:
        """What a person should know about the file."""
        width, height = self.viewport
        notes = []
        if self.viewport != self.slide:
            notes.append(
                f"the drawing is {width:g}x{height:g} px, the slide {self.slide[0]:g}x"
                f"{self.slide[1]:g} px: taken as level-0 pixels all the same"
            )
        if self.n_flat:
            notes.append(f"shapes without an area, left out: {self.n_flat}")
        if self.n_copies:
            notes.append(f"copies by <use>, not read: {self.n_copies}")
        return notes

    def _state(self, name: str, attributes: Attributes, style: Attributes) -> _State:
        to_slide, scale, rule, size = self.stack[-1]
        if (given := attributes.get("transform")) is not None:
            to_slide = to_slide @ transform(given)
        if name == "svg":
            to_slide, size = self._enter(attributes, to_slide, size)
        if name == "svg" or given is not None:
            scale = max(float(np.linalg.norm(to_slide[:2, :2], 2)), 1e-9)
        is_evenodd = style.get("fill-rule", rule) == "evenodd"
        return _State(to_slide, scale, "evenodd" if is_evenodd else "nonzero", size)

    def _enter(self, attributes: Attributes, to_slide: Matrix, size: Size) -> tuple[Matrix, Size]:
        inner = (
            length(attributes, "width", size[0], size[0]),
            length(attributes, "height", size[1], size[1]),
        )
        if len(self.stack) == 1:
            self.viewport = inner
        else:
            x, y = length(attributes, "x", size[0]), length(attributes, "y", size[1])
            to_slide = to_slide @ matrix(1, 0, 0, 1, x, y)
        if (given := attributes.get("viewBox")) is None:
            return to_slide, inner
        view_box = numbers(given, Budget())
        aspect = attributes.get("preserveAspectRatio", "xMidYMid meet")
        return to_slide @ view(view_box, inner, aspect), (view_box[2], view_box[3])

    def _add(self, name: str, attributes: Attributes, state: _State) -> None:
        drawn = _rings(name, attributes, state.size, TOLERANCE / state.scale, self.budget)
        placed = [points(ring @ state.matrix[:2, :2].T + state.matrix[:2, 2]) for ring in drawn]
        region = filled(placed, state.rule)
        self.n_flat += region.is_empty
        if not region.is_empty:
            self.regions.append(region)


def _style(attributes: Attributes) -> Attributes:
    """Presentation attributes, overruled by the declarations of a `style` attribute."""
    parts = (part.partition(":") for part in attributes.get("style", "").split(";"))
    declared = {name.strip(): value.strip() for name, _, value in parts}
    if "transform" in declared:
        raise Unusable("a transform in a style is not read", "save it as a plain SVG")
    return attributes | declared


def _rings(
    name: str, attributes: Attributes, size: Size, tolerance: float, budget: Budget
) -> list[Points]:
    """The rings (N, 2) of a shape in its own units."""
    if name in ("polygon", "polyline"):
        values = numbers(attributes.get("points", ""), budget)
        if len(values) % 2:
            raise Unusable(f"a {name} has {len(values)} coordinates, an odd number")
        return [np.array(values).reshape(-1, 2)]
    if name == "path":
        return rings(attributes.get("d", ""), tolerance, budget)
    path = _rect(attributes, size) if name == "rect" else _ellipse(attributes, size)
    return rings(path, tolerance, budget)


def _rect(attributes: Attributes, size: Size) -> str:
    """A rectangle, its corners rounded or not, as path data."""
    x, y = length(attributes, "x", size[0]), length(attributes, "y", size[1])
    w, h = length(attributes, "width", size[0]), length(attributes, "height", size[1])
    rx = length(attributes, "rx", size[0], -1)
    ry = length(attributes, "ry", size[1], rx)
    rx, ry = min(ry if rx < 0 else rx, w / 2), min(ry, h / 2)
    if min(rx, ry) <= 0:
        return f"M{x} {y}h{w}v{h}h{-w}z"
    corner = f"a{rx} {ry} 0 0 1 "
    return (
        f"M{x + rx} {y}H{x + w - rx}{corner}{rx} {ry}V{y + h - ry}{corner}{-rx} {ry}"
        f"H{x + rx}{corner}{-rx} {-ry}V{y + ry}{corner}{rx} {-ry}z"
    )


def _ellipse(attributes: Attributes, size: Size) -> str:
    """A circle or an ellipse as path data."""
    x, y = length(attributes, "cx", size[0]), length(attributes, "cy", size[1])
    r = length(attributes, "r", float(np.hypot(*size) / np.sqrt(2)))
    rx, ry = length(attributes, "rx", size[0], r), length(attributes, "ry", size[1], r)
    half = f"a{rx} {ry} 0 1 1 "
    return f"M{x - rx} {y}{half}{2 * rx} 0{half}{-2 * rx} 0z"
