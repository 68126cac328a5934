"""Glyphs pasted from left to right on a canvas, with solid or with shaded edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Shares = NDArray[np.float32]


def solid_text(
    canvas: tuple[int, int],
    masks: Sequence[Bytes],
    places: Sequence[int],
    left: Shares,
) -> Shares:
    """The background's share (wide, h), in [0, 1], behind glyphs of one strength.

    Args:
        canvas: (wide, h), pixels.
        masks: (w, h) of each glyph: 1 where it is inked, 0 elsewhere.
        places: the left edge of each glyph.
        left: (256,) the share where 0, 1, 2... glyphs lie one upon the other.
    """
    covers = np.zeros(canvas, dtype=np.uint8)
    for part, mask in _parts(covers, masks, places):
        cv2.add(part, mask, part)
    return cast(Shares, cv2.LUT(covers, left))


def shaded_text(
    canvas: tuple[int, int],
    shades: Sequence[Bytes],
    places: Sequence[int],
    opacity: NDArray[np.float32],
) -> Bytes:
    """The background's and the ink's share (2, wide, h), 255 = all, of glyphs with dark edges.

    Args:
        canvas: (wide, h), pixels.
        shades: (w, h) of each glyph: how strong its colour is, 255 = full.
        places: the left edge of each glyph.
        opacity: (256,) of the ink at each strength, in [0, 1].
    """
    planes = np.zeros((2, *canvas), dtype=np.float32)
    planes[0] = 1
    keep, add = 1 - opacity, opacity * np.linspace(0, 1, 256, dtype=np.float32)
    for (part, shade), (ink, _) in zip(
        _parts(planes[0], shades, places), _parts(planes[1], shades, places), strict=True
    ):
        kept = cv2.LUT(shade, keep)
        part *= kept
        ink *= kept
        ink += cv2.LUT(shade, add)
    levels = cv2.convertScaleAbs(planes.reshape(-1, canvas[1]), alpha=255)
    return cast(Bytes, levels.reshape(2, *canvas))


def _parts(
    plane: NDArray[Any], shades: Sequence[Bytes], places: Sequence[int]
) -> Iterator[tuple[NDArray[Any], Bytes]]:
    """Where each glyph goes, in the middle of the height, and as much of it as the plane holds."""
    width, height = plane.shape
    for shade, x in zip(shades, places, strict=True):
        y = int((height - shade.shape[1]) / 2)
        seen = shade[: width - x, max(-y, 0) : height - y]
        y = max(y, 0)
        yield plane[x : x + seen.shape[0], y : y + seen.shape[1]], seen
