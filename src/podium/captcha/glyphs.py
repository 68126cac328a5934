"""Glyphs of each font, size and character, rasterised once, ready to be resampled anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from podium.captcha.fonts import load_font
from podium.captcha.style import Cell, Style
from podium.core.errors import SettingsError

FINE = 4  # samples per pixel and axis of a shaded glyph; the nearest one is taken
OUTSIDE = -1e6  # surrounds a bicubic glyph: any share of it makes a mixture negative, thus blank


@dataclass(frozen=True)
class Glyph:
    """One character of one font.

    Attributes:
        box: (w, h) of its ink, pixels; (0, 0) for a blank.
        cell: (w, h) of the cell it is stretched into: from the pen to its right and lower edge.
        shade: for a bicubic style the coverage at every half pixel of the box, 255 = all, framed
            by OUTSIDE: (2w + 3, 2h + 3) float32. For other styles the strength of the colour, 255
            = full, with FINE samples per pixel and axis: (FINE * w, FINE * h) uint8.
    """

    box: tuple[int, int]
    cell: tuple[int, int]
    shade: NDArray[Any]


@dataclass(frozen=True)
class Table:
    """The glyphs of C characters in F combinations of font and size; the last one is the blank.

    Attributes:
        number: character -> row.
        glyphs: C rows of F glyphs.
        box: (C, F, 2) as `Glyph.box`.
        cell: (C, F, 2) as `Glyph.cell`.
    """

    number: dict[str, int]
    glyphs: list[list[Glyph]]
    box: NDArray[np.int64]
    cell: NDArray[np.int64]


@lru_cache(maxsize=16)
def table(style: Style, alphabet: str) -> Table:
    """The glyphs of `alphabet` in `style`; raises the errors of `glyph`."""
    shapes = range(style.n_shapes)
    faces = [(font, px, n) for font in style.fonts for px in style.font_sizes for n in shapes]
    rows = [
        [glyph(font, px, char, style.bicubic, style.cell(char, n)) for font, px, n in faces]
        for char in alphabet + " "
    ]
    return Table(
        {character: row for row, character in enumerate(alphabet + " ")},
        rows,
        np.array([[glyph.box for glyph in row] for row in rows]),
        np.array([[glyph.cell for glyph in row] for row in rows]),
    )


def glyph(font: str, size: int, character: str, bicubic: bool, shape: Cell | None = None) -> Glyph:
    """The glyph of `character`.

    Args:
        font: a name in `podium.captcha.fonts`.
        size: pixels per em.
        character: one character.
        bicubic: whether the glyph is for a bicubic style.
        shape: the cell it is stretched into; None for that of its font.

    Raises:
        SettingsError: the font does not have the character.
        EnvironmentFault: the font is missing.
    """
    face = load_font((shape.font if shape else "") or font, size)
    if character != " " and bytes(face.getmask(character)) == bytes(face.getmask(_MISSING)):
        raise SettingsError(
            f"font {font} has no character {character!r}\n"
            "remedy: take it out of the alphabet of params.yaml"
        )
    if shape:
        cell = int(shape.width * size), int(shape.height * size)
    else:
        pen = ImageDraw.Draw(Image.new("RGB", (1, 1)))
        _, _, right, lower = pen.multiline_textbbox((1, 1), character, font=face)
        cell = int(right), int(lower)
    page = Image.new("L", (2 * size, 2 * size))
    ImageDraw.Draw(page).text((0, 0), character, font=face, fill=255)
    inked = page.getbbox()
    if inked is None:
        return Glyph((0, 0), cell, np.zeros((1, 1), dtype=np.uint8))
    coverage = np.asarray(page.crop(inked), dtype=np.float64).T / 255
    if shape and shape.upside_down:
        coverage = coverage[:, ::-1]
    if shape and shape.trim:
        coverage = _trimmed(coverage, shape.trim)
    box = coverage.shape[0], coverage.shape[1]
    return Glyph(box, cell, _framed(coverage) if bicubic else _shade(coverage))


_MISSING = "\uffff"  # in no font: drawn as the placeholder for characters that a font lacks


def _trimmed(coverage: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Coverage (w, h) without a share of it at each edge."""
    x, y = (round(share * side) for side in coverage.shape)
    return coverage[x : len(coverage) - x, y : coverage.shape[1] - y]


def _shade(coverage: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The colour strength of a glyph with coverage (w, h) in [0, 1], FINE samples per pixel.

    The package pastes by the colour of a pixel and ignores its opacity. Today's Pillow gives any
    inked pixel the full colour: see `paint.blank_below`. The Pillow of the arithmetic competition
    gave an edge of coverage c both c times the colour and c times the opacity. Rotation averages
    c * c * colour and c and divides them, which leaves edges darker and more transparent than the
    strokes.
    """
    w, h = coverage.shape
    across = _linear_weights((np.arange(w * FINE) + 0.5) / FINE, w)
    down = _linear_weights((np.arange(h * FINE) + 0.5) / FINE, h)
    colour = np.clip(across @ np.square(coverage) @ down.T, 0, 1)
    opacity = np.clip(across @ coverage @ down.T, 0, 1)
    shade = np.divide(colour, opacity, out=np.zeros_like(colour), where=opacity >= 1 / 255)
    return np.round(np.clip(shade, 0, 1) * 255).astype(np.uint8)


def _framed(coverage: NDArray[np.float64]) -> NDArray[np.float32]:
    """`Glyph.shade` (2w + 3, 2h + 3) for a bicubic style, from coverage (w, h) in [0, 1]."""
    w, h = coverage.shape
    across = _linear_weights(np.arange(2 * w + 1) / 2, w)
    down = _linear_weights(np.arange(2 * h + 1) / 2, h)
    halves = across @ (coverage * 255) @ down.T
    return np.pad(halves, 1, constant_values=OUTSIDE).astype(np.float32)


def _linear_weights(at: NDArray[np.float64], n_pixels: int) -> NDArray[np.float64]:
    """Weights (S, n) that interpolate n pixels linearly at S positions, in pixels from the edge.

    As Pillow rotates pictures: positions are clamped to the centres of the outermost pixels.
    """
    inside = np.clip(at, 0.5, n_pixels - 0.5)[:, None]
    centres = np.arange(n_pixels) + 0.5
    return cast(NDArray[np.float64], np.maximum(0, 1 - np.abs(inside - centres)))


def cubic_kernel(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cubic kernel with a = -0.5 (Keys 1981, equation 8) at distances (S, n), as in Pillow."""
    x = np.abs(distance)
    inner = (1.5 * x - 2.5) * x * x + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))
