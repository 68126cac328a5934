"""A descriptor of pictures that nothing was trained for: the baseline of all networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def oriented_gradients(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return histograms of oriented gradients (N, D) of RGB pixels (N, H, W, 3).

    Cells of 16 px, blocks of 2x2 cells, 9 directions (Dalal & Triggs 2005).
    """
    from skimage.color import rgb2gray
    from skimage.feature import hog

    cells: dict[str, Any] = {
        "pixels_per_cell": (16, 16), "cells_per_block": (2, 2), "orientations": 9,
    }  # fmt: skip
    return np.stack([hog(rgb2gray(picture), **cells) for picture in pixels]).astype(np.float32)
