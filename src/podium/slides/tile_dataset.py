"""The tiles that networks train on: from many slides, sampled as a function of the seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.slides.dataset import UNKNOWN, SlideRecord
from podium.slides.reader import Slide
from podium.slides.tile_pixels import read_from_slide
from podium.slides.tile_store import Tiles, has_pixels, load_pixels, load_tiles

Pixels = NDArray[np.uint8]
Indices = NDArray[np.int64]  # (n,) of tiles in the dataset
MEMORY = 4 << 30  # bytes of tiles held; more are read from their files batch by batch


class TileDataset:
    """Tiles of which at least a part is known, of train slides.

    Args:
        folder: of tile files.
        rows: all slides.
        n_classes: K.
        open_slide: opens the slide of a row, where a file holds coordinates only.

    Attributes:
        tile: side of a tile, in its own pixels.
        fold: (N,) of each tile.
        shares: of each class (N, K) in each tile.
        n_classes: K.
        has_unknown: whether a mask holds places that nobody knows.
        fingerprint: a hash of the tiles, their order and folds.

    Raises:
        PodiumError: there are no tiles, or only those of one fold.
    """

    def __init__(
        self,
        folder: Path,
        rows: Sequence[SlideRecord],
        n_classes: int = 1,
        open_slide: Callable[[SlideRecord], Slide] | None = None,
    ) -> None:
        files = [
            (path, row)
            for row in rows
            for path in [folder / f"{row.slide}.h5"]
            if row.split == "train" and row.annotation != UNKNOWN and path.is_file()
        ]
        self._files, self._open_slide = files, open_slide
        slides = [load_tiles(path) for path, _ in files]
        counts = [len(_known(tiles)) for tiles in slides]
        if not sum(counts):
            raise PodiumError(
                f"{folder}: no tiles to learn from\n"
                "remedy: annotate a train slide, or lower tile_slides.min_tissue"
            )
        self.fold = np.repeat([row.fold for _, row in files], counts)
        if len(set(self.fold.tolist())) < 2:
            raise PodiumError(
                f"{folder}: all tiles to learn from are of fold {self.fold[0]}\n"
                "remedy: annotate slides of other patients, or lower tile_slides.min_tissue"
            )
        digest = hashlib.sha256(self.fold.tobytes())
        for tiles in slides:
            digest.update(f"{tiles.slide}\0{len(tiles.coordinates)}\0".encode())
            digest.update(tiles.coordinates.tobytes() + tiles.tumour.tobytes())
        self.fingerprint = digest.hexdigest()
        self.tile = slides[0].grid.tile
        self.n_classes = n_classes
        self.has_unknown = any(tiles.has_unknown for tiles in slides)
        self.shares = np.concatenate([_shares(tiles, n_classes) for tiles in slides])
        self._file = np.repeat(np.arange(len(slides)), counts)
        self._row = np.concatenate([_known(tiles) for tiles in slides])
        self._held: tuple[Pixels, Pixels] | None = None
        if len(self.fold) * self.tile**2 * 4 <= MEMORY:
            self._held = self._read_files(np.arange(len(self.fold)))

    def read(self, indices: Indices) -> tuple[Pixels, Pixels]:
        """Pixels (n, tile, tile, 3) and masks of labels (n, tile, tile, 1) of tiles."""
        if self._held is None:
            return self._read_files(indices)
        return self._held[0][indices], self._held[1][indices]

    def _read_files(self, indices: Indices) -> tuple[Pixels, Pixels]:
        pixels = np.empty((len(indices), self.tile, self.tile, 3), dtype=np.uint8)
        masks = np.empty((len(indices), self.tile, self.tile, 1), dtype=np.uint8)
        for number in np.unique(self._file[indices]):
            of_file = np.flatnonzero(self._file[indices] == number)
            rows = self._row[indices[of_file]].tolist()
            pixels[of_file] = self._pixels(number, rows)
            masks[of_file, :, :, 0] = load_pixels(self._files[number][0], rows, "masks")
        return pixels, masks

    def _pixels(self, number: int, rows: Sequence[int]) -> Pixels:
        """Pixels (n, tile, tile, 3) of some tiles of a file, of its slide where it has none."""
        path, row = self._files[number]
        if self._open_slide is None or has_pixels(path):
            return load_pixels(path, rows)
        return read_from_slide(path, rows, self._open_slide(row))


def _known(tiles: Tiles) -> Indices:
    """Rows (n,) of the tiles of which at least a part is known."""
    return np.flatnonzero(~np.isnan(tiles.tumour))


def _shares(tiles: Tiles, n_classes: int) -> NDArray[np.float32]:
    """Share of each class (n, K) in the tiles of which something is known."""
    if n_classes == 1:
        return tiles.tumour[_known(tiles), None]
    nothing = np.zeros(len(tiles.tumour), dtype=np.float32)
    alone = {} if tiles.classes else {1: tiles.tumour}
    classes = [(tiles.classes or alone).get(k + 1, nothing) for k in range(n_classes)]
    return np.stack(classes, axis=1)[_known(tiles)]


def sample_batch(
    shares: NDArray[np.float32], indices: Indices, n: int, share: float, seed: Sequence[int]
) -> Indices:
    """The tiles (n,) of a batch, drawn with replacement.

    Args:
        shares: of each class (N, K) in all tiles; tiles with a class are drawn class by class.
        indices: (M,) of the tiles to draw from.
        n: tiles in a batch.
        share: expected share of tiles with tumour in the batch; 0 draws all tiles alike.
        seed: of this batch.
    """
    rng = np.random.default_rng(list(seed))
    holds = shares[indices] > 0
    classes, without = [k for k in range(holds.shape[1]) if holds[:, k].any()], ~holds.any(axis=1)
    if not share or not classes or (len(shares[0]) == 1 and not without.any()):
        return rng.choice(indices, n)
    positives = rng.choice(indices[holds[:, classes[0]]], n)
    if len(classes) > 1:
        others = [rng.choice(indices[holds[:, k]], n) for k in classes[1:]]
        positives = np.choose(rng.integers(0, len(classes), n), [positives, *others])
    negatives = rng.choice(indices[without] if without.any() else indices, n)
    return np.where(rng.random(n) < share, positives, negatives)


def evenly_spaced(indices: Indices, n: int) -> Indices:
    """At most `n` of `indices` (M,), evenly spaced; the first and the last among them."""
    positions = np.linspace(0, len(indices) - 1, min(n, len(indices))).round().astype(int)
    return indices[np.unique(positions)]
