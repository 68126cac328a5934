"""Training batches for readers: stored or drawn pictures in an order that depends on the seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.captcha.charset import Charset
from podium.captcha.ctc import padded_labels
from podium.captcha.equations.recombine import Recombination
from podium.core.params import TrainCaptchaReader
from podium.training.loop import Augment, Batch
from podium.training.order import shuffled_rows
from podium.training.runtime import keras


def stored_batches(
    pixels: NDArray[np.uint8], labels: NDArray[np.int32], settings: TrainCaptchaReader, start: int
) -> Iterator[Batch]:
    """Endless batches of pictures in memory.

    Args:
        pixels: (N, H, W, 3), all pictures.
        labels: (N, K), padded with the blank.
        settings: give the batch size and the seed.
        start: how many pictures were seen before the first batch.
    """
    while True:
        rows = shuffled_rows(start, settings.batch_size, len(pixels), settings.seed)
        yield pixels[rows], labels[rows]
        start += settings.batch_size


def recombined_batches(
    pixels: NDArray[np.uint8],
    texts: Sequence[str],
    charset: Charset,
    settings: TrainCaptchaReader,
    start: int,
) -> Iterator[Batch]:
    """Endless batches of strips in memory, with assignments of other strips in some of them.

    Args:
        pixels: (N, h, w, 3), all strips.
        texts: (N,), of the strips.
        charset: gives the labels of the texts.
        settings: give the batch size, the seed, and the share of strips to recombine.
        start: how many strips were seen before the first batch.
    """
    recombination, longest = Recombination(texts), max(map(len, texts))
    while True:
        rows = shuffled_rows(start, settings.batch_size, len(pixels), settings.seed)
        rng = np.random.default_rng([settings.seed, start])
        strips, new_texts = recombination.batch(pixels, rows, settings.recombine, rng)
        yield strips, padded_labels(new_texts, charset, longest)
        start += settings.batch_size


def rebatch(parts: Iterator[Batch], size: int) -> Iterator[Batch]:
    """Batches of `size` pixels (B, H, W, 3) and labels (B, K); a shorter rest is dropped."""
    pixels: list[NDArray[np.uint8]] = []
    labels: list[NDArray[np.integer[Any]]] = []
    for part in parts:
        pixels, labels = [np.concatenate([*pixels, part[0]])], [np.concatenate([*labels, part[1]])]
        while len(pixels[0]) >= size:
            yield pixels[0][:size], labels[0][:size]
            pixels, labels = [pixels[0][size:]], [labels[0][size:]]


def random_transforms(
    n: int, size: tuple[int, int], strength: float, seed: Sequence[int]
) -> NDArray[np.float32]:
    """Random projective transforms (n, 8) about the centre of a picture, output to input.

    Args:
        n: how many transforms.
        size: (w, h) of the picture, pixels.
        strength: scale, shear and turn (radians) reach up to +-`strength`, shifts up to
            `strength` * h.
        seed: of the random numbers.
    """
    rng = np.random.default_rng(list(seed))
    scale_x, scale_y, shear, turn, right, down = rng.uniform(-strength, strength, (6, n))
    cos, sin = np.cos(turn), np.sin(turn)
    a, b = cos * (1 + scale_x), shear - sin
    d, e = sin, cos * (1 + scale_y)
    x, y = (size[0] - 1) / 2, (size[1] - 1) / 2
    c, f = x - a * x - b * y + right * size[1], y - d * x - e * y + down * size[1]
    zero = np.zeros(n)
    return np.stack([a, b, c, d, e, f, zero, zero], axis=1).astype(np.float32)


def augmentation(strength: float, seed: int) -> Augment | None:
    """An augmentation by `random_transforms`; None if `strength` is 0."""

    def augment(pixels: Any, labels: Any, number: int) -> tuple[Any, Any]:
        n, h, w, _ = pixels.shape
        transforms = random_transforms(n, (w, h), strength, (seed, number))
        return keras.ops.image.affine_transform(pixels, transforms, "bilinear", "nearest"), labels

    return augment if strength else None
