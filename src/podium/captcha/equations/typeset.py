"""Lines of an equation set in type: which glyph stands where, in ems, before anything is drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from podium.captcha.fonts import load_font

EM = 48  # pixels per em of the glyphs that are kept
BAR = "bar"  # stands for the line of a fraction among glyphs
_SMALL = 0.88  # size of what is over and under a fraction's line
_LIFT = 0.38  # ems from the base line up to the line of a fraction
_APART = 0.13  # ems between that line and what is above and below
_FRACTION = re.compile(r"(\D)/(\d+)")


@dataclass(frozen=True)
class Glyph:
    """A character of a font, at EM pixels per em.

    Attributes:
        coverage: (h, w) uint8, 255 = all ink, cut to the ink, with a blank frame of one pixel.
        left: from the pen to the first column of ink, ems.
        top: from the base line up to the first row of ink, ems.
        advance: of the pen, ems.
        hull: (n, 2) corners of the ink, x and y from -0.5 to 0.5 of its box.
    """

    coverage: NDArray[np.uint8]
    left: float
    top: float
    advance: float
    hull: NDArray[np.float64]

    @property
    def size(self) -> tuple[float, float]:
        """Of the ink (w, h), ems."""
        h, w = self.coverage.shape
        return (w - 2) / EM, (h - 2) / EM


@lru_cache(maxsize=1024)
def glyph(font: str, character: str) -> Glyph:
    """The glyph of a character; raises what `load_font` raises."""
    face = load_font(font, EM)
    page = Image.new("L", (3 * EM, 3 * EM))
    ImageDraw.Draw(page).text((EM, 2 * EM), character, font=face, fill=255, anchor="ls")
    box = page.getbbox() or (EM, EM, EM + 1, EM + 1)
    coverage = np.pad(np.asarray(page.crop(box)), 1)
    return Glyph(
        coverage,
        box[0] / EM - 1,
        2 - box[1] / EM,
        face.getlength(character) / EM,
        _hull(coverage[1:-1, 1:-1]),
    )


def _hull(coverage: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Corners (n, 2), from -0.5 to 0.5, of the ink of a glyph (h, w)."""
    y, x = np.nonzero(coverage > _TRACE)
    pixels = np.stack([x, y], axis=1)
    ends = np.concatenate([pixels + (dx, dy) for dx in (0, 1) for dy in (0, 1)]).astype(np.int32)
    hull = cv2.convexHull(ends).reshape(-1, 2)
    return hull / coverage.shape[::-1] - 0.5


_TRACE = 64  # of 255: less coverage is no part of the shape
SQUARE = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])  # hull of BAR


@dataclass(frozen=True)
class Placed:
    """A character of a line, or BAR.

    Attributes:
        character: what it is.
        box: x0, y0, x1, y1 of its ink, ems; x from the line's start, y downwards from its base.
    """

    character: str
    box: tuple[float, float, float, float]


def typeset(text: str, font: str, thickness: float) -> list[Placed]:
    """The glyphs of a line, from left to right; a fraction from top to bottom.

    Args:
        text: the line. `流/35864` is drawn as a fraction.
        font: name in `podium.captcha.fonts`.
        thickness: of a fraction's line, ems.
    """
    placed: list[Placed] = []
    pen, end = 0.0, 0
    for fraction in _FRACTION.finditer(text):
        pen = _row(placed, text[end : fraction.start()], font, pen, 1.0)
        pen = _fraction(placed, fraction[1], fraction[2], font, pen, thickness)
        end = fraction.end()
    _row(placed, text[end:], font, pen, 1.0)
    return placed


def _row(placed: list[Placed], text: str, font: str, pen: float, scale: float) -> float:
    """Append the glyphs of `text` at a pen; the pen after them."""
    for character in text:
        one = glyph(font, character)
        w, h = one.size
        x, y = pen + one.left * scale, -one.top * scale
        placed.append(Placed(character, (x, y, x + w * scale, y + h * scale)))
        pen += one.advance * scale
    return pen


def _fraction(
    placed: list[Placed], upper: str, lower: str, font: str, pen: float, thickness: float
) -> float:
    """Append a fraction; the pen after it."""
    widths = [
        _SMALL * sum(glyph(font, character).advance for character in part)
        for part in (upper, lower)
    ]
    wide = max(widths) + 0.2
    start = pen + 0.1
    bar = (start, -_LIFT - thickness / 2, start + wide, -_LIFT + thickness / 2)
    parts: list[list[Placed]] = [[], []]
    for row, part, width in zip(parts, (upper, lower), widths, strict=True):
        _row(row, part, font, start + (wide - width) / 2, _SMALL)
    above = bar[1] - _APART - max(one.box[3] for one in parts[0])
    below = bar[3] + _APART - min(one.box[1] for one in parts[1])
    placed.extend(_lowered(one, above) for one in parts[0])
    placed.append(Placed(BAR, bar))
    placed.extend(_lowered(one, below) for one in parts[1])
    return start + wide + 0.1


def _lowered(one: Placed, by: float) -> Placed:
    x0, y0, x1, y1 = one.box
    return Placed(one.character, (x0, y0 + by, x1, y1 + by))


def extent(placed: list[Placed]) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 of the ink of glyphs, ems."""
    boxes = np.array([one.box for one in placed])
    return (*boxes[:, :2].min(0).tolist(), *boxes[:, 2:].max(0).tolist())
