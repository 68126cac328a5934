"""Glyphs drawn once per font, size and character, ready to be sampled at any position."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from podium.captcha.fonts import load_font
from podium.captcha.style import Cell, Style
from podium.errors import SettingsError

FINE = 4  # samples per pixel and axis
MARGIN_X = 2  # blank pixels left and right of the box
MARGIN_Y = 32  # above and below: a position that overshoots lands in the next column's margin


@dataclass(frozen=True)
class Glyph:
    """One character of one font.

    Attributes:
        box: (w, h) of its inked box, pixels; (0, 0) for a blank.
        cell: (w, h) of the cell it is stretched into: from the pen to its right and lower edge.
        shade: uint8, flat, column by column: the colour's strength (255 = full) at FINE samples
            per pixel, MARGIN_X and MARGIN_Y blank pixels around the box. Made for a bicubic
            style it is float32 (w + 2, h + 2): how much of each pixel of the box is covered, 255 =
            all, its outermost pixels repeated once.
    """

    box: tuple[int, int]
    cell: tuple[int, int]
    shade: NDArray[Any]

    @property
    def column(self) -> int:
        """Samples in one column of `shade`."""
        return (self.box[1] + 2 * MARGIN_Y) * FINE


@dataclass(frozen=True)
class Table:
    """The glyphs of C characters in F fonts and sizes; the last character is a blank.

    Attributes:
        number: character -> row.
        glyphs: C rows of F glyphs.
        box: (C, F, 2) as `Glyph.box`.
        cell: (C, F, 2) as `Glyph.cell`.
        column: (C, F) as `Glyph.column`.
    """

    number: dict[str, int]
    glyphs: list[list[Glyph]]
    box: NDArray[np.int64]
    cell: NDArray[np.int64]
    column: NDArray[np.int64]


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
        np.array([[one.column for one in row] for row in rows]),
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
        return Glyph((0, 0), cell, np.zeros(1, dtype=np.uint8))
    coverage = np.asarray(page.crop(inked), dtype=np.float64).T / 255
    box = coverage.shape[0], coverage.shape[1]
    if bicubic:
        return Glyph(box, cell, np.pad(coverage * 255, 1, "edge").astype(np.float32))
    return Glyph(box, cell, _shade(coverage).ravel())


_IN_NO_FONT = "\uffff"  # drawn as whatever a font shows for characters it lacks


def _shade(coverage: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Colour strength around a glyph (w, h) of coverage in [0, 1], FINE samples per pixel.

    The package pastes by the colour of a pixel and never looks at its opacity. Today's Pillow
    gives any inked pixel the full colour: see `paint.faintest`. The Pillow of the arithmetic
    competition gave an edge of coverage c both c times the colour and c times the opacity; turning
    averages c * c * colour and c and divides, which leaves edges darker and more transparent than
    the strokes.
    """
    across = _spread(coverage.shape[0], MARGIN_X)
    down = _spread(coverage.shape[1], MARGIN_Y)
    colour = np.clip(across @ np.square(coverage) @ down.T, 0, 1)
    opacity = np.clip(across @ coverage @ down.T, 0, 1)
    shade = np.divide(colour, opacity, out=np.zeros_like(colour), where=opacity >= 1 / 255)
    return np.round(np.clip(shade, 0, 1) * 255).astype(np.uint8)


def _spread(n_pixels: int, margin: int) -> NDArray[np.float64]:
    """Weights ((n + 2 margin) * FINE, n) that turn n pixels into fine samples.

    Linear interpolation as Pillow turns pictures: clamped to the pixels' centres, cut at the box.
    """
    at = (np.arange((n_pixels + 2 * margin) * FINE) + 0.5) / FINE - margin
    nearest = np.clip(at, 0.5, n_pixels - 0.5)[:, None] - (np.arange(n_pixels) + 0.5)
    weights = np.maximum(0, 1 - np.abs(nearest))
    weights[(at < 0) | (at >= n_pixels)] = 0
    return weights


def keys(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cubic convolution kernel with a = -0.5 (Keys 1981, equation 8), as Pillow has it."""
    x = np.abs(distance)
    inner = (1.5 * x - 2.5) * x * x + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))
