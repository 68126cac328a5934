"""Glyphs drawn once per font, size and character, ready to be sampled at any position."""

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

FINE = 4  # samples per pixel and axis of a shaded glyph, of which the nearest is taken
BEYOND = -1e6  # what surrounds a bicubic glyph: a little of it, mixed in, leaves nothing


@dataclass(frozen=True)
class Glyph:
    """One character of one font.

    Attributes:
        box: (w, h) of its inked box, pixels; (0, 0) for a blank.
        cell: (w, h) of the cell it is stretched into: from the pen to its right and lower edge.
        shade: the colour's strength, 255 = full. Made for a style that is not bicubic: uint8
            (w, h), FINE times as many samples each way. For a bicubic style it is float32 (2w + 3,
            2h + 3), how much of each pixel is covered: at every half pixel from edge to edge of
            the box, with BEYOND around.
    """

    box: tuple[int, int]
    cell: tuple[int, int]
    shade: NDArray[Any]


@dataclass(frozen=True)
class Table:
    """The glyphs of C characters in F fonts and sizes; the last character is a blank.

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
    """The glyphs of `alphabet` in `style`; raises what `glyph` raises."""
    faces = [(font, size) for font in style.fonts for size in style.font_sizes]
    rows = [
        [glyph(font, size, character, style.bicubic, style.cell(character)) for font, size in faces]
        for character in alphabet + " "
    ]
    return Table(
        {character: row for row, character in enumerate(alphabet + " ")},
        rows,
        np.array([[one.box for one in row] for row in rows]),
        np.array([[one.cell for one in row] for row in rows]),
    )


def glyph(font: str, size: int, character: str, bicubic: bool, wanted: Cell | None = None) -> Glyph:
    """The glyph of `character`, in the cell that is `wanted` or that of its font.

    Raises:
        SettingsError: the font does not have it.
        EnvironmentFault: the font is missing.
    """
    face = load_font((wanted.font if wanted else "") or font, size)
    if character != " " and bytes(face.getmask(character)) == bytes(face.getmask(_IN_NO_FONT)):
        raise SettingsError(
            f"font {font} has no character {character!r}\n"
            "remedy: take it out of the alphabet of params.yaml"
        )
    if wanted:
        cell = int(wanted.width * size), int(wanted.height * size)
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
    if wanted and wanted.upside_down:
        coverage = coverage[:, ::-1]
    box = coverage.shape[0], coverage.shape[1]
    if bicubic:
        return Glyph(box, cell, _framed(coverage))
    return Glyph(box, cell, _shade(coverage))


_IN_NO_FONT = "\uffff"  # drawn as whatever a font shows for characters it lacks


def _shade(coverage: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Colour strength around a glyph (w, h) of coverage in [0, 1], FINE samples per pixel.

    The package pastes by the colour of a pixel and never looks at its opacity. Today's Pillow
    gives any inked pixel the full colour: see `paint.faintest`. The Pillow of the arithmetic
    competition gave an edge of coverage c both c times the colour and c times the opacity; turning
    averages c * c * colour and c and divides, which leaves edges darker and more transparent than
    the strokes.
    """
    w, h = coverage.shape
    across = _spread((np.arange(w * FINE) + 0.5) / FINE, w)
    down = _spread((np.arange(h * FINE) + 0.5) / FINE, h)
    colour = np.clip(across @ np.square(coverage) @ down.T, 0, 1)
    opacity = np.clip(across @ coverage @ down.T, 0, 1)
    shade = np.divide(colour, opacity, out=np.zeros_like(colour), where=opacity >= 1 / 255)
    return np.round(np.clip(shade, 0, 1) * 255).astype(np.uint8)


def _framed(coverage: NDArray[np.float64]) -> NDArray[np.float32]:
    """Coverage (w, h) in [0, 1] at each half pixel, 255 = all, with BEYOND around."""
    w, h = coverage.shape
    across, down = _spread(np.arange(2 * w + 1) / 2, w), _spread(np.arange(2 * h + 1) / 2, h)
    halves = across @ (coverage * 255) @ down.T
    return np.pad(halves, 1, constant_values=BEYOND).astype(np.float32)


def _spread(at: NDArray[np.float64], n_pixels: int) -> NDArray[np.float64]:
    """Weights (S, n) of n pixels at S places, pixels from their edge.

    Linear interpolation as Pillow turns pictures: clamped to the pixels' centres.
    """
    inside = np.clip(at, 0.5, n_pixels - 0.5)[:, None]
    return cast(
        NDArray[np.float64], np.maximum(0, 1 - np.abs(inside - (np.arange(n_pixels) + 0.5)))
    )


def keys(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cubic convolution kernel with a = -0.5 (Keys 1981, equation 8), as Pillow has it."""
    x = np.abs(distance)
    inner = (1.5 * x - 2.5) * x * x + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))
