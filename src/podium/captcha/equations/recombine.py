"""Augmentation of stored strips: assignments are replaced by those of other strips."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from podium.captcha.equations.grammar import LARGEST, VARIABLES
from podium.captcha.equations.strips import join_lines, line_gap

Pixels = NDArray[np.uint8]
Place = tuple[int, int]  # row of the strip, and number of the line


def split_lines(strip: Pixels, n_lines: int) -> list[Pixels] | None:
    """The lines that `strips.join_lines` laid side by side, as views, from left to right.

    Lines are separated at the widest runs of columns of nothing but paper, at least a gap wide;
    the paper has the colour of the first pixel. Paper above and below a line is cut off.

    Args:
        strip: (h, w, 3).
        n_lines: how many lines it shows.

    Returns:
        The lines (h', w', 3); None if the strip cannot be cut into exactly that many.
    """
    colour = strip[0, 0]
    blank = cast(Pixels, cv2.inRange(strip, colour, colour))
    columns = np.flatnonzero(blank.min(0) == 0)
    if n_lines < 1 or not columns.size:
        return None
    cuts = _widest(np.diff(columns), n_lines - 1, line_gap(len(strip)))
    if cuts is None:
        return None
    edges = [0, *(cut + 1 for cut in cuts), len(columns)]
    spans = [slice(columns[first], columns[last - 1] + 1) for first, last in pairwise(edges)]
    return [_trimmed(strip[:, span], blank[:, span]) for span in spans]


def _widest(steps: NDArray[np.int64], n: int, min_gap: int) -> list[int] | None:
    """Where the n widest steps are; None if that is a tie, or one is not above `min_gap`."""
    order = np.argsort(-steps, kind="stable")[: n + 1]
    widths = [*steps[order].tolist(), 0]
    if len(order) < n or (n and (widths[n - 1] <= min_gap or widths[n] == widths[n - 1])):
        return None
    return cast(list[int], np.sort(order[:n]).tolist())


def _trimmed(part: Pixels, blank: Pixels) -> Pixels:
    rows = np.flatnonzero(blank.min(1) == 0)
    return part[rows[0] : rows[-1] + 1]


class Recombination:
    """Replaces an assignment of a strip by one of another strip.

    Both assign the same variable, so that the expression still has a value. The levels of the
    borrowed line are shifted until its paper matches. No text becomes longer than the longest
    stored one, and a text that `rules.EquationRules` accepts stays one.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        """Index the variables that each strip assigns.

        Args:
            texts: of all stored strips (N,), lines joined by `;`. Strips with other texts than one
                or two assignments of different variables and an expression never change.
        """
        self._lines = [_lines_of(text) for text in texts]
        self._texts = texts
        self._longest = max(map(len, texts), default=0)
        self._places: dict[str, list[Place]] = {}
        for row, lines in enumerate(self._lines):
            for number, line in enumerate(lines[:-1]):
                self._places.setdefault(line[0], []).append((row, number))

    def batch(
        self, pixels: Pixels, rows: ArrayLike, share: float, rng: np.random.Generator
    ) -> tuple[Pixels, list[str]]:
        """Stored strips (B, h, w, 3), some of them recombined, and their texts (B,).

        Args:
            pixels: all stored strips (N, h, w, 3), in the order of the texts.
            rows: (B,), which of them.
            share: the probability that a strip is recombined, 0 to 1.
            rng: the source of all random numbers.
        """
        numbers = np.asarray(rows, dtype=np.int64).tolist()
        changes = (rng.random(len(numbers)) < share).tolist()
        strips, texts = pixels[numbers], [self._texts[row] for row in numbers]
        for k, row in enumerate(numbers):
            if changes[k]:
                strips[k], texts[k] = self.recombined(pixels, row, rng)
        return strips, texts

    def recombined(self, pixels: Pixels, row: int, rng: np.random.Generator) -> tuple[Pixels, str]:
        """One strip (h, w, 3) with an assignment of another strip, and its text.

        Two assignments swap places with probability 1/2. An assignment whose variable no other
        strip assigns is kept. If either strip cannot be cut into the lines of its text, or the
        new text is too long, the stored strip (a view) and its text are returned.

        Args:
            pixels: all stored strips (N, h, w, 3), in the order of the texts.
            row: which of them, from 0.
            rng: always asked for three numbers.
        """
        which, other, swap = rng.random(3).tolist()
        strip, lines = pixels[row], list(self._lines[row])
        parts = split_lines(strip, len(lines))
        if parts is None:
            return strip, self._texts[row]
        number = int(which * (len(lines) - 1))
        donor = self._donor((row, number), other)
        if donor is not None:
            part = self._borrowed(pixels, donor, strip[0, 0])
            if part is None:
                return strip, self._texts[row]
            parts[number], lines[number] = part, self._lines[donor[0]][donor[1]]
        if len(lines) > 2 and swap < 0.5:
            parts[:2], lines[:2] = parts[1::-1], lines[1::-1]
        text = ";".join(lines)
        if len(text) > self._longest:
            return strip, self._texts[row]
        return join_lines(parts, strip[0, 0].astype(np.float64), strip.shape[1::-1]), text

    def _donor(self, place: Place, uniform: float) -> Place | None:
        """The place of another assignment of the variable assigned at `place`; None without one."""
        places = self._places[self._lines[place[0]][place[1]][0]]
        chosen = int(uniform * (len(places) - 1))
        chosen += chosen >= bisect_left(places, place)
        return places[chosen] if len(places) > 1 else None

    def _borrowed(self, pixels: Pixels, place: Place, paper: Pixels) -> Pixels | None:
        """The assignment at `place`, shifted to `paper` (3,); None if it cannot be cut out."""
        row, number = place
        strip = pixels[row]
        parts = split_lines(strip, len(self._lines[row]))
        if parts is None:
            return None
        shift = paper.astype(np.int16) - strip[0, 0]
        return np.clip(parts[number] + shift, 0, 255).astype(np.uint8)


_ASSIGNMENT = re.compile(f"[{VARIABLES}]=(?:0|[1-9][0-9]{{0,{len(str(LARGEST)) - 2}}}|{LARGEST})")


def _lines_of(text: str) -> list[str]:
    """The lines of one or two assignments of different variables and an expression; else none."""
    *assignments, expression = text.split(";")
    names = {line[0] for line in assignments if _ASSIGNMENT.fullmatch(line)}
    fits = expression and len(names) == len(assignments) in (1, 2)
    return [*assignments, expression] if fits else []
