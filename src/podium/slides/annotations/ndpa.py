"""Outlines in the `.ndpa` of Hamamatsu's NDP.view, brought to level-0 pixels.

`annotations/ndpviewstate/(title, annotation[@type]/pointlist/point/(x, y))`, in nanometres from an
origin that only the slide knows. The title of an outline is its class. Closed freehand outlines,
rectangles among them, and circles are regions; lines and pins have no area.
"""

from __future__ import annotations

import numpy as np
from shapely.geometry.base import BaseGeometry

from podium.core.strict_numbers import parse_number
from podium.slides.annotations.class_names import NO_CLASS
from podium.slides.annotations.frame import Frame
from podium.slides.annotations.limits import Budget, Unusable, points
from podium.slides.annotations.overlay import Crossings, merged
from podium.slides.annotations.regions import Drawn, Points
from podium.slides.annotations.winding import filled
from podium.slides.annotations.xml_events import Attributes, parse_events

_CORNERS = 128  # of a polygon in place of a circle


def read(data: bytes, frame: Frame) -> Drawn:
    """Return the regions in `data` by title, and notes.

    Raises:
        Unusable: it is no such XML, a coordinate cannot be read, or the slide of `frame` does not
            say where the origin lies.
    """
    document = _Document()
    parse_events(data, document, texts=True)
    titles, n_flat = dict[str, list[BaseGeometry]](), document.n_flat
    for title, ring in document.outlines:
        region = filled([points(frame.of_nanometres(ring))], crossings=document.crossings)
        n_flat += region.is_empty
        if not region.is_empty:
            titles.setdefault(title, []).append(region)
    parts = {title: merged(regions, document.crossings) for title, regions in titles.items()}
    return Drawn(parts, [], n_flat)


class _Document:
    """Collects (title, ring (N, 2) in nanometres) of the annotations as their elements pass."""

    def __init__(self) -> None:
        self.outlines: list[tuple[str, Points]] = []
        self.budget, self.crossings, self.n_flat = Budget(), Crossings(), 0
        self.title, self.kind, self.is_closed = NO_CLASS, "", True
        self.values: dict[str, list[float]] = {"x": [], "y": [], "radius": []}
        self.words = ""

    def start(self, name: str, attributes: Attributes) -> None:
        self.words = ""
        if name == "ndpviewstate":
            self.title = NO_CLASS
        elif name == "annotation":
            self.kind, self.is_closed = attributes.get("type", "freehand"), True
            self.values = {"x": [], "y": [], "radius": []}

    def text(self, words: str) -> None:
        self.words += words

    def end(self, name: str) -> None:
        words = self.words.strip()
        if name == "title":
            self.title = words or NO_CLASS
        elif name == "closed":
            self.is_closed = words != "0"
        elif name in self.values:
            self.budget.spend(1)
            self.values[name].append(_number(words))
        elif name == "annotation":
            self._take()

    def _take(self) -> None:
        x, y, radius = (self.values[name] for name in ("x", "y", "radius"))
        if len(x) != len(y):
            raise Unusable("a point lacks its x or y")
        ring = np.array([x, y]).T
        if self.kind == "circle" and radius and x:
            turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
            ring = ring[:1] + radius[0] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        elif self.kind != "freehand" or not self.is_closed:
            self.n_flat += 1
            return
        self.outlines.append((self.title, ring))


def _number(words: str) -> float:
    try:
        return parse_number(words.replace(",", "."))
    except ValueError as error:
        raise Unusable(f"a point {error}") from None
