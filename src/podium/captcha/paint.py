"""Pictures painted as planes: how much background shows through, and how much ink lies."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from podium.captcha.distort import bicubic, inked, shaded
from podium.captcha.glyphs import Table
from podium.captcha.noise import dot_pixels, draw_curve, draw_dots
from podium.captcha.paste import shaded_text, solid_text
from podium.captcha.sampling import Draws
from podium.captcha.style import Style

# (P, w, h), columns first, 255 = all: the background's share, and with P = 2 the ink's share.
# With P = 1 ink covers the rest. Pasting, resizing and smoothing treat every colour channel
# alike, so one or two planes do the work of three.
Planes = NDArray[np.uint8]
Bytes = NDArray[np.uint8]


def paint(style: Style, table: Table, draws: Draws) -> Iterator[Bytes]:
    """The pictures (H, W, 3), RGB, of what was drawn, one after the other."""
    dots = dot_pixels(draws.dots, *style.size)
    inks, papers, curves = draws.ink.tolist(), draws.paper.tolist(), draws.curve.tolist()
    for picture, planes in enumerate(_texts(style, table, draws)):
        draw_dots(planes, dots[picture])
        if style.curve:
            draw_curve(planes, curves[picture])
        yield _coloured(_smoothed(planes), inks[picture], papers[picture])


def _texts(style: Style, table: Table, draws: Draws) -> Iterator[Planes]:
    """The glyphs of each picture, pasted from left to right."""
    of_glyphs = table, draws.character, draws.font, draws.bends
    if style.bicubic:
        glyphs = inked(*of_glyphs, np.repeat(faintest(draws.ink), draws.lengths))
        levels = _left(draws.ink, max(draws.lengths))
    else:
        glyphs = shaded(*of_glyphs)
        levels = opacities(draws.ink)
    wides, places = _places(style, table, draws, [glyph.shape[0] for glyph in glyphs])
    end, (w, h) = 0, style.size
    for picture, length in enumerate(draws.lengths):
        start, end = end, end + length
        wide, text = wides[picture], (glyphs[start:end], places[start:end])
        if style.bicubic:
            yield _squeezed(solid_text((wide, h), *text, levels[picture]), w)[None]
        else:
            yield shaded_text((wide, h), *text, levels[picture]).take(_nearest(wide, w), 1)


def _places(
    style: Style, table: Table, draws: Draws, widths: list[int]
) -> tuple[list[int], list[int]]:
    """How wide each canvas (B,) is, and the left edge (G,) of each glyph on it, in pixels."""
    blanks = (table.cell[table.number[" "], draws.blank_font, 0] * draws.blank).tolist()
    gaps = draws.gaps.tolist()
    wides, places, end = [], [], 0
    for length in draws.lengths:
        start, end = end, end + length
        total = sum(widths[start:end]) + sum(blanks[start:end])
        average = total // length
        overlap = int(0.25 * average) + 1
        x = int(average * 0.1)
        for g in range(start, end):
            if blanks[g]:
                x += blanks[g] - int(gaps[g][0] * overlap)
            places.append(x)
            x += widths[g] - int(gaps[g][1] * overlap)
        wides.append(max(total, style.size[0]))
    return wides, places


def opacities(ink: NDArray[np.int64]) -> NDArray[np.float32]:
    """(B, 256): how opaque each ink (B, 3), RGB, is at colour strengths of 0 to 255; in [0, 1].

    The package takes a glyph's own luminance, times 1.97, as its opacity: dark ink is faint.
    """
    luminance = (ink @ _LUMINANCE)[:, None]
    levels = np.floor(np.round(np.arange(256) / 255 * luminance) * 1.97)
    return (np.minimum(levels, 255) / 255).astype(np.float32)


def _left(ink: NDArray[np.int64], n_glyphs: int) -> NDArray[np.float32]:
    """(B, 256): the background's share below 0, 1, ... n solid glyphs of each ink (B, 3)."""
    shares = np.zeros((len(ink), 256), dtype=np.float32)
    shares[:, : n_glyphs + 1] = (1 - opacities(ink)[:, 255:]) ** np.arange(n_glyphs + 1)
    return shares


def faintest(ink: NDArray[np.int64]) -> NDArray[np.float64]:
    """(B,): the shade up to which each ink (B, 3), RGB, leaves no trace.

    Pillow turns and stretches colours times opacity, in bytes: an ink of 100 at a coverage of
    0.004 rounds to 0, and so the edge of a dark stroke lies further inside than that of a light
    one.
    """
    level = np.maximum(ink @ _LUMINANCE, 1)
    return np.maximum(_ROUNDED / level * 255, 0.5)


_ROUNDED = 0.5  # bytes below this become 0
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R 601-2, as Pillow converts RGB to L


def _squeezed(share: NDArray[np.float32], target: int) -> Bytes:
    """Shares (wide, h) in [0, 1] at the width of the picture, 255 = all."""
    wide = len(share)
    if wide != target:
        share = _bicubic(wide, target) @ share
    return cast(Bytes, cv2.convertScaleAbs(share, alpha=255))


@lru_cache(maxsize=1024)
def _nearest(wide: int, target: int) -> NDArray[np.int64]:
    return np.floor((np.arange(target) + 0.5) * wide / target).astype(np.int64)


@lru_cache(maxsize=1024)
def _bicubic(wide: int, target: int) -> scipy.sparse.csr_array:
    """Weights (target, wide) of Pillow's bicubic resize, most of them zero."""
    return scipy.sparse.csr_array(bicubic(wide, target))


def _smoothed(planes: Planes) -> Planes:
    """Planes after Pillow's SMOOTH, which leaves the outermost pixels as they are.

    Its kernel, five in the middle and ones around, is 9/13 of a box and 4/13 of the middle.
    """
    n, w, h = planes.shape
    flat = planes.reshape(n * w, h)
    out = cv2.addWeighted(cv2.blur(flat, (3, 3)), 9 / 13, flat, 4 / 13, 0).reshape(n, w, h)
    out[:, :: w - 1] = planes[:, :: w - 1]
    out[:, :, :: h - 1] = planes[:, :, :: h - 1]
    return cast(Planes, out)


def _coloured(planes: Planes, ink: list[int], paper: list[int]) -> Bytes:
    """The picture (H, W, 3) in its two colours."""
    behind = cv2.transpose(planes[0])
    if len(planes) == 1:
        return cv2.merge(
            [
                cv2.convertScaleAbs(behind, alpha=(far - near) / 255, beta=near)
                for far, near in zip(paper, ink, strict=True)
            ]
        )
    front = cv2.transpose(planes[1])
    return cv2.merge(
        [
            cv2.addWeighted(behind, far / 255, front, near / 255, 0)
            for far, near in zip(paper, ink, strict=True)
        ]
    )
