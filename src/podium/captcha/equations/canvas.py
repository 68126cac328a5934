"""Pictures of equations painted, whole or in part."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.scene import GRAIN_SLACK, HEIGHTS, WIDTHS, Box, Ink, Ints, Scene
from podium.captcha.equations.typeset import BAR, glyph

Pixels = NDArray[np.uint8]
_GRAIN = 24.0  # standard deviation of the noise that is kept, levels


def paint(scene: Scene, region: Box | None = None) -> Pixels:
    """The pixels (h, w, 3) uint8 RGB of a region; of the whole picture if it is None.

    A region has the same pixels as in the whole picture.
    """
    x0, y0, x1, y1 = region = region or (0, 0, *scene.size)
    grain = _noise()[
        scene.grain_at[1] + y0 : scene.grain_at[1] + y1,
        scene.grain_at[0] + x0 : scene.grain_at[0] + x1,
    ]
    levels = (np.arange(256) - 128) / _GRAIN * scene.grain
    tables = (np.clip(np.round(level + levels), 0, 255) for level in scene.paper)
    pixels = cast(Pixels, cv2.merge([cv2.LUT(grain, table.astype(np.uint8)) for table in tables]))
    for ink in scene.inks:
        _paste(pixels, scene.font, ink, region)
    _draw_strays(pixels, scene, region)
    _draw_speckles(pixels, scene, region)
    return pixels


@lru_cache(maxsize=1)
def _noise() -> Pixels:
    """Noise levels (h, w) around 128: the same for all pictures, and larger than any of them."""
    shape = max(HEIGHTS) + GRAIN_SLACK, max(WIDTHS) + GRAIN_SLACK
    levels = np.random.default_rng(0).normal(128, _GRAIN, shape)
    return np.clip(np.round(levels), 0, 255).astype(np.uint8)


def _paste(pixels: Pixels, font: str, ink: Ink, region: Box) -> None:
    """Blend one glyph into the pixels of a region."""
    reach = math.ceil(math.hypot(*ink.size) / 2) + 2
    cx, cy = ink.centre
    left, top = max(int(cx) - reach, region[0]), max(int(cy) - reach, region[1])
    right, bottom = min(int(cx) + reach, region[2]), min(int(cy) + reach, region[3])
    if left >= right or top >= bottom:
        return
    coverage = _BAR if ink.character == BAR else glyph(font, ink.character).coverage
    h, w = coverage.shape
    turn = math.radians(ink.degrees)
    cos, sin = math.cos(turn), math.sin(turn)
    fx, fy = (w - 2) / ink.size[0], (h - 2) / ink.size[1]
    matrix = np.array([[cos * fx, -sin * fx, 0.0], [sin * fy, cos * fy, 0.0]])
    middle = np.array([left + 0.5 - cx, top + 0.5 - cy])
    matrix[:, 2] = matrix[:, :2] @ middle + ((w - 1) / 2, (h - 1) / 2)
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    share = cv2.warpAffine(coverage, matrix, (right - left, bottom - top), None, flags)
    part = pixels[top - region[1] : bottom - region[1], left - region[0] : right - region[0]]
    alpha = share[..., None].astype(np.float32) / 255
    part[:] = np.round(part + alpha * (np.array(ink.colour, dtype=np.float32) - part))


_BAR = np.pad(np.full((4, 64), 255, dtype=np.uint8), 1)


def _draw_strays(pixels: Pixels, scene: Scene, region: Box) -> None:
    """Draw the lines that cross a region pixel by pixel: clipping would move their pixels."""
    x0, y0, x1, y1 = region
    ends = scene.strays
    low, high = np.minimum(ends[:, :2], ends[:, 2:4]), np.maximum(ends[:, :2], ends[:, 2:4])
    near = (low < (x1, y1)).all(1) & (high > (x0 - 2, y0 - 2)).all(1)
    for fx, fy, tx, ty, thick, *colour in ends[near].tolist():
        steps = np.linspace(0, 1, max(abs(tx - fx), abs(ty - fy), 1) + 1)
        x = np.rint(fx + steps * (tx - fx)).astype(np.int64) - x0
        y = np.rint(fy + steps * (ty - fy)).astype(np.int64) - y0
        for offset in range(thick):
            _dot(pixels, x + offset * (abs(ty - fy) > abs(tx - fx)), y, colour)
            _dot(pixels, x, y + offset * (abs(ty - fy) <= abs(tx - fx)), colour)


def _dot(pixels: Pixels, x: Ints, y: Ints, colour: list[int] | Ints) -> None:
    """Colour those of the pixels x, y (n,) that lie on the picture."""
    inside = (x >= 0) & (x < pixels.shape[1]) & (y >= 0) & (y < pixels.shape[0])
    pixels[y[inside], x[inside]] = colour if isinstance(colour, list) else colour[inside]


def _draw_speckles(pixels: Pixels, scene: Scene, region: Box) -> None:
    """Draw the speckles of a region, small ones over large ones."""
    x0, y0, x1, y1 = region
    at = scene.speckles[:, :2]
    near = scene.speckles[((at >= (x0 - 3, y0 - 3)) & (at < (x1, y1))).all(1)]
    for side in (3, 2, 1):
        specks = near[near[:, 2] == side]
        for dx in range(side):
            for dy in range(side):
                x, y = specks[:, 0] - x0 + dx, specks[:, 1] - y0 + dy
                _dot(pixels, x, y, specks[:, 3:])
