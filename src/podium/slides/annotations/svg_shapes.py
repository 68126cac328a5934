"""SVG shapes turned into rings of points: the path data of SVG 1.1, section 8.3, by svgelements.

Path data are checked and written anew first: svgelements stops at what it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import acos, ceil, sqrt
from typing import Any

import numpy as np
import svgelements

from podium.slides.annotations.limits import Budget, Unusable
from podium.slides.annotations.regions import Points
from podium.slides.annotations.svg_values import GAP, NUMBER, Size, length, numbers
from podium.slides.annotations.xml_events import Attributes

SHAPES = {"polygon", "polyline", "path", "rect", "circle", "ellipse"}
MAX_SEGMENTS = 500_000  # of a path: some seconds and 400 MB of svgelements' objects
_MAX_CHORDS = 10_000  # of a curve

_COMMAND = re.compile(r"([MLHVCSQTAZ])([^MLHVCSQTAZ]*+)", re.IGNORECASE)
_N_NUMBERS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_FAMILY = {"S": ("C", "S"), "T": ("Q", "T")}  # the curves whose last control point S and T mirror
# the flags of an arc need nothing between them: `5 5 0 01-3 4`
_ARC = re.compile(
    GAP.join(["", *[f"((?>{NUMBER}))"] * 3, *["([01])"] * 2, *[f"((?>{NUMBER}))"] * 2, ""])
)


def rings(
    name: str, attributes: Attributes, size: Size, tolerance: float, budget: Budget
) -> list[Points]:
    """The rings (N, 2) of a shape, in its own units, each to be closed by a straight line.

    Args:
        name: of the element, one of `SHAPES`.
        attributes: of the element.
        size: (w, h) of the viewport, which percentages refer to.
        tolerance: how far a chord may lie from its curve, in the shape's own units.
        budget: of points.

    Raises:
        Unusable: a value cannot be read, a curve cannot be followed, or `budget` is spent.
    """
    if name in ("polygon", "polyline"):
        values = numbers(attributes.get("points", ""), budget)
        if len(values) % 2:
            raise Unusable(f"a {name} has {len(values)} coordinates, an odd number")
        return [values.reshape(-1, 2)]
    if name == "path":
        return path_rings(attributes.get("d", ""), tolerance, budget)
    shape = _rect(attributes, size) if name == "rect" else _ellipse(attributes, size)
    with _refused_overflow():
        return _flattened(shape.segments(transformed=False), tolerance, budget)


def path_rings(data: str, tolerance: float, budget: Budget) -> list[Points]:
    """The subpaths of a `d` attribute, each (N, 2), to be closed by a straight line.

    Args:
        data: the attribute.
        tolerance: how far a chord may lie from its curve, in the path's own units.
        budget: of points.

    Raises:
        Unusable: it is no path data, has too many segments, a number is too large or an arc's radii
            too small, or `budget` is spent.
    """
    plain = _plain_data(data.strip(), budget)
    with _refused_overflow():
        return _flattened(svgelements.Path(plain), tolerance, budget)


@contextmanager
def _refused_overflow() -> Iterator[None]:
    try:
        yield
    except (ArithmeticError, ValueError):
        raise Unusable("an arc overflows: its radii are too small or too large") from None


def _plain_data(data: str, budget: Budget) -> str:
    """Path data that svgelements reads as SVG 1.1 means it, one blank between all parts."""
    if data and data[0] not in "Mm":
        raise Unusable(f"path data {data[:20]!r} do not begin with M")
    _refuse_many(sum(map(data.upper().count, _N_NUMBERS)))
    parts: list[str] = []
    n_segments, last = 0, ""
    for letter, text in (match.groups() for match in _COMMAND.finditer(data)):
        kind = letter.upper()
        values = _arguments(letter, text, budget)
        n_segments += len(values) // _N_NUMBERS[kind] if values else 1
        _refuse_many(n_segments)
        if last == "Z" and kind != "M":
            parts.append("m0 0")  # svgelements looks back for the start of every z
        elif last not in _FAMILY.get(kind, (last,)):
            parts.append("h0")  # svgelements mirrors the control point of any curve
        parts += [letter, *map(repr, values)]
        last = kind
    return " ".join(parts)


def _refuse_many(n_segments: int) -> None:
    if n_segments > MAX_SEGMENTS:
        raise Unusable(f"a path has more than {MAX_SEGMENTS:,} segments", "simplify the outlines")


def _arguments(letter: str, text: str, budget: Budget) -> list[float]:
    values = _arc_numbers(text, budget) if letter in "Aa" else numbers(text, budget).tolist()
    count = _N_NUMBERS[letter.upper()]
    if (len(values) % count or not values) if count else values:
        raise Unusable(f"path command {letter} with {len(values)} numbers")
    return values


def _arc_numbers(text: str, budget: Budget) -> list[float]:
    values: list[float] = []
    at = 0
    while at < len(text):
        match = _ARC.match(text, at)
        if match is None:
            raise Unusable(f"{text[at : at + 20]!r} is no elliptical arc")
        rx, ry, angle, large, sweep, x, y = numbers(" ".join(match.groups()), budget).tolist()
        values += [rx, ry, angle, int(large), int(sweep), x, y]
        at = match.end()
    return values


def _rect(attributes: Attributes, size: Size) -> Any:
    x, w = (length(attributes, name, size[0]) for name in ("x", "width"))
    y, h = (length(attributes, name, size[1]) for name in ("y", "height"))
    radii = length(attributes, "rx", size[0], -1), length(attributes, "ry", size[1], -1)
    rx, ry = (None if radius < 0 else radius for radius in radii)
    return svgelements.Rect(x, y, w, h, rx, ry)


def _ellipse(attributes: Attributes, size: Size) -> Any:
    """A circle or an ellipse."""
    x, y = length(attributes, "cx", size[0]), length(attributes, "cy", size[1])
    r = length(attributes, "r", float(np.hypot(*size) / np.sqrt(2)))
    rx, ry = length(attributes, "rx", size[0], r), length(attributes, "ry", size[1], r)
    return svgelements.Ellipse(x, y, abs(rx), abs(ry))


def _flattened(segments: Iterable[Any], tolerance: float, budget: Budget) -> list[Points]:
    """The rings (N, 2) of svgelements' segments, curves as chords."""
    rings: list[list[list[float]]] = []
    for segment in segments:
        if isinstance(segment, svgelements.Close):
            continue
        if isinstance(segment, svgelements.Move):
            rings.append([])
        n_chords = _n_chords(segment, tolerance)
        if n_chords == 1:
            rings[-1].append([segment.end.x, segment.end.y])
        else:
            budget.spend(n_chords)
            rings[-1] += segment.npoint(np.arange(1, n_chords + 1) / n_chords).tolist()
    return [np.array(ring, dtype=np.float64).reshape(-1, 2) for ring in rings]


def _n_chords(segment: Any, tolerance: float) -> int:
    """How many chords keep within `tolerance` of a segment; Bézier curves: Wang's bound (1984)."""
    if isinstance(segment, svgelements.Arc) and segment.sweep:
        chord = 2 * acos(1 - min(tolerance / max(segment.rx, segment.ry), 1))
        n_chords = abs(segment.sweep) / max(chord, 1e-9)
    elif isinstance(segment, svgelements.CubicBezier | svgelements.QuadraticBezier):
        controls = np.array([(point.x, point.y) for point in segment])
        bend = np.hypot(*np.diff(controls, 2, axis=0).T).max()
        degree = len(controls) - 1
        n_chords = sqrt(degree * (degree - 1) / 8 * bend / tolerance)
    else:
        return 1
    return min(max(ceil(n_chords), 1), _MAX_CHORDS)
