"""The feature store: HDF5 files written whole, keyed by id, and shards of work in progress."""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError, first_line
from podium.core.files import write_bytes
from podium.core.hdf5_file import create_hdf5, dataset, open_hdf5, texts_in, write_texts
from podium.core.hdf5_guard import remember
from podium.core.ids import refuse_duplicates

BLOCK = 256  # rows per HDF5 chunk, each with its own checksum


@dataclass(frozen=True)
class FeatureFile:
    """The contents of a feature file.

    Attributes:
        ids: (N,).
        labels: (N,), '' if unknown.
        content: (N,) sha256 of each picture's bytes.
        features: (N, D).
        provenance: how they were computed, as JSON values.
    """

    ids: list[str]
    labels: list[str]
    content: list[str]
    features: NDArray[np.float32]
    provenance: dict[str, Any]


def read_features(path: Path) -> FeatureFile:
    """Read the feature file at `path` and check every block against its checksum.

    Raises:
        PodiumError: it is missing, damaged, or no feature file: each row needs an id of its own, a
            label, a content hash, and finite numbers.
    """
    with open_hdf5(path, "feature file") as file:
        contents = FeatureFile(
            ids=texts_in(file, "ids"),
            labels=texts_in(file, "labels"),
            content=texts_in(file, "content"),
            features=_float_table(file),
            provenance=_provenance(file),
        )
        _require_rows(contents)
    refuse_duplicates(path, contents.ids)
    return contents


def _float_table(file: h5py.File) -> NDArray[np.float32]:
    values: NDArray[np.float32] = dataset(file, "features", "f4", 2)[:]
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise ValueError(f"row {row} of the features is not finite")
    return values


def _provenance(file: h5py.File) -> dict[str, Any]:
    provenance = json.loads(file.attrs["provenance"])
    if not isinstance(provenance, dict):
        raise ValueError("its provenance is no JSON object")
    return provenance


def _require_rows(contents: FeatureFile) -> None:
    columns = contents.ids, contents.labels, contents.content, contents.features
    counts = [len(column) for column in columns]
    if len(set(counts)) > 1:
        names = "ids, labels, content and features"
        raise ValueError("{} have {}, {}, {} and {} rows".format(names, *counts))


def read_provenance(path: Path) -> dict[str, Any]:
    """Read how the features in `path` were computed, without reading them."""
    with open_hdf5(path, "feature file") as file:
        return _provenance(file)


def write_features(
    path: Path,
    ids: Sequence[str],
    labels: Sequence[str],
    content: Sequence[str],
    blocks: Iterator[NDArray[np.float32]],
    n_features: int,
    provenance: dict[str, Any],
) -> None:
    """Write a feature file, whole or not at all, block by block: memory does not grow with N.

    Args:
        path: the file.
        ids: (N,), in the order of the rows.
        labels: (N,), '' if unknown.
        content: (N,) sha256 of each picture's bytes.
        blocks: features (B, D), B <= BLOCK, N rows together.
        n_features: D.
        provenance: how the features were computed, as JSON values.
    """
    n_items = len(ids)
    n_bytes = (n_items + BLOCK) * n_features * 4 + 400 * n_items + (1 << 20)
    with create_hdf5(path, n_bytes) as (file, reserve):
        reserve(n_bytes)
        file.attrs["provenance"] = json.dumps(provenance, sort_keys=True)
        for name, texts in (("ids", ids), ("labels", labels), ("content", content)):
            write_texts(file, name, texts)
        features = _dataset(file, n_items, n_features)
        row = 0
        for block in blocks:
            features[row : row + len(block)] = block
            row += len(block)
        if row != n_items:
            raise PodiumError(f"{path}: {row} feature rows for {n_items} ids")


def _dataset(file: h5py.File, n_items: int, n_features: int) -> h5py.Dataset:
    chunks = (max(1, min(BLOCK, n_items)), n_features)
    return file.create_dataset(
        "features", (n_items, n_features), "f4", chunks=chunks, fletcher32=True
    )


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
        _dataset(image, len(keys), self.n_features)[:] = features
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

        Each shard is read once: where the order is not that of the shards, rows are first put in
        order in a file that is as large as they are together.

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
        with tempfile.TemporaryFile(dir=self.folder) as file:
            os.posix_fallocate(file.fileno(), 0, len(keys) * self.n_features * 4)
            table = np.memmap(file, np.float32, "r+", shape=(len(keys), self.n_features))
            for start in range(0, len(keys), BLOCK):
                rows = order[start : start + BLOCK]
                table[rows] = self.rows([keys[row] for row in rows])
            for start in range(0, len(keys), BLOCK):
                yield np.array(table[start : start + BLOCK])

    def _table(self, path: Path) -> NDArray[np.float32]:
        if self._open is None or self._open[0] != path:
            try:
                with open_hdf5(path, "shard") as file:
                    self._open = path, _float_table(file)
            except PodiumError as error:
                path.unlink(missing_ok=True)
                raise PodiumError(
                    f"{path}: damaged work in progress, now removed ({first_line(error)})\n"
                    "remedy: run the same command again"
                ) from None
        return self._open[1]
