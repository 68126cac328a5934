"""The tiles of many slides to learn from: drawn with a share of tumour, a function of the seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import json_sha256
from podium.slides.dataset import UNKNOWN, SlideRecord
from podium.slides.tile_store import load_pixels, load_tiles

Pixels = NDArray[np.uint8]
Places = NDArray[np.int64]  # (N,) numbers of tiles in the bank
MEMORY = 4 << 30  # bytes of tiles held; more are read from their files batch by batch


class TileDataset:
    """Tiles with known tumour, of train slides.

    Args:
        folder: of tile files.
        rows: all slides.

    Attributes:
        fold: (N,) of each tile.
        tumour: share (N,) of each tile.
        fingerprint: names the tiles, their order and folds.

    Raises:
        PodiumError: no slide has tiles to learn from, or only those of one fold have.
    """

    def __init__(self, folder: Path, rows: Sequence[SlideRecord]) -> None:
        learnt = [
            (path, row.fold)
            for row in rows
            for path in [folder / f"{row.slide}.h5"]
            if row.split == "train" and row.annotation != UNKNOWN and path.is_file()
        ]
        self._paths = [path for path, _ in learnt]
        tiles = [load_tiles(path) for path in self._paths]
        counts = [len(one.coordinates) for one in tiles]
        if not sum(counts):
            raise PodiumError(
                f"{folder}: no tiles to learn from\n"
                "remedy: annotate a train slide, or lower tile_slides.min_tissue"
            )
        self.fold = np.repeat([fold for _, fold in learnt], counts)
        if len(set(self.fold.tolist())) < 2:
            raise PodiumError(
                f"{folder}: all tiles to learn from are of fold {self.fold[0]}\n"
                "remedy: annotate slides of other patients, or lower tile_slides.min_tissue"
            )
        parts = [(one.slide, one.coordinates.tolist(), one.tumour.tolist()) for one in tiles]
        self.fingerprint = json_sha256({"tiles": parts, "folds": self.fold.tolist()})
        self.tile = tiles[0].grid.tile
        self.tumour = np.concatenate([one.tumour for one in tiles])
        self._file = np.repeat(np.arange(len(tiles)), counts)
        self._row = np.concatenate([np.arange(count) for count in counts])
        self._held: tuple[Pixels, Pixels] | None = None
        if len(self.fold) * self.tile**2 * 4 <= MEMORY:
            self._held = self._read(np.arange(len(self.fold)))

    def at(self, places: Places) -> tuple[Pixels, Pixels]:
        """Pixels (n, tile, tile, 3) and masks {0, 1} (n, tile, tile, 1) of tiles."""
        if self._held is None:
            return self._read(places)
        return self._held[0][places], self._held[1][places]

    def _read(self, places: Places) -> tuple[Pixels, Pixels]:
        pixels = np.empty((len(places), self.tile, self.tile, 3), dtype=np.uint8)
        masks = np.empty((len(places), self.tile, self.tile, 1), dtype=np.uint8)
        for number in np.unique(self._file[places]):
            mine = np.flatnonzero(self._file[places] == number)
            rows = self._row[places[mine]].tolist()
            pixels[mine] = load_pixels(self._paths[number], rows)
            masks[mine, :, :, 0] = load_pixels(self._paths[number], rows, "masks")
        return pixels, masks


def drawn(
    tumour: NDArray[np.float32], places: Places, n: int, share: float, seed: Sequence[int]
) -> Places:
    """The places (n,) of a batch, a function of its seed.

    Args:
        tumour: share (N,) of all tiles.
        places: those to draw from.
        n: tiles in a batch.
        share: of tiles with tumour among those drawn, in the mean; 0 draws all tiles alike.
        seed: of this batch.
    """
    rng = np.random.default_rng(list(seed))
    with_tumour, without = places[tumour[places] > 0], places[tumour[places] <= 0]
    if not share or not len(with_tumour) or not len(without):
        return rng.choice(places, n)
    first, second = rng.choice(with_tumour, n), rng.choice(without, n)
    return np.where(rng.random(n) < share, first, second)


def spread(places: Places, n: int) -> Places:
    """At most `n` of `places`, evenly spread over them."""
    return places[
        np.unique(np.linspace(0, len(places) - 1, min(n, len(places))).round().astype(int))
    ]
