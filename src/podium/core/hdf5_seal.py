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

_MAX_RATIO = 300  # bytes that one stored byte may unpack to; LZF reaches 88


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
    """The dataset `name` of an open file, if it is one of that kind and lies in the file itself.

    Args:
        file: opened.
        name: of the dataset, in the root of the file.
        dtype: of its values.
        n_axes: of its shape.

    Raises:
        KeyError: there is no such dataset.
        ValueError: it is a link, of another type or shape, kept in another file, or claims more
            values than the file can hold.
    """
    link = file.get(name, getlink=True)
    if link is None:
        raise KeyError(f"no {name}")
    if not isinstance(link, h5py.HardLink):
        raise ValueError(f"{name} is a link")
    found = file[name]
    if not isinstance(found, h5py.Dataset) or found.ndim != n_axes or found.dtype != dtype:
        raise ValueError(f"{name} is no {np.dtype(dtype)} dataset of {n_axes} axes")
    if found.external or found.is_virtual:
        raise ValueError(f"{name} is kept in another file")
    if found.size * found.dtype.itemsize > _MAX_RATIO * file.id.get_filesize():
        raise ValueError(f"{name} claims {found.size} values, more than the file can hold")
    return found
