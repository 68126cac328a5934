"""The feature store: HDF5 files written whole, keyed by id, and shards of work in progress."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError, first_line
from podium.core.files import atomic_write, locked, require_space, write_bytes
from podium.core.hdf5_guard import check_hdf5, remember
from podium.core.ids import refuse_duplicates
from podium.core.printable import printable

BLOCK = 256  # rows per HDF5 chunk, each with its own checksum
_TEXT = h5py.string_dtype("utf-8")


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
            ids=_texts(file["ids"]),
            labels=_texts(file["labels"]),
            content=_texts(file["content"]),
            features=_float_table(file["features"]),
            provenance=_provenance(file),
        )
        _require_rows(contents)
    refuse_duplicates(path, contents.ids)
    return contents


def _float_table(dataset: h5py.Dataset) -> NDArray[np.float32]:
    if dataset.ndim != 2 or dataset.dtype != np.float32:
        raise ValueError(f"features are {dataset.dtype} {dataset.shape}, not float32 (N, D)")
    values: NDArray[np.float32] = dataset[:]
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
    texts = (contents.ids, contents.labels, contents.content)
    counts = [len(column) for column in texts]
    if set(counts) != {len(contents.features)}:
        raise ValueError(
            "ids, labels, content and features have {}, {}, {} and {} rows".format(
                *counts, len(contents.features)
            )
        )


def read_provenance(path: Path) -> dict[str, Any]:
    """Read how the features in `path` were computed, without reading them."""
    with open_hdf5(path, "feature file") as file:
        return _provenance(file)


@contextmanager
def open_hdf5(path: Path, kind: str) -> Iterator[h5py.File]:
    """Open the HDF5 file at `path` for reading, once it is known that this is safe.

    Raises:
        PodiumError: it is missing, damaged, refers to other files, or is no `kind` (it lacks what
            the block reads).
    """
    check_hdf5(path, kind)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except FileNotFoundError:
        raise PodiumError(f"{printable(path)}: no such file\nremedy: run dvc repro") from None
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        reason = f"damaged, or no {kind} ({printable(error)})"
        raise PodiumError(
            f"{printable(path)}: {reason}\nremedy: remove it and run dvc repro"
        ) from None


def _texts(dataset: h5py.Dataset) -> list[str]:
    if dataset.ndim != 1:
        raise ValueError(f"{dataset.name} is {dataset.shape}, not one column")
    return [str(text) for text in dataset.asstr()[:]]


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
    padded = (n_items + BLOCK) * n_features * 4
    require_space(path, padded + 400 * n_items + (1 << 20))
    with locked(path), atomic_write(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["provenance"] = json.dumps(provenance, sort_keys=True)
        for name, texts in (("ids", ids), ("labels", labels), ("content", content)):
            file.create_dataset(name, data=list(texts), dtype=_TEXT)
        features = _dataset(file, n_items, n_features)
        row = 0
        for block in blocks:
            features[row : row + len(block)] = block
            row += len(block)
        if row != n_items:
            raise PodiumError(f"{path}: {row} feature rows for {n_items} ids")
    remember(path)


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
                keys = _texts(file["content"])
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
        image.create_dataset("content", data=list(keys), dtype=_TEXT)
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

    def _table(self, path: Path) -> NDArray[np.float32]:
        if self._open is None or self._open[0] != path:
            try:
                with open_hdf5(path, "shard") as file:
                    self._open = path, _float_table(file["features"])
            except PodiumError as error:
                path.unlink(missing_ok=True)
                raise PodiumError(
                    f"{path}: damaged work in progress, now removed ({first_line(error)})\n"
                    "remedy: run the same command again"
                ) from None
        return self._open[1]
