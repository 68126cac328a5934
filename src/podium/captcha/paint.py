"""Sampled pictures painted: glyphs, dots and curve on planes, and then in colour."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from podium.captcha.composite import dot_pixels, draw_curve, draw_dots, shaded_text, solid_text
from podium.captcha.distort import bicubic, colour_strengths, ink_masks
from podium.captcha.glyphs import Table
from podium.captcha.sampling import SampledPictures
from podium.captcha.style import Style

# (P, w, h), columns first, 255 = all: the share of the background, and with P = 2 that of the ink;
# with P = 1 the rest is ink. Pasting, resizing and smoothing treat all colour channels alike, so
# one or two planes do the work of three.
Planes = NDArray[np.uint8]
Bytes = NDArray[np.uint8]


def paint(style: Style, table: Table, sampled: SampledPictures) -> Iterator[Bytes]:
    """The sampled pictures (H, W, 3), RGB, one after the other.

    Args:
        style: the look.
        table: its glyphs.
        sampled: the random choices of B pictures.
    """
    dots = dot_pixels(sampled.dots, *style.size)
    inks, papers, curves = sampled.ink.tolist(), sampled.paper.tolist(), sampled.curve.tolist()
    for picture, planes in enumerate(_texts(style, table, sampled)):
        draw_dots(planes, dots[picture])
        if style.curve:
            draw_curve(planes, curves[picture])
        yield _coloured(_smoothed(planes), inks[picture], papers[picture])


def _texts(style: Style, table: Table, sampled: SampledPictures) -> Iterator[Planes]:
    """The glyphs of each picture, pasted from left to right."""
    arrays = table, sampled.character, sampled.font, sampled.distortions
    if style.bicubic:
        glyphs = ink_masks(*arrays, np.repeat(blank_below(sampled.ink), sampled.lengths))
        levels = _remaining(sampled.ink, max(sampled.lengths))
    else:
        glyphs = colour_strengths(*arrays)
        levels = opacities(sampled.ink)
    widths, lefts = _layout(style, table, sampled, [glyph.shape[0] for glyph in glyphs])
    end, (w, h) = 0, style.size
    for picture, length in enumerate(sampled.lengths):
        start, end = end, end + length
        wide, text = widths[picture], (glyphs[start:end], lefts[start:end])
        if style.bicubic:
            yield _narrowed(solid_text((wide, h), *text, levels[picture]), w)[None]
        else:
            yield shaded_text((wide, h), *text, levels[picture]).take(_nearest(wide, w), 1)


def _layout(
    style: Style, table: Table, sampled: SampledPictures, glyph_widths: list[int]
) -> tuple[list[int], list[int]]:
    """The width of each canvas (B,), and the left edge of each glyph (G,) on it, pixels."""
    blanks = (table.cell[table.number[" "], sampled.blank_font, 0] * sampled.blank).tolist()
    gaps = sampled.gaps.tolist()
    widths, lefts, end = [], [], 0
    for length in sampled.lengths:
        start, end = end, end + length
        total = sum(glyph_widths[start:end]) + sum(blanks[start:end])
        average = total // length
        overlap = int(0.25 * average) + 1
        x = int(average * 0.1)
        for g in range(start, end):
            if blanks[g]:
                x += blanks[g] - int(gaps[g][0] * overlap)
            lefts.append(x)
            x += glyph_widths[g] - int(gaps[g][1] * overlap)
        widths.append(max(total, style.size[0]))
    return widths, lefts


def opacities(ink: NDArray[np.int64]) -> NDArray[np.float32]:
    """The opacity (B, 256), in [0, 1], of each ink (B, 3), RGB, at colour strengths of 0 to 255.

    The package takes a glyph's own luminance, times 1.97, as its opacity: dark ink is faint.
    """
    luminance = (ink @ _LUMINANCE)[:, None]
    levels = np.floor(np.round(np.arange(256) / 255 * luminance) * 1.97)
    return (np.minimum(levels, 255) / 255).astype(np.float32)


def _remaining(ink: NDArray[np.int64], n_glyphs: int) -> NDArray[np.float32]:
    """The background's share (B, 256) below 0, 1, ... n solid glyphs of each ink (B, 3)."""
    shares = np.zeros((len(ink), 256), dtype=np.float32)
    shares[:, : n_glyphs + 1] = (1 - opacities(ink)[:, 255:]) ** np.arange(n_glyphs + 1)
    return shares


def blank_below(ink: NDArray[np.int64]) -> NDArray[np.float64]:
    """The coverage (B,), 255 = all, up to which each ink (B, 3), RGB, leaves no trace.

    Pillow rotates and stretches bytes of colour times opacity: an ink of 100 at a coverage of
    0.004 rounds to 0. So the edge of a dark stroke lies further inside than that of a light one.
    """
    level = np.maximum(ink @ _LUMINANCE, 1)
    return np.maximum(_ROUNDED / level * 255, 0.5)


_ROUNDED = 0.5  # bytes below this become 0
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R 601-2, as Pillow converts RGB to L


def _narrowed(share: NDArray[np.float32], target: int) -> Bytes:
    """Shares (wide, h) in [0, 1], resized to the width of the picture; 255 = all."""
    wide = len(share)
    if wide != target:
        share = _bicubic(wide, target) @ share
    return cast(Bytes, cv2.convertScaleAbs(share, alpha=255))


@lru_cache(maxsize=1024)
def _nearest(wide: int, target: int) -> NDArray[np.int64]:
    """The column (target,) that each column of a narrowed picture is taken from."""
    return np.floor((np.arange(target) + 0.5) * wide / target).astype(np.int64)


@lru_cache(maxsize=1024)
def _bicubic(wide: int, target: int) -> scipy.sparse.csr_array:
    """Weights (target, wide) of Pillow's bicubic resize, most of them zero."""
    return scipy.sparse.csr_array(bicubic(wide, target))


def _smoothed(planes: Planes) -> Planes:
    """Planes after Pillow's SMOOTH filter, which leaves the outermost pixels as they are.

    Its kernel, 5 in the middle and 1 around, is 9/13 of a box filter and 4/13 of the middle.
    """
    n, w, h = planes.shape
    flat = planes.reshape(n * w, h)
    out = cv2.addWeighted(cv2.blur(flat, (3, 3)), 9 / 13, flat, 4 / 13, 0).reshape(n, w, h)
    out[:, :: w - 1] = planes[:, :: w - 1]
    out[:, :, :: h - 1] = planes[:, :, :: h - 1]
    return cast(Planes, out)


def _coloured(planes: Planes, ink: list[int], paper: list[int]) -> Bytes:
    """The picture (H, W, 3), RGB, of planes (P, w, h) in the colours of its ink and its paper."""
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
