"""A batch of pictures computed in parts that fit the processor's cache, some at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core import hardware

PART_PX = 8 * 224 * 224  # of the pictures in a part: of more, layers leave the processor's caches


def parts_of(pixels: Any, part_px: int = 0) -> list[Any]:
    """Return a batch (N, H, W, 3) in equal parts of `part_px` pixels at most, or single pictures.

    0 is PART_PX.
    """
    n_rows, height, width, _ = pixels.shape
    n_parts = max(1, min(n_rows, -(-n_rows * height * width // (part_px or PART_PX))))
    ends = [n_rows * part // n_parts for part in range(n_parts + 1)]
    return [pixels[start:end] for start, end in pairwise(ends)]


def compute_by_parts(
    compute: Callable[[Any], NDArray[np.float32]], pixels: Any, part_px: int = 0
) -> NDArray[np.float32]:
    """Return `compute` of a batch, a function whose rows depend on nothing else.

    Args:
        compute: from pictures to an array (n, ...).
        pixels: (N, H, W, 3).
        part_px: as `parts_of` takes it.
    """
    with ThreadPoolExecutor(hardware.cores()) as pool:
        return np.concatenate(list(pool.map(compute, parts_of(pixels, part_px))))
