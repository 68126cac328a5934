"""The feature store: HDF5 files of features, written whole, keyed by id."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.hdf5_file import create_hdf5, dataset, open_hdf5, texts_in, write_texts
from podium.core.ids import refuse_duplicates

BLOCK = 256  # rows per HDF5 chunk, each with its own checksum
Features = NDArray[np.float32]


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


@contextmanager
def open_features(path: Path) -> Iterator[tuple[FeatureFile, Iterator[Features]]]:
    """Give the facts of the feature file at `path`, and its features a block at a time.

    Of the facts `features` are (0, D). The blocks (B, D) come in the order of the rows; each is
    checked against its checksum when it is read.

    Raises:
        PodiumError: as `read_features`.
    """
    with open_hdf5(path, "feature file") as file:
        table = dataset(file, "features", "f4", 2)
        facts = FeatureFile(
            ids=texts_in(file, "ids"),
            labels=texts_in(file, "labels"),
            content=texts_in(file, "content"),
            features=np.empty((0, table.shape[1]), np.float32),
            provenance=_provenance(file),
        )
        _require_rows(facts, len(table))
        refuse_duplicates(path, facts.ids)
        yield facts, finite_blocks(table)


def read_features(path: Path) -> FeatureFile:
    """Read the feature file at `path` and check every block against its checksum.

    Raises:
        PodiumError: it is missing, damaged, or no feature file: each row needs an id of its own, a
            label, a content hash, and finite numbers.
    """
    with open_features(path) as (facts, blocks):
        return replace(facts, features=np.concatenate([facts.features, *blocks]))


def finite_blocks(table: h5py.Dataset) -> Iterator[Features]:
    """Yield the blocks (B, D) of a dataset.

    Raises:
        ValueError: a number is not finite.
    """
    for start in range(0, len(table), BLOCK):
        values: Features = table[start : start + BLOCK]
        if not np.isfinite(values).all():
            row = start + int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
            raise ValueError(f"row {row} of the features is not finite")
        yield values


def _provenance(file: h5py.File) -> dict[str, Any]:
    provenance = json.loads(file.attrs["provenance"])
    if not isinstance(provenance, dict):
        raise ValueError("its provenance is no JSON object")
    return provenance


def _require_rows(facts: FeatureFile, n_rows: int) -> None:
    counts = [*map(len, (facts.ids, facts.labels, facts.content)), n_rows]
    if len(set(counts)) > 1:
        names = "ids, labels, content and features"
        raise ValueError("{} have {}, {}, {} and {} rows".format(names, *counts))


def n_features_in(path: Path) -> int:
    """Return how many numbers the feature file at `path` holds of each picture."""
    with open_hdf5(path, "feature file") as file:
        return int(dataset(file, "features", "f4", 2).shape[1])


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
        features = features_dataset(file, n_items, n_features)
        row = 0
        for block in blocks:
            features[row : row + len(block)] = block
            row += len(block)
        if row != n_items:
            raise PodiumError(f"{path}: {row} feature rows for {n_items} ids")


def features_dataset(file: h5py.File, n_items: int, n_features: int) -> h5py.Dataset:
    """Return a new dataset for features (N, D) in an open file, with a checksum for each block.

    Args:
        file: to write.
        n_items: N.
        n_features: D.
    """
    chunks = (max(1, min(BLOCK, n_items)), n_features)
    return file.create_dataset(
        "features", (n_items, n_features), "f4", chunks=chunks, fletcher32=True
    )
