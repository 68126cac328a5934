"""The values in SVG attributes: numbers, lengths, transforms, viewBox (SVG 1.1, 4.2, 7.6-7.8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import cos, radians, sin, tan

import numpy as np
from numpy.typing import NDArray

from podium.slides.annotations.limits import MAX_COORDINATE, Budget, Unusable
from podium.slides.annotations.xml_events import Attributes

Matrix = NDArray[np.float64]  # (3, 3), for column vectors (x, y, 1)

NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_NUMBER = re.compile(NUMBER)
_GAP = re.compile(r"[\s,]+")
_PIECE = 2**20  # characters of a list looked at together
_LENGTH = re.compile(rf"\s*({NUMBER})\s*(px|pt|pc|mm|cm|in|%)?\s*")
_PX = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}  # CSS 2.1
_CALL = re.compile(r"[\s,]*([A-Za-z]+)\s*\(([^()]*)\)[\s,]*")
_ALIGN = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}


def numbers(text: str, budget: Budget) -> list[float]:
    """The numbers of a list such as `1,2 3-4.5.5`, which means 1, 2, 3, -4.5, 0.5.

    Raises:
        Unusable: there is something else in it, one is too large, or `budget` is spent.
    """
    found: list[float] = []
    for part in _parts(text):
        values = _numbers(part)
        if not all(-MAX_COORDINATE < value < MAX_COORDINATE for value in values):
            raise Unusable(f"a number is not finite or beyond {MAX_COORDINATE:.0e}")
        budget.spend(len(values) / 2)
        found += values
    return found


def _parts(text: str) -> Iterator[str]:
    """`text` in pieces, so that a budget is spent before the memory is."""
    start = 0
    while len(text) - start > _PIECE:
        gap = _GAP.search(text, start + _PIECE)
        stop = gap.start() if gap else len(text)
        yield text[start:stop]
        start = stop
    yield text[start:]


def _numbers(text: str) -> list[float]:
    try:
        if "_" not in text:  # which Python takes for a part of a number
            return list(map(float, text.replace(",", " ").split()))
    except ValueError:
        pass
    if rest := _GAP.sub("", _NUMBER.sub(" ", text)):
        raise Unusable(f"{rest[:20]!r} where numbers are expected")
    return list(map(float, _NUMBER.findall(text)))


def length(attributes: Attributes, name: str, whole: float, default: float = 0.0) -> float:
    """A length in px; units of print are taken at 96 px an inch, percents of `whole`.

    Raises:
        Unusable: it is no length, or in a unit that depends on a font.
    """
    text = attributes.get(name)
    if text is None or text.strip() == "auto":
        return default
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise Unusable(f"{name}={text[:20]!r} is no length in px")
    value, unit = float(match[1]), match[2] or "px"
    return value * (whole / 100 if unit == "%" else _PX[unit])


def matrix(a: float, b: float, c: float, d: float, e: float, f: float) -> Matrix:
    """The matrix of x -> a x + c y + e, y -> b x + d y + f, in SVG's order of the six."""
    return np.array([[a, c, e], [b, d, f], [0, 0, 1]], dtype=np.float64)


def _rotation(angle: float, x: float = 0.0, y: float = 0.0) -> Matrix:
    """Clockwise on a screen by `angle` degrees about (x, y)."""
    c, s = cos(radians(angle)), sin(radians(angle))
    return matrix(c, s, -s, c, x - c * x + s * y, y - s * x - c * y)


_TRANSFORMS: dict[tuple[str, int], Callable[..., Matrix]] = {  # by name and count of numbers
    ("matrix", 6): matrix,
    ("translate", 1): lambda x: matrix(1, 0, 0, 1, x, 0),
    ("translate", 2): lambda x, y: matrix(1, 0, 0, 1, x, y),
    ("scale", 1): lambda x: matrix(x, 0, 0, x, 0, 0),
    ("scale", 2): lambda x, y: matrix(x, 0, 0, y, 0, 0),
    ("rotate", 1): _rotation,
    ("rotate", 3): _rotation,
    ("skewX", 1): lambda angle: matrix(1, 0, tan(radians(angle)), 1, 0, 0),
    ("skewY", 1): lambda angle: matrix(1, tan(radians(angle)), 0, 1, 0, 0),
}


def transform(text: str) -> Matrix:
    """The matrix of a `transform` attribute; the function written last is applied first.

    Raises:
        Unusable: a function SVG 1.1 does not have, or with a wrong count of numbers.
    """
    found, at = np.eye(3), 0
    while at < len(text):
        match = _CALL.match(text, at)
        values = numbers(match[2], Budget()) if match else []
        made = _TRANSFORMS.get((match[1], len(values))) if match else None
        if match is None or made is None:
            raise Unusable(f"transform {text[at : at + 40]!r} is none that SVG 1.1 has")
        found, at = found @ made(*values), match.end()
    return found


def view(box: list[float], size: tuple[float, float], aspect: str) -> Matrix:
    """The matrix from a viewBox to a viewport of `size` = (w, h) whose corner is (0, 0).

    Raises:
        Unusable: the viewBox has no area, or `aspect` is no preserveAspectRatio.
    """
    if len(box) != 4 or min(box[2:]) <= 0:
        raise Unusable("its viewBox is not four numbers with a width and a height")
    x, y, width, height = box
    scale_x, scale_y = size[0] / width, size[1] / height
    align, _, fit = aspect.removeprefix("defer").strip().partition(" ")
    at_x = at_y = 0.0
    if align != "none":
        match = re.fullmatch("x(Min|Mid|Max)Y(Min|Mid|Max)", align)
        if match is None:
            raise Unusable(f"preserveAspectRatio={aspect[:30]!r} is none that SVG 1.1 has")
        at_x, at_y = _ALIGN[match[1]], _ALIGN[match[2]]
        scale_x = scale_y = (max if fit.strip() == "slice" else min)(scale_x, scale_y)
    spare = size[0] - width * scale_x, size[1] - height * scale_y
    to_x, to_y = at_x * spare[0] - x * scale_x, at_y * spare[1] - y * scale_y
    return matrix(scale_x, 0, 0, scale_y, to_x, to_y)
