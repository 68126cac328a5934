"""Dots and curves of ink on the planes of a picture."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

DOT_WIDTH = 3


def dot_pixels(dots: NDArray[np.int32], w: int, h: int) -> list[NDArray[np.int32]]:
    """For each of B pictures (w, h) the pixels, as x * h + y, of its dots (B, 2, n)."""
    across, down = _dot()
    x = dots[:, 0, :, None] + across
    y = dots[:, 1, :, None] + down
    inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    pixels = x * np.int32(h) + y
    return [one[seen] for one, seen in zip(pixels, inside, strict=True)]


@lru_cache(maxsize=1)
def _dot() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """x, y of a dot's pixels around its place: a line from there to one pixel up and left."""
    page, middle = Image.new("L", (16, 16)), 8
    ends = ((middle, middle), (middle - 1, middle - 1))
    ImageDraw.Draw(page).line(ends, fill=1, width=DOT_WIDTH)
    y, x = np.nonzero(np.asarray(page))
    return (x - middle).astype(np.int32), (y - middle).astype(np.int32)


def draw_dots(planes: NDArray[np.uint8], pixels: NDArray[np.int32]) -> None:
    """Ink `pixels`, numbered as `dot_pixels` does, on the planes (P, w, h) of a picture."""
    for plane, level in zip(planes, _INKED, strict=False):
        plane.reshape(-1)[pixels] = level


_INKED = (0, 255)  # no background, all ink


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
