"""Regions kept as the pixels of a mask, where outlines of them would take too long or too much."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from shapely import MultiPolygon

from podium.core.files import write_bytes
from podium.slides.annotations.labelled import UNKNOWN, Labelled
from podium.slides.annotations.packed_mask import MaskRows

MAX_TOUCHES = 1_000  # places where two pixels meet at a corner only: each is repaired one by one
_ROWS = 512  # of a mask looked at together
MAX_STEPS = 500_000  # changes along the rows of a mask: about half as many corners


@dataclass(frozen=True, eq=False)
class PixelMask:
    """The tumour or the classes of a slide as a mask of the whole slide.

    Attributes:
        inside: (h, w), where there is tumour; labels where there are classes, UNKNOWN among them.
        downsample: level-0 pixels per pixel of the mask.
    """

    inside: NDArray[np.bool_] | NDArray[np.uint8]
    downsample: float

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Where (h, w) there is tumour or a class."""
        return (self.inside > 0) & (self.inside < UNKNOWN)

    @property
    def is_empty(self) -> bool:
        """Whether there is no tumour at all."""
        return not self.covered.any()

    @property
    def area(self) -> float:
        """Square pixels of level 0."""
        return float(np.count_nonzero(self.covered)) * self.downsample**2

    def window(
        self, l0_corner: tuple[float, float], size: tuple[int, int], downsample: float
    ) -> NDArray[np.uint8]:
        """A window (h, w) of the mask, uint8: the label where a pixel's centre lies, of tumour 1.

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
        inside = self.inside[rows][:, columns].astype(np.uint8)
        return np.where(is_row[:, None] & is_column, inside, 0).astype(np.uint8)


Regions = MultiPolygon | Labelled | PixelMask  # of a slide, in level-0 pixels; plain ones: tumour


def _indices(
    start: float, n: int, step: float, length: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which pixels (n,) of the mask centres lie in, and whether they lie in the mask at all."""
    positions = np.floor(start + (np.arange(n) + 0.5) * step).astype(np.int64)
    return positions.clip(0, length - 1), (positions >= 0) & (positions < length)


def downsample_of(mask: tuple[int, int], slide: tuple[int, int]) -> float | None:
    """Level-0 pixels per pixel of a mask (w, h) of a slide (w, h); None where it does not fit.

    Sides may be rounded up or down, as those of levels are: 251 of 2,003 px is one in 8.
    """
    if mask[0] * slide[1] == mask[1] * slide[0]:
        return slide[0] / mask[0]
    ratio = (slide[0] * slide[1] / (mask[0] * mask[1])) ** 0.5
    for downsample in (float(max(round(ratio), 1)), ratio):
        over = [n * downsample - side for n, side in zip(mask, slide, strict=True)]
        is_rounded = max(map(abs, over)) <= downsample / 2
        one_way = (min(over) >= 0 or max(over) <= 0) and max(map(abs, over)) < downsample
        if downsample >= 2 and (is_rounded or one_way):
            return downsample
    return None


def is_intricate(inside: MaskRows, max_steps: int = MAX_STEPS) -> bool:
    """Whether the outlines of a mask (h, w), bool or uint8, would take long: it is like noise.

    `max_steps` changes along its rows are few.
    """
    n_steps = n_touches = 0
    for part in _parts(inside):
        n_steps += int(np.count_nonzero(part[:_ROWS, 1:] != part[:_ROWS, :-1]))
        a, b, c, d = part[:-1, :-1], part[:-1, 1:], part[1:, :-1], part[1:, 1:]
        n_touches += int(np.count_nonzero((a == d) & (b == c) & (a != b)))
        if n_steps > max_steps or n_touches > MAX_TOUCHES:
            return True
    return False


def _parts(inside: MaskRows) -> Iterator[NDArray[Any]]:
    """Parts of a mask of some rows, each with the first row of the next."""
    return (inside[top : top + _ROWS + 1] for top in range(0, len(inside), _ROWS))


def write(path: Path, mask: PixelMask) -> None:
    """Write a mask as a PNG of one bit, or of labels, whole or not at all."""
    data = io.BytesIO()
    Image.fromarray(mask.inside).save(data, "PNG")
    write_bytes(path, data.getvalue())
