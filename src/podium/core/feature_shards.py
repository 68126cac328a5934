"""Shards of features: work in progress, in a scratch folder."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError, first_line
from podium.core.feature_store import BLOCK, features_dataset, finite_blocks
from podium.core.files import write_bytes
from podium.core.hdf5_file import dataset, open_hdf5, texts_in, write_texts
from podium.core.hdf5_guard import remember
from podium.core.mapped_rows import empty_rows


class Shards:
    """Features computed so far, by content hash of the picture, in a scratch folder.

    Each shard is a small HDF5 file that one rename puts in place: a shard that exists is complete,
    at whatever moment a process is killed. Several processes may add to one folder.

    Attributes:
        where: content hash -> file and row.
    """

    def __init__(self, folder: Path, n_features: int) -> None:
        self.folder = folder
        self.n_features = n_features
        self.where: dict[str, tuple[Path, int]] = {}
        self._open: tuple[Path, NDArray[np.float32]] | None = None
        for path in sorted(folder.glob("shard-*.h5")):
            self._index(path)

    def _index(self, path: Path) -> None:
        try:
            with open_hdf5(path, "shard") as file:
                keys = texts_in(file, "content")
                if file["features"].shape != (len(keys), self.n_features):
                    raise ValueError("wrong shape")
                file["features"][-1:]  # a damaged block shows here or in `row`
        except PodiumError:
            path.unlink(missing_ok=True)  # scratch: losing it costs time, never results
            return
        self.where.update((key, (path, row)) for row, key in enumerate(keys))

    def add(self, keys: Sequence[str], features: NDArray[np.float32]) -> None:
        """Write the features (n, D) of the pictures with content hashes `keys` (n,)."""
        image = h5py.File.in_memory()  # a full disk crashes HDF5, but not Python's own write
        write_texts(image, "content", keys)
        features_dataset(image, len(keys), self.n_features)[:] = features
        image.flush()
        data = image.id.get_file_image()
        image.close()
        path = self.folder / f"shard-{uuid.uuid4().hex}.h5"
        write_bytes(path, data)
        remember(path)
        self.where.update((key, (path, row)) for row, key in enumerate(keys))

    def rows(self, keys: Sequence[str]) -> NDArray[np.float32]:
        """Return the features (n, D) of the pictures with content hashes `keys`, in that order.

        Raises:
            PodiumError: a shard was damaged and is now removed; the next run computes it again.
        """
        out = np.empty((len(keys), self.n_features), dtype=np.float32)
        by_shard: dict[Path, list[int]] = {}
        for index, key in enumerate(keys):
            by_shard.setdefault(self.where[key][0], []).append(index)
        for path, indices in by_shard.items():
            table = self._table(path)
            out[indices] = table[[self.where[keys[index]][1] for index in indices]]
        return out

    def blocks(self, keys: Sequence[str]) -> Iterator[NDArray[np.float32]]:
        """Yield features (B, D), B <= BLOCK, of the pictures with hashes `keys`, in that order.

        Each shard is read once: where the order is not that of the shards, all rows are first put
        in order.

        Raises:
            PodiumError: as `rows`.
        """
        parts = [keys[start : start + BLOCK] for start in range(0, len(keys), BLOCK)]
        shards = [self.where[key][0] for key in keys]
        if not keys:
            return
        n_turns = sum(a != b for a, b in pairwise(shards))
        if n_turns < len(set(shards)):
            yield from map(self.rows, parts)
            return
        order = sorted(range(len(keys)), key=lambda row: shards[row])
        table = empty_rows(len(keys), self.n_features)
        for start in range(0, len(keys), BLOCK):
            rows = order[start : start + BLOCK]
            table[rows] = self.rows([keys[row] for row in rows])
        for start in range(0, len(keys), BLOCK):
            yield table[start : start + BLOCK]

    def _table(self, path: Path) -> NDArray[np.float32]:
        if self._open is None or self._open[0] != path:
            try:
                with open_hdf5(path, "shard") as file:
                    blocks = list(finite_blocks(dataset(file, "features", "f4", 2)))
                self._open = path, np.concatenate(blocks)
            except PodiumError as error:
                path.unlink(missing_ok=True)
                raise PodiumError(
                    f"{path}: damaged work in progress, now removed ({first_line(error)})\n"
                    "remedy: run the same command again"
                ) from None
        return self._open[1]
