"""Pictures in the order in which a reader sees them, a function of (seed, position) only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.params import TrainCaptchaReader
from podium.training.loop import Augment, Batch
from podium.training.runtime import keras


def rows_at(start: int, n: int, n_pictures: int, seed: int) -> NDArray[np.int64]:
    """Row numbers (n,) of the pictures seen as number `start`, `start` + 1, ...

    Every pass over the pictures has an order of its own, which depends on (seed, pass) only.
    """
    seen = np.arange(start, start + n)
    passes = seen // n_pictures
    out = np.empty(n, dtype=np.int64)
    for number in np.unique(passes):
        mine = passes == number
        out[mine] = _order(n_pictures, seed, int(number))[seen[mine] % n_pictures]
    return out


@lru_cache(maxsize=2)  # a batch reaches over the end of a pass at most now and then
def _order(n_pictures: int, seed: int, number: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, number]).permutation(n_pictures)


def stored_batches(
    pixels: NDArray[np.uint8], labels: NDArray[np.int32], settings: TrainCaptchaReader, start: int
) -> Iterator[Batch]:
    """Batches from picture number `start` on, for ever, out of pictures in memory."""
    while True:
        rows = rows_at(start, settings.batch_size, len(pixels), settings.seed)
        yield pixels[rows], labels[rows]
        start += settings.batch_size


def rebatched(parts: Iterator[Batch], size: int) -> Iterator[Batch]:
    """Parts of any size as batches of `size`; a shorter rest is dropped."""
    pixels: list[NDArray[np.uint8]] = []
    labels: list[NDArray[np.integer[Any]]] = []
    for more, their in parts:
        pixels, labels = [np.concatenate([*pixels, more])], [np.concatenate([*labels, their])]
        while len(pixels[0]) >= size:
            yield pixels[0][:size], labels[0][:size]
            pixels, labels = [pixels[0][size:]], [labels[0][size:]]


def distortions(
    n: int, size: tuple[int, int], strength: float, seed: Sequence[int]
) -> NDArray[np.float32]:
    """Projective transforms (n, 8) about the centre of pictures (w, h), output to input.

    Scale, shear and turn (radians) reach up to +-`strength`, shifts up to `strength` * h.
    """
    rng = np.random.default_rng(list(seed))
    along, across, lean, turn, right, down = rng.uniform(-strength, strength, (6, n))
    cos, sin = np.cos(turn), np.sin(turn)
    a, b = cos * (1 + along), lean - sin
    d, e = sin, cos * (1 + across)
    x, y = (size[0] - 1) / 2, (size[1] - 1) / 2
    c, f = x - a * x - b * y + right * size[1], y - d * x - e * y + down * size[1]
    zero = np.zeros(n)
    return np.stack([a, b, c, d, e, f, zero, zero], axis=1).astype(np.float32)


def distorted(strength: float, seed: int) -> Augment | None:
    """Augmentation by `distortions`; None where `strength` is 0."""

    def augment(pixels: Any, labels: Any, number: int) -> tuple[Any, Any]:
        n, h, w, _ = pixels.shape
        moves = distortions(n, (w, h), strength, (seed, number))
        return keras.ops.image.affine_transform(pixels, moves, "bilinear", "nearest"), labels

    return augment if strength else None
