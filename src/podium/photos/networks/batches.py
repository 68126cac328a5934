"""Batches of augmented pictures, made ahead by threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.core import hardware
from podium.core.params import PhotoNetwork
from podium.photos.networks.augment import Pixels, augmented, mixed, row_rng
from podium.training.loop import Batch
from podium.training.order import shuffled_rows


@dataclass(frozen=True)
class TrainPictures:
    """What the network of one fold learns from.

    Attributes:
        pixels: (N, S, S, 3) of all pictures.
        targets: (N, C) float32.
        rows: (n,) numbers of those that it learns from.
        settings: augmentation, mixing and seed.
    """

    pixels: Pixels
    targets: NDArray[np.float32]
    rows: NDArray[np.int64]
    settings: PhotoNetwork

    def batches(self, size: int, start: int) -> Iterator[Batch]:
        """Yield endless batches: pixels (size, S, S, 3) and targets (size, C).

        `start` is how many pictures were seen before the first.
        """
        n, seed = len(self.rows), self.settings.seed
        with ThreadPoolExecutor(hardware.cores()) as pool:
            while True:
                order = shuffled_rows(start, size, n, seed)
                epochs = [(start + k) // n for k in range(size)]
                made = list(pool.map(self.picture, epochs, self.rows[order]))
                yield np.stack([pixels for pixels, _ in made]), np.stack([t for _, t in made])
                start += size

    def picture(self, epoch: int, row: int) -> tuple[Pixels, NDArray[np.float32]]:
        """Return pixels (S, S, 3) and target (C,) of a row as an epoch shows it."""
        settings = self.settings
        rng = row_rng(settings.seed, epoch, row)
        pixels = augmented(np.asarray(self.pixels[row]), settings.augment, rng)
        if settings.mix == "none":
            return pixels, self.targets[row]
        other = int(self.rows[rng.integers(len(self.rows))])
        second = augmented(np.asarray(self.pixels[other]), settings.augment, rng)
        pair = (pixels, self.targets[row]), (second, self.targets[other])
        return mixed(*pair, settings, rng)
