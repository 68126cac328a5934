"""Tumour kept as the pixels of its mask, where outlines of them would take too long or too much."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from shapely import MultiPolygon

from podium.core.files import write_bytes

MAX_TOUCHES = 1_000  # places where two pixels meet at a corner only: each is repaired one by one
_ROWS = 512  # of a mask looked at together
MAX_STEPS = 500_000  # changes along the rows of a mask: about half as many corners


@dataclass(frozen=True, eq=False)
class PixelMask:
    """The tumour of a slide as a mask of the whole slide.

    Attributes:
        inside: (h, w), where there is tumour.
        downsample: level-0 pixels per pixel of the mask.
    """

    inside: NDArray[np.bool_]
    downsample: float

    @property
    def is_empty(self) -> bool:
        """Whether there is no tumour at all."""
        return not self.inside.any()

    @property
    def area(self) -> float:
        """Square pixels of level 0."""
        return float(np.count_nonzero(self.inside)) * self.downsample**2

    def window(
        self, l0_corner: tuple[float, float], size: tuple[int, int], downsample: float
    ) -> NDArray[np.uint8]:
        """A window (h, w) of the mask, uint8 {0, 1}: 1 where a pixel's centre lies in tumour.

        Args:
            l0_corner: x and y of its top left corner in level-0 pixels.
            size: (w, h) in pixels of the window.
            downsample: level-0 pixels per pixel of the window.
        """
        (columns, is_column), (rows, is_row) = (
            _indices(start, n, downsample / self.downsample, length)
            for start, n, length in zip(
                (at / self.downsample for at in l0_corner), size, self.inside.shape[::-1],
                strict=True,
            )
        )  # fmt: skip
        inside = self.inside[rows][:, columns] & is_row[:, None] & is_column
        return inside.astype(np.uint8)


Regions = MultiPolygon | PixelMask  # the tumour of a slide, in level-0 pixels


def _indices(
    start: float, n: int, step: float, length: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which pixels (n,) of the mask centres lie in, and whether they lie in the mask at all."""
    positions = np.floor(start + (np.arange(n) + 0.5) * step).astype(np.int64)
    return positions.clip(0, length - 1), (positions >= 0) & (positions < length)


def is_intricate(inside: NDArray[np.bool_]) -> bool:
    """Whether the outlines of a mask (h, w) would take long: it looks like noise."""
    n_steps = n_touches = 0
    for part in _parts(inside):
        n_steps += int(np.count_nonzero(part[:_ROWS, 1:] != part[:_ROWS, :-1]))
        a, b, c, d = part[:-1, :-1], part[:-1, 1:], part[1:, :-1], part[1:, 1:]
        n_touches += int(np.count_nonzero((a == d) & (b == c) & (a != b)))
        if n_steps > MAX_STEPS or n_touches > MAX_TOUCHES:
            return True
    return False


def _parts(inside: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """Parts of a mask of some rows, each with the first row of the next."""
    return (inside[top : top + _ROWS + 1] for top in range(0, len(inside), _ROWS))


def write(path: Path, mask: PixelMask) -> None:
    """Write a mask as a PNG of one bit, whole or not at all."""
    data = io.BytesIO()
    Image.fromarray(mask.inside).save(data, "PNG")
    write_bytes(path, data.getvalue())
