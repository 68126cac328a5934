"""Typesetting: where each glyph of a line stands, in ems, before anything is drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from podium.captcha.fonts import load_font

EM = 48  # pixels per em of the rasterised glyphs
BAR = "bar"  # the line of a fraction, among characters
_SMALL = 0.88  # size of numerator and denominator
_LIFT = 0.38  # ems from the base line up to the line of a fraction
_GAP = 0.13  # ems between that line and the numerator, and the denominator
_FRACTION = re.compile(r"(\D)/(\d+)")


@dataclass(frozen=True)
class Glyph:
    """A character of a font, rasterised at EM pixels per em.

    Attributes:
        coverage: (h, w) uint8, 255 = all ink, cut to the ink, with a blank frame of one pixel.
        left: from the pen to the first column of ink, ems.
        top: from the base line up to the first row of ink, ems.
        advance: how far the pen moves, ems.
        hull: (n, 2) x, y of the convex hull of the ink, from -0.5 to 0.5 of its box.
    """

    coverage: NDArray[np.uint8]
    left: float
    top: float
    advance: float
    hull: NDArray[np.float64]

    @property
    def size(self) -> tuple[float, float]:
        """(w, h) of the ink, ems."""
        h, w = self.coverage.shape
        return (w - 2) / EM, (h - 2) / EM


@lru_cache(maxsize=1024)
def glyph(font: str, character: str) -> Glyph:
    """The glyph of a character; raises the errors of `load_font`."""
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
    """The convex hull (n, 2), from -0.5 to 0.5, of the ink of a glyph (h, w)."""
    y, x = np.nonzero(coverage > _TRACE)
    pixels = np.stack([x, y], axis=1)
    ends = np.concatenate([pixels + (dx, dy) for dx in (0, 1) for dy in (0, 1)]).astype(np.int32)
    hull = cv2.convexHull(ends).reshape(-1, 2)
    return hull / coverage.shape[::-1] - 0.5


_TRACE = 64  # of 255: pixels with less coverage do not count as ink
SQUARE = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])  # hull of BAR


@dataclass(frozen=True)
class PlacedGlyph:
    """A glyph of a line, or its BAR, at its place.

    Attributes:
        character: the character, or BAR.
        box: x0, y0, x1, y1 of its ink, ems; x from the line's start, y downwards from its base.
    """

    character: str
    box: tuple[float, float, float, float]


def typeset(text: str, font: str, thickness: float) -> list[PlacedGlyph]:
    """The placed glyphs of a line, from left to right; those of a fraction from top to bottom.

    Args:
        text: the line. `流/35864` is drawn as a fraction.
        font: name in `podium.captcha.fonts`.
        thickness: of the line of a fraction, ems.
    """
    placed: list[PlacedGlyph] = []
    pen, end = 0.0, 0
    for fraction in _FRACTION.finditer(text):
        pen = _row(placed, text[end : fraction.start()], font, pen, 1.0)
        pen = _fraction(placed, fraction[1], fraction[2], font, pen, thickness)
        end = fraction.end()
    _row(placed, text[end:], font, pen, 1.0)
    return placed


def _row(placed: list[PlacedGlyph], text: str, font: str, pen: float, scale: float) -> float:
    """Append the glyphs of `text` from x = `pen` on; return the pen after them."""
    for character in text:
        drawn = glyph(font, character)
        w, h = drawn.size
        x, y = pen + drawn.left * scale, -drawn.top * scale
        placed.append(PlacedGlyph(character, (x, y, x + w * scale, y + h * scale)))
        pen += drawn.advance * scale
    return pen


def _fraction(
    placed: list[PlacedGlyph], upper: str, lower: str, font: str, pen: float, thickness: float
) -> float:
    """Append a fraction from x = `pen` on; return the pen after it."""
    widths = [
        _SMALL * sum(glyph(font, character).advance for character in part)
        for part in (upper, lower)
    ]
    wide = max(widths) + 0.2
    start = pen + 0.1
    bar = (start, -_LIFT - thickness / 2, start + wide, -_LIFT + thickness / 2)
    parts: list[list[PlacedGlyph]] = [[], []]
    for row, part, width in zip(parts, (upper, lower), widths, strict=True):
        _row(row, part, font, start + (wide - width) / 2, _SMALL)
    above = bar[1] - _GAP - max(part.box[3] for part in parts[0])
    below = bar[3] + _GAP - min(part.box[1] for part in parts[1])
    placed.extend(_lowered(part, above) for part in parts[0])
    placed.append(PlacedGlyph(BAR, bar))
    placed.extend(_lowered(part, below) for part in parts[1])
    return start + wide + 0.1


def _lowered(part: PlacedGlyph, by: float) -> PlacedGlyph:
    x0, y0, x1, y1 = part.box
    return PlacedGlyph(part.character, (x0, y0 + by, x1, y1 + by))


def extent(placed: list[PlacedGlyph]) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 around the ink of all glyphs, ems."""
    boxes = np.array([part.box for part in placed])
    return (*boxes[:, :2].min(0).tolist(), *boxes[:, 2:].max(0).tolist())
