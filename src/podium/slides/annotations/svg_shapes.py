"""SVG attributes read strictly, and shapes turned into rings of points by svgelements.

svgelements passes over what it cannot read (`points="1,2 x,3"` loses a point), takes any count of
numbers and knows no limits. So every value is checked and written anew before it goes there: SVG
1.1, sections 4.2 (lengths), 7.6 to 7.8 (transforms, viewBox) and 8.3 (path data).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import acos, ceil, sqrt
from typing import Any

import numpy as np
import svgelements
from numpy.typing import NDArray

from podium.slides.annotations.limits import MAX_COORDINATE, Budget, Unusable
from podium.slides.annotations.regions import Points
from podium.slides.annotations.xml_events import Attributes

Matrix = NDArray[np.float64]  # (3, 3), for column vectors (x, y, 1)
Size = tuple[float, float]  # (w, h) in px

SHAPES = {"polygon", "polyline", "path", "rect", "circle", "ellipse"}
MAX_SEGMENTS = 500_000  # of one path: some seconds and 400 MB of svgelements' objects
_MAX_CHORDS = 10_000  # of one curve
_MAX_SCALE = 1e18

_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_GAP = r"[\s,]*+"
_ONE_NUMBER = re.compile(_NUMBER)
_NUMBERS = re.compile(rf"{_GAP}(?:{_NUMBER}{_GAP})*+")
_LENGTH = re.compile(rf"\s*({_NUMBER})\s*(px|pt|pc|mm|cm|in|%)?\s*")
_FUNCTION = re.compile(r"[\s,]*([A-Za-z]+)\s*\(([^()]*)\)[\s,]*")
_N_ARGUMENTS = {
    "matrix": (6,), "translate": (1, 2), "scale": (1, 2), "rotate": (1, 3), "skewX": (1,),
    "skewY": (1,),
}  # fmt: skip
_ASPECT = re.compile(r"(?:defer\s+)?(none|x(?:Min|Mid|Max)Y(?:Min|Mid|Max))(?:\s+(meet|slice))?")
_COMMAND = re.compile(r"([MLHVCSQTAZ])([^MLHVCSQTAZ]*+)", re.IGNORECASE)
_N_NUMBERS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_FAMILY = {"S": ("C", "S"), "T": ("Q", "T")}  # the curves whose last control point S and T mirror
# the flags of an arc need nothing between them: `5 5 0 01-3 4`
_ARC = re.compile(
    _GAP.join(["", *[f"((?>{_NUMBER}))"] * 3, *["([01])"] * 2, *[f"((?>{_NUMBER}))"] * 2, ""])
)


def numbers(text: str, budget: Budget) -> NDArray[np.float64]:
    """The numbers (N,) of a list such as `1,2 3-4.5.5`, which means 1, 2, 3, -4.5, 0.5.

    Raises:
        Unusable: there is something else in it, one is too large, or `budget` is spent.
    """
    match = _NUMBERS.match(text)
    end = match.end() if match else 0
    if end < len(text):
        raise Unusable(f"{text[end : end + 20]!r} where numbers are expected")
    values = np.fromiter((float(number[0]) for number in _ONE_NUMBER.finditer(text)), np.float64)
    if not (np.abs(values) < MAX_COORDINATE).all():
        raise Unusable(f"a number is not finite or beyond {MAX_COORDINATE:.0e}")
    budget.spend(len(values) / 2)
    return values


def length(attributes: Attributes, name: str, whole: float, default: float = 0.0) -> float:
    """A length in px; 96 px are an inch.

    Args:
        attributes: of the element.
        name: of the attribute.
        whole: how many px are 100 %.
        default: where the attribute is missing or `auto`.

    Raises:
        Unusable: it is no length, too long, or in a unit that depends on a font.
    """
    text = attributes.get(name, "auto")
    if text.strip() == "auto":
        return default
    match = _LENGTH.fullmatch(text)
    if match is None or abs(float(match[1])) >= MAX_COORDINATE:
        raise Unusable(f"{name}={text[:20]!r} is no length in px")
    plain = svgelements.Length(f"{float(match[1])!r}{match[2] or 'px'}")
    return float(plain.value(ppi=96, relative_length=whole))


def composed(*matrices: Matrix) -> Matrix:
    """The matrix (3, 3), float64, that applies the last of `matrices` (3, 3) first.

    Raises:
        Unusable: it is not finite or scales beyond all measure.
    """
    product = np.eye(3)
    for matrix in matrices:
        product = product @ matrix
        if not (np.abs(product) < _MAX_SCALE).all():
            raise Unusable(f"its transforms overflow: they scale beyond {_MAX_SCALE:.0e}")
    return product


def shift(x: float, y: float) -> Matrix:
    """The matrix (3, 3), float64, that moves by (x, y)."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], dtype=np.float64)


def transform(text: str) -> Matrix:
    """The matrix (3, 3), float64, of a `transform`; the function written last is applied first.

    Raises:
        Unusable: a function SVG 1.1 does not have, with a wrong count of numbers, or an overflow.
    """
    functions, at = "", 0
    while at < len(text):
        match = _FUNCTION.match(text, at)
        values = numbers(match[2], Budget()).tolist() if match else []
        if match is None or len(values) not in _N_ARGUMENTS.get(match[1], ()):
            raise Unusable(f"transform {text[at : at + 40]!r} is none that SVG 1.1 has")
        functions += f"{match[1]}({','.join(map(repr, values))})"
        at = match.end()
    return _matrix(functions)


def _matrix(functions: str) -> Matrix:
    m = svgelements.Matrix(functions)
    return composed(np.array([[m.a, m.c, m.e], [m.b, m.d, m.f], [0, 0, 1]], dtype=np.float64))


def view(box: NDArray[np.float64], size: Size, aspect: str) -> Matrix:
    """The matrix (3, 3), float64, from a viewBox to a viewport whose corner is (0, 0).

    Args:
        box: (4,), x, y, width and height of the viewBox.
        size: (w, h) of the viewport.
        aspect: preserveAspectRatio.

    Raises:
        Unusable: the viewBox has no area, or `aspect` is no preserveAspectRatio.
    """
    if len(box) != 4 or min(box[2:]) <= 0:
        raise Unusable("its viewBox is not four numbers with a width and a height")
    match = _ASPECT.fullmatch(aspect.strip())
    if match is None:
        raise Unusable(f"preserveAspectRatio={aspect[:30]!r} is none that SVG 1.1 has")
    fit = f"{match[1]} {match[2] or 'meet'}"
    return _matrix(svgelements.Viewbox.viewbox_transform(0, 0, *size, *box.tolist(), fit))


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
    try:
        return _flattened(svgelements.Path(plain), tolerance, budget)
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
