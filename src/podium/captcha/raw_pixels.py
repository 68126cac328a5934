"""Pixels of raw captchas, decoded part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.captcha.fit import PictureFit
from podium.captcha.source import LabelledPictures
from podium.core import picture_decoder
from podium.core.progress import progress

Pixels = NDArray[np.uint8]


class FittedDecoder:
    """Decodes pictures of any size, all as large as `fit` says."""

    def __init__(self, fit: PictureFit, max_megapixels: float) -> None:
        self.fit, self.max_megapixels = fit, max_megapixels

    def __call__(self, path: Path | None) -> Pixels:
        """Pixels (H, W, 3) uint8 RGB of the picture at `path`; white without one.

        Raises:
            PodiumError: it cannot be read.
        """
        if path is None:
            return white(self.fit.size)
        return self.fit(decode_picture(path, self.max_megapixels))


def decoded_parts(
    splits: Sequence[LabelledPictures], n: int, decode: Callable[[Path | None], Pixels]
) -> Iterator[tuple[list[Pixels], LabelledPictures]]:
    """All pictures of the splits, up to `n` of one split at a time, with their progress shown.

    Args:
        splits: train, validation and test.
        n: the most pictures in a part.
        decode: gives the pixels (H, W, 3) of a file; several threads call it.
    """
    parts = [
        split.select(range(start, min(start + n, len(split.ids))))
        for split in splits
        for start in range(0, len(split.ids), n)
    ]
    with ThreadPoolExecutor() as pool:  # decoding lets go of the interpreter lock
        for part in progress(parts, len(parts), "captchas, parts"):
            yield list(pool.map(decode, part.paths)), part


def white(size: tuple[int, int]) -> Pixels:
    """White pixels (h, w, 3) uint8 of `size` (w, h), in place of a picture that cannot be read."""
    return np.full((size[1], size[0], 3), 255, dtype=np.uint8)


def decode_picture(path: Path, max_megapixels: float) -> Pixels:
    """Pixels (H, W, 3) uint8 RGB of the picture at `path`; PodiumError if it cannot be read."""
    return picture_decoder.read(
        path, max_megapixels, "replace or remove it, and its label", contrast=True
    )
