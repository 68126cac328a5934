"""Outlines drawn in SVG 1.1: polygon, polyline, path, rect, circle, ellipse, in groups or not.

A shape is a region whether it is filled or not: the competition's read `<polygon fill="none"
points="537,742 ..." stroke="#f8691c" stroke-width="5"/>`. Transforms, viewBox, fill rules (holes)
and copies by `use` are honoured. A viewport without a width and height in px is as large as the
slide. What styles and style sheets hide is not drawn. Not read: strokes' width, clipping.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np
from shapely.geometry.base import BaseGeometry

from podium.slides.annotations.class_names import NO_CLASS
from podium.slides.annotations.limits import MAX_DEPTH, Budget, Unusable, points
from podium.slides.annotations.overlay import Crossings, merged
from podium.slides.annotations.regions import Drawn
from podium.slides.annotations.svg_shapes import SHAPES, rings
from podium.slides.annotations.svg_styles import rules_of, styled
from podium.slides.annotations.svg_values import (
    Matrix,
    Size,
    composed,
    length,
    numbers,
    shift,
    transform,
    view,
)
from podium.slides.annotations.winding import FillRule, filled
from podium.slides.annotations.xml_events import Attributes, parse_tree

TOLERANCE = 0.05  # level-0 pixels between a curve and the chords that stand for it
_NOT_DRAWN = {"defs", "symbol", "clipPath", "mask", "marker", "pattern", "foreignObject"}
_NO_SHAPES = {"line", "text", "image"}
_MAX_COPIED = 100_000  # elements
_XLINK = "{http://www.w3.org/1999/xlink}href"


def read(data: bytes, size: tuple[int, int]) -> Drawn:
    """The regions in `data` in level-0 pixels, and notes, for a slide of `size` = (w, h).

    Raises:
        Unusable: it is no SVG, or a value in it cannot be read.
    """
    root = parse_tree(data, "svg")
    drawing = _Drawing(root, size)
    drawing.draw(root, _State(np.eye(3), 1.0, "nonzero", size, 0))
    whole = merged(drawing.regions, drawing.crossings)
    parts = {NO_CLASS: whole} if drawing.regions else {}
    return Drawn(parts, drawing.notes(), drawing.n_flat, has_classes=False)


class _State(NamedTuple):
    """What an element hands down to its children."""

    matrix: Matrix  # (3, 3), to level-0 pixels
    scale: float  # level-0 pixels per unit, where it is largest
    rule: FillRule
    size: Size  # of the viewport, in its own px
    depth: int  # elements around it; a copy stands where its `use` does
    is_visible: bool = True


class _Drawing:
    """Collects the regions of an SVG's shapes."""

    def __init__(self, root: Element, size: Size) -> None:
        self.rules = rules_of(element.text or "" for element in root.iter("style"))
        self.by_id = {element.get("id"): element for element in root.iter()}
        self.slide = self.viewport = size
        self.regions: list[BaseGeometry] = []
        self.budget, self.copied = Budget(), Budget(_MAX_COPIED, "elements copied by <use>")
        self.crossings = Crossings()
        self.n_flat = self.n_lost = 0

    def draw(self, element: Element, outer: _State, given: Attributes | None = None) -> None:
        """Draw an element and its children.

        Args:
            element: what is drawn.
            outer: what it inherits.
            given: for the original of a `use`, the attributes that the `use` sets; else None.
        """
        name, attributes = element.tag, element.attrib | (given or {})
        is_symbol = name == "symbol" and given is not None
        style = styled(name, attributes, self.rules)
        if (name in _NOT_DRAWN and not is_symbol) or style.get("display") == "none":
            return
        if outer.depth > MAX_DEPTH:
            raise Unusable(f"its copies by <use> are nested deeper than {MAX_DEPTH}")
        state = self._state(attributes, style, outer, has_viewport=name == "svg" or is_symbol)
        if name in SHAPES and state.is_visible:
            self._add(name, attributes, state)
        elif name in _NO_SHAPES:
            self.n_flat += 1
        elif name == "use":
            self._copy(attributes, state)
        for child in element:
            self.draw(child, state)

    def notes(self) -> list[str]:
        """What a person should know about the file."""
        width, height = self.viewport
        notes = []
        if (round(width), round(height)) != self.slide:  # millimetres of Inkscape are not exact
            notes.append(
                f"the drawing is {width:g}x{height:g} px, the slide {self.slide[0]:g}x"
                f"{self.slide[1]:g} px: taken as level-0 pixels all the same"
            )
        if self.n_lost:
            notes.append(f"copies by <use> of nothing in the file, left out: {self.n_lost}")
        return notes

    def _state(
        self, attributes: Attributes, style: Attributes, outer: _State, *, has_viewport: bool
    ) -> _State:
        matrix, size = outer.matrix, outer.size
        if (given := attributes.get("transform")) is not None:
            matrix = composed(matrix, transform(given))
        if has_viewport:
            to_outer, size = self._viewport(attributes, size, is_root=outer.depth == 0)
            matrix = composed(matrix, to_outer)
        scale = outer.scale
        if matrix is not outer.matrix:
            scale = max(float(np.linalg.norm(matrix[:2, :2], 2)), 1e-9)
        is_evenodd = style.get("fill-rule", outer.rule) == "evenodd"
        visibility = style.get("visibility", "visible" if outer.is_visible else "hidden")
        return _State(
            matrix, scale, "evenodd" if is_evenodd else "nonzero", size, outer.depth + 1,
            visibility == "visible",
        )  # fmt: skip

    def _viewport(
        self, attributes: Attributes, outer: Size, *, is_root: bool
    ) -> tuple[Matrix, Size]:
        """The matrix from a viewport to what is around it, and its size in its own px."""
        size = (
            length(attributes, "width", outer[0], outer[0]),
            length(attributes, "height", outer[1], outer[1]),
        )
        corner = length(attributes, "x", outer[0]), length(attributes, "y", outer[1])
        if is_root:
            self.viewport, corner = size, (0, 0)
        if (given := attributes.get("viewBox")) is None:
            return shift(*corner), size
        box = numbers(given, Budget())
        aspect = attributes.get("preserveAspectRatio", "xMidYMid meet")
        return composed(shift(*corner), view(box, size, aspect)), (box[2], box[3])

    def _copy(self, attributes: Attributes, state: _State) -> None:
        original = self.by_id.get(attributes.get("href", attributes.get(_XLINK, ""))[1:])
        if original is None:
            self.n_lost += 1
            return
        self.copied.spend(sum(1 for _ in original.iter()))
        x, y = (length(attributes, name, state.size[k]) for k, name in enumerate("xy"))
        given: Attributes = {}
        if original.tag in ("svg", "symbol"):
            given = {k: value for k, value in attributes.items() if k in ("width", "height")}
        self.draw(original, state._replace(matrix=composed(state.matrix, shift(x, y))), given)

    def _add(self, name: str, attributes: Attributes, state: _State) -> None:
        drawn = rings(name, attributes, state.size, TOLERANCE / state.scale, self.budget)
        placed = [points(ring @ state.matrix[:2, :2].T + state.matrix[:2, 2]) for ring in drawn]
        region = filled(placed, state.rule, self.crossings)
        self.n_flat += region.is_empty
        if not region.is_empty:
            self.regions.append(region)
