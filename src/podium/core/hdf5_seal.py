"""Sealed HDF5 files of our own: bytes that changed since are noticed before HDF5 sees them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from podium.core.feature_store import open_hdf5
from podium.core.sealed_file import check_seal

# how pixels are packed. HDF5's lzf is no quicker to speak of, and writes other bytes now and then:
# its hash table starts with whatever lay in memory
GZIP: dict[str, Any] = {"compression": "gzip", "compression_opts": 1}


@contextmanager
def open_sealed(path: Path, kind: str) -> Iterator[h5py.File]:
    """Open a sealed HDF5 file for reading, if its bytes are those that were written.

    Raises:
        PodiumError: it is missing, damaged, has no seal, or lacks what is read from it.
    """
    check_seal(path, kind)
    with open_hdf5(path, kind) as file:
        yield file


def dataset(file: h5py.File, name: str, dtype: Any, n_axes: int) -> h5py.Dataset:
    """The dataset `name` of an open file, if it is one of that kind.

    Args:
        file: opened.
        name: of the dataset, in the root of the file.
        dtype: of its values.
        n_axes: of its shape.

    Raises:
        KeyError: there is no such dataset.
        ValueError: it is of another type or shape.
    """
    item = file[name]
    if not isinstance(item, h5py.Dataset) or item.ndim != n_axes or item.dtype != dtype:
        raise ValueError(f"{name} is no {np.dtype(dtype)} dataset of {n_axes} axes")
    return item
