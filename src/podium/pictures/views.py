"""Which parts of a picture a network sees: the whole, or several views with averaged features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from podium.core.picture_decoder import resize

CROP = 7 / 8  # of each side
N_VIEWS = {"plain": 1, "flip": 2, "crops": 10}
# in the provenance of features: another way to crop needs another wording
AVERAGED = {
    "flip": "the picture and its mirror image",
    "crops": f"five crops of {CROP} of each side and their mirror images",
}


def cut(image: Image.Image, size: int, views: str) -> NDArray[np.uint8]:
    """Return RGB pixels (C, size, size, 3) of the whole picture or, for crops, of five parts.

    Args:
        image: RGB.
        size: width and height in pixels.
        views: plain and flip give one picture, crops the four corners and the centre.
    """
    if views != "crops":
        return resize(image, (size, size))[None]
    places = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.5)]
    return np.stack([_crop(image, size, across, down) for across, down in places])


def _crop(image: Image.Image, size: int, across: float, down: float) -> NDArray[np.uint8]:
    """The crop (size, size, 3) whose place goes from 0 (left, top) to 1 (right, bottom)."""
    left, top = (1 - CROP) * across * image.width, (1 - CROP) * down * image.height
    box = (left, top, left + CROP * image.width, top + CROP * image.height)
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box=box))


def mirror(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures (..., H, W, 3) with left and right exchanged."""
    return np.ascontiguousarray(pictures[..., ::-1, :])
