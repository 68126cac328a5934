"""SVG path data to rings: commands M L H V C S Q T A Z, absolute and relative (SVG 1.1, 8.3).

Points are complex numbers, x + iy. Curves become chords that stay within a tolerance of them.
"""

from __future__ import annotations

import re
from cmath import exp, phase, rect
from collections.abc import Iterator
from itertools import accumulate
from math import acos, ceil, pi, radians, sqrt

import numpy as np

from podium.slides.annotations.limits import Budget, Unusable
from podium.slides.annotations.regions import Points
from podium.slides.annotations.svg_values import NUMBER, numbers

_LETTERS = "MmLlHhVvCcSsQqTtAaZz"
# a letter and what follows it, as far as the same letter goes on: `L 1 2 L 3 4`, but not `M`
_RUN = re.compile(rf"([{_LETTERS}])([^{_LETTERS}]*+(?:(?![MmZz])\1[^{_LETTERS}]*+)*+)")
_N_NUMBERS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7}
_GAP = r"[\s,]*+"
# the flags of an arc need nothing between them: `5 5 0 01-3 4`
_ARC = re.compile(
    _GAP.join(["", *[f"((?>{NUMBER}))"] * 3, *["([01])"] * 2, *[f"((?>{NUMBER}))"] * 2, ""])
)
_MAX_CHORDS = 10_000  # of one curve


def rings(data: str, tolerance: float, budget: Budget) -> list[Points]:
    """The subpaths of a `d` attribute, each (N, 2), to be closed by a straight line.

    Args:
        data: the attribute.
        tolerance: how far a chord may lie from its curve, in the path's own units.
        budget: of points.

    Raises:
        Unusable: it is no path data, a number is too large, or `budget` is spent.
    """
    data = data.strip()
    if data and data[0] not in "Mm":
        raise Unusable(f"path data {data[:20]!r} do not begin with M")
    pen = _Pen(tolerance, budget)
    for run in _RUN.finditer(data):
        letter, text = run.groups()
        pen.command(letter, _arguments(letter, text.replace(letter, " "), budget))
    return [np.array(ring).view(np.float64).reshape(-1, 2) for ring in pen.rings]


def _arguments(letter: str, text: str, budget: Budget) -> list[float]:
    values = _arc_numbers(text, budget) if letter in "Aa" else numbers(text, budget)
    count = _N_NUMBERS.get(letter.upper(), 0)
    if (len(values) % count or not values) if count else values:
        raise Unusable(f"path command {letter} with {len(values)} numbers")
    return values


def _arc_numbers(text: str, budget: Budget) -> list[float]:
    found: list[float] = []
    at = 0
    while at < len(text):
        match = _ARC.match(text, at)
        if match is None:
            raise Unusable(f"{text[at : at + 20]!r} is no elliptical arc")
        found += numbers(" ".join(match.groups()), budget)
        at = match.end()
    return found


class _Pen:
    """Follows path commands; `rings` are the subpaths so far."""

    def __init__(self, tolerance: float, budget: Budget) -> None:
        self.rings: list[list[complex]] = []
        self.tolerance, self.budget = tolerance, budget
        self.at = self.start = 0j
        self.handle: tuple[str, complex] = ("", 0j)  # the last curve's kind, its last control point

    def command(self, letter: str, values: list[float]) -> None:
        """Do a command as often as there are numbers for it: `L 1 2 3 4` is two lines."""
        kind = letter.upper()
        if kind == "Z":
            self.at, self.handle = self.start, ("", 0j)
            self.rings.append([self.at])
            return
        count = _N_NUMBERS[kind]
        for first in range(0, len(values), count):
            if kind == "L":
                return self._lines(values[first:], letter.islower())
            origin = self.at if letter.islower() else 0j
            self._step(kind, values[first : first + count], origin)
            kind = "L" if kind == "M" else kind

    def _lines(self, values: list[float], relative: bool) -> None:
        corners = list(map(complex, values[::2], values[1::2]))
        if relative:
            corners = list(accumulate(corners, initial=self.at))[1:]
        self.rings[-1] += corners
        self.at, self.handle = corners[-1], ("", 0j)

    def _step(self, kind: str, values: list[float], origin: complex) -> None:
        if kind == "H":
            values = [values[0], self.at.imag - origin.imag]
        elif kind == "V":
            values = [self.at.real - origin.real, values[0]]
        *controls, end = [complex(*values[k - 2 : k]) + origin for k in _ends(kind, values)]
        if kind == "M":
            self.start = end
            self.rings.append([])
        handle: tuple[str, complex] = ("", 0j)
        if kind in "CSQT":
            handle = self._curve(kind, controls, end)
        elif kind == "A":
            self._extend(_arc(self.at, values, end, self.tolerance))
        else:
            self.rings[-1].append(end)
        self.at, self.handle = end, handle

    def _curve(self, kind: str, controls: list[complex], end: complex) -> tuple[str, complex]:
        family = "C" if kind in "CS" else "Q"
        if kind in "ST":  # the first control point mirrors the last one of the curve before
            in_scope = 2 * self.at - self.handle[1] if self.handle[0] == family else self.at
            controls = [in_scope, *controls]
        first, last = controls[0], controls[-1]
        if family == "Q":
            first, last = (self.at + 2 * first) / 3, (end + 2 * last) / 3
        self._extend(_cubic(self.at, first, last, end, self.tolerance))
        return family, controls[-1]

    def _extend(self, points: list[complex]) -> None:
        self.budget.spend(len(points))
        self.rings[-1] += points


def _ends(kind: str, values: list[float]) -> Iterator[int]:
    """Where the points of a command end among its numbers; an arc has its last point only."""
    return iter([7] if kind == "A" else range(2, len(values) + 1, 2))


def _cubic(
    start: complex, first: complex, last: complex, end: complex, tolerance: float
) -> list[complex]:
    """Points on a cubic Bézier curve after its start; how many: Wang's bound (1984)."""
    bend = max(abs(start - 2 * first + last), abs(first - 2 * last + end))
    n_chords = min(ceil(sqrt(0.75 * bend / tolerance)) or 1, _MAX_CHORDS)
    found = []
    for step in range(1, n_chords + 1):
        t = step / n_chords
        s = 1 - t
        found.append(s**3 * start + 3 * s * t * (s * first + t * last) + t**3 * end)
    return found


def _arc(start: complex, values: list[float], end: complex, tolerance: float) -> list[complex]:
    """Points on an elliptical arc after its start (SVG 1.1, F.6.5 and F.6.6)."""
    rx, ry, angle, large, sweep = abs(values[0]), abs(values[1]), *values[2:5]
    if start == end or not (rx and ry):
        return [end]
    turn = rect(1, radians(angle))
    half = (start - end) / 2 / turn
    begin = complex(half.real / rx, half.imag / ry)  # where the ellipse is the unit circle
    if (over := abs(begin)) > 1:
        rx, ry, begin = rx * over, ry * over, begin / over
    middle = -1j * begin * sqrt(max(1 / abs(begin) ** 2 - 1, 0)) * (1 if large != sweep else -1)
    angles = phase((-begin - middle) / (begin - middle)) % (2 * pi) - (0 if sweep else 2 * pi)
    chord = 2 * acos(1 - min(tolerance / max(rx, ry), 1))
    n_chords = min(ceil(abs(angles) / max(chord, 1e-9)), _MAX_CHORDS) or 1
    steps = (
        middle + (begin - middle) * exp(1j * angles * k / n_chords) for k in range(1, n_chords)
    )
    centre = (start + end) / 2
    return [complex(z.real * rx, z.imag * ry) * turn + centre for z in steps] + [end]
