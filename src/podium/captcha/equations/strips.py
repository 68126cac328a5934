"""The lines of a picture laid side by side on a strip, which is what a reader sees."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.scene import Box

Pixels = NDArray[np.uint8]

SIZE = (768, 64)  # (w, h) of a strip, for a reader of the best
MARGIN = 2  # blank pixels above and below the highest line
_GAP = 0.22  # of the height of a strip: between lines
_GROWN = 0.06  # of its height: what is taken around a line


def gap(height: int) -> int:
    """Pixels between the lines on a strip."""
    return round(_GAP * height)


def lay_out(pixels: Pixels, boxes: Sequence[Box], size: tuple[int, int] = SIZE) -> Pixels:
    """The lines of a picture as a strip (h, w, 3), from left to right in the order of `boxes`.

    All lines are scaled alike, so that the highest, the one with the fraction, fills the strip
    and characters are equally large everywhere; wider texts are scaled down.

    Args:
        pixels: (H, W, 3), the whole picture.
        boxes: its lines; none leave the strip blank.
        size: (w, h) of the strip.
    """
    parts = [part for part in (_cut(pixels, box) for box in boxes) if part.size]
    return joined(parts, paper_of(pixels), size)


def paper_of(pixels: Pixels) -> NDArray[np.float64]:
    """The colour (3,) of the paper of a picture (H, W, 3): that of most of its pixels."""
    return np.asarray(np.median(pixels[::7, ::7].reshape(-1, 3), axis=0), dtype=np.float64)


def joined(
    parts: Sequence[Pixels], paper: NDArray[np.floating], size: tuple[int, int] = SIZE
) -> Pixels:
    """Cut-out lines side by side on a strip (h, w, 3) of a colour (3,)."""
    strip = np.empty((size[1], size[0], 3), dtype=np.uint8)
    strip[:] = np.round(paper)
    if not parts:
        return strip
    between = gap(size[1])
    room = size[0] - between * (len(parts) + 1)
    scale = min(
        (size[1] - 2 * MARGIN) / max(part.shape[0] for part in parts),
        room / sum(part.shape[1] for part in parts),
    )
    x = between
    for part in parts:
        w, h = (max(1, int(side * scale)) for side in (part.shape[1], part.shape[0]))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        top = (size[1] - h) // 2
        strip[top : top + h, x : x + w] = cv2.resize(part, (w, h), interpolation=way)
        x += w + between
    return strip


def _cut(pixels: Pixels, box: Box) -> Pixels:
    """The pixels of a box and a little around it."""
    grown = grown_box(box, (pixels.shape[1], pixels.shape[0]))
    return pixels[grown[1] : grown[3], grown[0] : grown[2]]


def grown_box(box: Box, size: tuple[int, int]) -> Box:
    """A box with a little around it, on a picture (w, h)."""
    x0, y0, x1, y1 = box
    more = round(_GROWN * (y1 - y0)) + 1
    return max(x0 - more, 0), max(y0 - more, 0), min(x1 + more, size[0]), min(y1 + more, size[1])
