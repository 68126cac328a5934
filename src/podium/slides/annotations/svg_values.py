"""The values in SVG attributes, read strictly: numbers, lengths, transforms, viewBox.

SVG 1.1, sections 4.2 and 7.6 to 7.8. svgelements passes over what it cannot read, takes any count
of numbers and knows no limits, so every value is checked and written anew before it goes there.
"""

from __future__ import annotations

import re
from itertools import islice

import numpy as np
import svgelements
from numpy.typing import NDArray

from podium.slides.annotations.limits import MAX_COORDINATE, Budget, Unusable
from podium.slides.annotations.xml_events import Attributes

Matrix = NDArray[np.float64]  # (3, 3), for column vectors (x, y, 1)
Size = tuple[float, float]  # (w, h) in px

_MAX_SCALE = 1e18

NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
GAP = r"[\s,]*+"
_SINGLE_NUMBER = re.compile(NUMBER)
_NUMBERS = re.compile(rf"{GAP}(?:{NUMBER}{GAP})*+")
_LENGTH = re.compile(rf"\s*({NUMBER})\s*(px|pt|pc|mm|cm|in|%)?\s*")
_FUNCTION = re.compile(r"[\s,]*([A-Za-z]+)\s*\(([^()]*)\)[\s,]*")
_N_ARGUMENTS = {
    "matrix": (6,), "translate": (1, 2), "scale": (1, 2), "rotate": (1, 3), "skewX": (1,),
    "skewY": (1,),
}  # fmt: skip
_ASPECT = re.compile(r"(?:defer\s+)?(none|x(?:Min|Mid|Max)Y(?:Min|Mid|Max))(?:\s+(meet|slice))?")


def numbers(text: str, budget: Budget) -> NDArray[np.float64]:
    """The numbers (N,) of a list such as `1,2 3-4.5.5`, which means 1, 2, 3, -4.5, 0.5.

    Raises:
        Unusable: there is something else in it, one is too large, or `budget` is spent.
    """
    whole = _NUMBERS.match(text)
    end = whole.end() if whole else 0
    if end < len(text):
        raise Unusable(f"{text[end : end + 20]!r} where numbers are expected")
    matches = islice(_SINGLE_NUMBER.finditer(text), 2 * int(budget.left) + 2)  # more are refused
    values = np.fromiter((float(match[0]) for match in matches), np.float64)
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
