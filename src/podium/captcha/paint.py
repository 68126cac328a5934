"""Pictures painted as two layers: how much background shows through, and how much ink lies."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import cv2
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from podium.captcha.distort import samples
from podium.captcha.draws import Draws
from podium.captcha.glyphs import Table, keys
from podium.captcha.noise import dot_pixels, draw_curve, draw_dots
from podium.captcha.style import Style

# (2, w, h) in [0, 1]: picture = layers[0] * background + layers[1] * ink, column by column.
# Pasting, resizing and smoothing treat every colour channel alike: two layers do for three.
Layers = NDArray[np.float32]


def paint(style: Style, table: Table, draws: Draws) -> Iterator[NDArray[np.uint8]]:
    """The pictures (H, W, 3), RGB, of what was drawn, one after the other."""
    texts = _texts(style, table, draws)
    dots = dot_pixels(draws.dots, *style.size)
    inks, papers = draws.ink.tolist(), draws.paper.tolist()
    for picture, text in enumerate(texts):
        layers = _squeezed(text, style)
        draw_dots(layers, dots[picture])
        if style.curve:
            draw_curve(layers, draws.curve[picture].tolist())
        pixels = _coloured(layers, inks[picture], papers[picture])
        yield cv2.transpose(_smoothed(pixels))


def _texts(style: Style, table: Table, draws: Draws) -> Iterator[Layers]:
    """The glyphs of each picture pasted from left to right, as wide as they need."""
    at = draws.character, draws.font
    size, found = samples(table.box[at], table.cell[at], table.column[at], draws.bends, style)
    widths, blanks = size[:, 0].tolist(), _blank_widths(table, draws)
    gaps, keep, add = draws.gaps.tolist(), *blending(draws.ink)
    glyphs = [table.glyphs[row][font] for row, font in zip(*map(np.ndarray.tolist, at), strict=True)]
    end = 0
    for picture, length in enumerate(draws.lengths):
        start, end = end, end + length
        total = sum(widths[start:end]) + sum(blanks[start:end])
        average = total // length
        overlap = int(0.25 * average) + 1
        layers = _blank(max(style.size[0], total), style.size[1])
        x, inked = int(average * 0.1), 0
        for g in range(start, end):
            if blanks[g]:
                x += blanks[g] - int(gaps[g][0] * overlap)
            shade = glyphs[g].shade.take(found[g], mode="clip")
            _paste(layers, shade, x, x < inked, keep[picture], add[picture])
            inked = x + widths[g]
            x = inked - int(gaps[g][1] * overlap)
        yield layers


def _blank_widths(table: Table, draws: Draws) -> list[int]:
    widths: NDArray[np.int64] = table.cell[table.number[" "], draws.blank_font, 0] * draws.blank
    return widths.tolist()


def _blank(w: int, h: int) -> Layers:
    layers = np.empty((2, w, h), dtype=np.float32)
    layers[0] = 1
    layers[1] = 0
    return layers


def _paste(
    layers: Layers,
    shade: NDArray[np.uint8],
    x: int,
    over: bool,
    keep: NDArray[np.float32],
    add: NDArray[np.float32],
) -> None:
    """Paste a glyph (w, h) at column `x`, in the middle of the height; what sticks out is cut.

    `over` says that ink lies there already.
    """
    _, width, height = layers.shape
    y = int((height - shade.shape[1]) / 2)
    shade = shade[: width - x, max(-y, 0) : height - y]
    w, h = shade.shape
    behind, ink = layers[:, x : x + w, max(y, 0) : max(y, 0) + h]
    if not over:
        cv2.LUT(shade, keep, dst=behind)
        cv2.LUT(shade, add, dst=ink)
        return
    kept = cv2.LUT(shade, keep)
    behind *= kept
    ink *= kept
    ink += cv2.LUT(shade, add)


def blending(ink: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each ink (B, 3) and colour strength: background kept (B, 256), ink added (B, 256).

    The package takes a glyph's own luminance, times 1.97, as its opacity: dark ink is faint.
    """
    luminance = ink @ _LUMINANCE
    opacity = np.minimum(np.floor(np.floor(_STRENGTH * luminance[:, None]) * 1.97), 255) / 255
    return (1 - opacity).astype(np.float32), (opacity * _STRENGTH).astype(np.float32)


_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R 601-2, as Pillow converts RGB to L
_STRENGTH = np.arange(256) / 255


def _squeezed(layers: Layers, style: Style) -> Layers:
    """Layers as wide as the picture."""
    _, wide, h = layers.shape
    target = style.size[0]
    if wide == target:
        return layers
    if not style.bicubic:
        return layers.take(_nearest(wide, target), axis=1)
    out: Layers = _bicubic(wide, target) @ layers.reshape(2 * wide, h)
    return out.reshape(2, target, h)


@lru_cache(maxsize=1024)
def _nearest(wide: int, target: int) -> NDArray[np.int64]:
    return np.floor((np.arange(target) + 0.5) * wide / target).astype(np.int64)


@lru_cache(maxsize=1024)
def _bicubic(wide: int, target: int) -> scipy.sparse.csr_array:
    """Weights (2 target, 2 wide) of Pillow's bicubic resize, whose kernel widens with the ratio."""
    ratio = wide / target
    centre = (np.arange(target)[:, None] + 0.5) * ratio
    weights = keys((np.arange(wide) + 0.5 - centre) / ratio)
    weights /= weights.sum(1, keepdims=True)
    return scipy.sparse.csr_array(np.kron(np.eye(2), weights).astype(np.float32))


def _coloured(layers: Layers, ink: list[int], paper: list[int]) -> NDArray[np.uint8]:
    """Pixels (w, h, 3), columns first."""
    planes = [
        cv2.addWeighted(layers[0], behind, layers[1], front, 0, dtype=cv2.CV_8U)
        for behind, front in zip(paper, ink, strict=True)
    ]
    return cv2.merge(planes)


def _smoothed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels after Pillow's SMOOTH, which leaves the outermost ones as they are.

    Its kernel, fives in the middle and ones around, is 9/13 of a box and 4/13 of the middle.
    """
    out = cv2.addWeighted(cv2.blur(pixels, (3, 3)), 9 / 13, pixels, 4 / 13, 0)
    out[:: len(out) - 1] = pixels[:: len(out) - 1]
    out[:, :: out.shape[1] - 1] = pixels[:, :: out.shape[1] - 1]
    return out
