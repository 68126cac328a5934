"""Strips: the lines of a picture side by side, which is what a reader of equations sees."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.scene import Box

Pixels = NDArray[np.uint8]

SIZE = (768, 64)  # (w, h) of a strip for the most accurate readers
N_LINES = (2, 3)  # of equations on a picture
MARGIN = 2  # blank pixels above and below the highest line
_GAP = 0.22  # of the height of a strip: between lines
_PADDING = 0.06  # of its height: what is cut out around a line


def line_gap(height: int) -> int:
    """Pixels between the lines on a strip."""
    return round(_GAP * height)


def lay_out(
    pixels: Pixels, boxes: Sequence[Box], size: tuple[int, int] = SIZE, fill: float = 1.0
) -> Pixels:
    """The lines of a picture as a strip (h, w, 3), from left to right in the order of `boxes`.

    All lines are scaled by one factor, so that characters are equally large everywhere: the
    highest line, the one with the fraction, fills the strip, unless the lines are then too wide.

    Args:
        pixels: (H, W, 3), the whole picture.
        boxes: its lines; without any, the strip is blank.
        size: (w, h) of the strip.
        fill: share of its height that the highest line fills.
    """
    parts = [part for part in (_cut(pixels, box) for box in boxes) if part.size]
    return join_lines(parts, paper_colour(pixels), size, fill)


def paper_colour(pixels: Pixels) -> NDArray[np.float64]:
    """The colour (3,) of the paper of a picture (H, W, 3): the median of its pixels."""
    return np.asarray(np.median(pixels[::7, ::7].reshape(-1, 3), axis=0), dtype=np.float64)


def join_lines(
    parts: Sequence[Pixels],
    paper: NDArray[np.floating],
    size: tuple[int, int] = SIZE,
    fill: float = 1.0,
) -> Pixels:
    """Cut-out lines side by side on a strip (h, w, 3).

    Args:
        parts: the lines (h', w', 3), from left to right.
        paper: (3,), the colour of the strip, RGB.
        size: (w, h) of the strip.
        fill: share of its height that the highest line fills.
    """
    strip = np.empty((size[1], size[0], 3), dtype=np.uint8)
    strip[:] = np.round(paper)
    if not parts:
        return strip
    between = line_gap(size[1])
    room = size[0] - between * (len(parts) + 1)
    scale = min(
        fill * (size[1] - 2 * MARGIN) / max(part.shape[0] for part in parts),
        room / sum(part.shape[1] for part in parts),
    )
    x = between
    for part in parts:
        w, h = (max(1, int(side * scale)) for side in (part.shape[1], part.shape[0]))
        filter_ = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        top = (size[1] - h) // 2
        strip[top : top + h, x : x + w] = cv2.resize(part, (w, h), interpolation=filter_)
        x += w + between
    return strip


def _cut(pixels: Pixels, box: Box) -> Pixels:
    """The pixels of a box with padding."""
    padded = padded_box(box, (pixels.shape[1], pixels.shape[0]))
    return pixels[padded[1] : padded[3], padded[0] : padded[2]]


def padded_box(box: Box, size: tuple[int, int]) -> Box:
    """A box enlarged by a padding on each side, cut to the picture (w, h)."""
    x0, y0, x1, y1 = box
    pad = round(_PADDING * (y1 - y0)) + 1
    return max(x0 - pad, 0), max(y0 - pad, 0), min(x1 + pad, size[0]), min(y1 + pad, size[1])
