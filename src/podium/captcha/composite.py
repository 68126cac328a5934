"""Glyphs, dots and a curve composited onto the planes of a picture, columns first (w, h)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Bytes = NDArray[np.uint8]
Shares = NDArray[np.float32]
DOT_WIDTH = 3


def solid_text(
    canvas: tuple[int, int],
    masks: Sequence[Bytes],
    lefts: Sequence[int],
    remaining: Shares,
) -> Shares:
    """The background's share (wide, h), in [0, 1], after pasting glyphs of one strength.

    Args:
        canvas: (wide, h), pixels.
        masks: (w, h) of each glyph: 1 where it is inked, 0 elsewhere.
        lefts: the left edge of each glyph, pixels.
        remaining: (256,) the background's share below 0, 1, 2... glyphs.
    """
    counts = np.zeros(canvas, dtype=np.uint8)
    for part, mask in _parts(counts, masks, lefts):
        cv2.add(part, mask, part)
    return cast(Shares, cv2.LUT(counts, remaining))


def shaded_text(
    canvas: tuple[int, int],
    shades: Sequence[Bytes],
    lefts: Sequence[int],
    opacity: NDArray[np.float32],
) -> Bytes:
    """The background's and the ink's share (2, wide, h), 255 = all, of glyphs with shaded edges.

    Args:
        canvas: (wide, h), pixels.
        shades: (w, h) of each glyph: the strength of its colour, 255 = full.
        lefts: the left edge of each glyph, pixels.
        opacity: (256,) of the ink at each strength, in [0, 1].
    """
    planes = np.zeros((2, *canvas), dtype=np.float32)
    planes[0] = 1
    keep, add = 1 - opacity, opacity * np.linspace(0, 1, 256, dtype=np.float32)
    for part, shade in _parts(planes, shades, lefts):
        part *= cv2.LUT(shade, keep)
        part[1] += cv2.LUT(shade, add)
    levels = cv2.convertScaleAbs(planes.reshape(-1, canvas[1]), alpha=255)
    return cast(Bytes, levels.reshape(2, *canvas))


def _parts(
    planes: NDArray[Any], shades: Sequence[Bytes], lefts: Sequence[int]
) -> Iterator[tuple[NDArray[Any], Bytes]]:
    """For each glyph: its part of the planes (..., w, h), centred in h, and the glyph cut to it."""
    width, height = planes.shape[-2:]
    for shade, x in zip(shades, lefts, strict=True):
        y = int((height - shade.shape[1]) / 2)
        cut = shade[: width - x, max(-y, 0) : height - y]
        y = max(y, 0)
        yield planes[..., x : x + cut.shape[0], y : y + cut.shape[1]], cut


def dot_pixels(dots: NDArray[np.int32], w: int, h: int) -> list[NDArray[np.int32]]:
    """The pixels of the dots of B pictures: for each picture the numbers x * h + y.

    Args:
        dots: (B, 2, n), x and y of n dots.
        w: width of the pictures, pixels.
        h: their height.
    """
    across, down = _dot()
    x = dots[:, 0, :, None] + across
    y = dots[:, 1, :, None] + down
    inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    pixels = x * np.int32(h) + y
    return [numbers[mask] for numbers, mask in zip(pixels, inside, strict=True)]


@lru_cache(maxsize=1)
def _dot() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """x, y (n,) of the pixels of a dot at 0, 0: a line from there to one pixel up and left."""
    page, middle = Image.new("L", (16, 16)), 8
    ends = ((middle, middle), (middle - 1, middle - 1))
    ImageDraw.Draw(page).line(ends, fill=1, width=DOT_WIDTH)
    y, x = np.nonzero(np.asarray(page))
    return (x - middle).astype(np.int32), (y - middle).astype(np.int32)


def draw_dots(planes: NDArray[np.uint8], pixels: NDArray[np.int32]) -> None:
    """Draw dots on the planes (P, w, h) of a picture, at `pixels` (n,) of `dot_pixels`."""
    for plane, level in zip(planes, _INKED, strict=False):
        plane.reshape(-1)[pixels] = level


_INKED = (0, 255)  # the levels of the two planes: no background, all ink


def draw_curve(planes: NDArray[np.uint8], curve: list[int]) -> None:
    """Ink an arc one pixel wide on the planes (P, w, h) of a picture.

    Args:
        planes: changed in place.
        curve: x1, y1, x2, y2 of the ellipse, then the first and the last degree, clockwise from
            three o'clock.
    """
    x1, y1, x2, y2, first, last = curve
    # columns come first in the planes: x and y change places, and the angles turn round
    centre, axes = ((y1 + y2) * 8, (x1 + x2) * 8), ((y2 - y1) * 8, (x2 - x1) * 8)
    for plane, level in zip(planes, _INKED, strict=False):
        cv2.ellipse(plane, centre, axes, 0, 90 - last, 90 - first, level, shift=4)
