"""HDF5 files: written whole onto room that is there, opened once it is known that this is safe."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from podium.core.errors import PodiumError
from podium.core.files import atomic_write, locked, require_space
from podium.core.hdf5_check import SUM, unchecked_sha256
from podium.core.hdf5_guard import check_hdf5, damaged, remember
from podium.core.printable import printable

# how pixels are packed. HDF5's lzf is no quicker to speak of, and writes other bytes now and then:
# its hash table starts with whatever lay in memory
GZIP: dict[str, Any] = {"compression": "gzip", "compression_opts": 1}
Reserve = Callable[[int], None]
_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE: the file does not become longer
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


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
        raise damaged(path, kind, error) from None


@contextmanager
def create_hdf5(path: Path, n_bytes: int) -> Iterator[tuple[h5py.File, Reserve]]:
    """A new HDF5 file for `path`, and a function that reserves room for the next `n` bytes.

    The file is put in place, whole, once the block has succeeded. HDF5 crashes the interpreter when
    the disk fills under it: what is written after a call of that function, up to `n` bytes with
    HDF5's own records, has its place already.

    Raises:
        EnvironmentFault: the disk has no room for `n_bytes`, or for what is reserved.
    """
    require_space(path, n_bytes)
    with locked(path), atomic_write(path) as partial:
        with partial.open("r+b") as handle, h5py.File(partial, "w") as file:

            def reserve(n: int) -> None:
                _allocate(handle.fileno(), file.id.get_filesize() + n)

            yield file, reserve
            file.attrs[SUM] = unchecked_sha256(file)
        os.truncate(partial, partial.stat().st_size)  # gives back what was not used
    remember(path)


def _allocate(descriptor: int, n_bytes: int) -> None:
    """Give the first `n_bytes` of a file their place on the disk."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "fallocate"):
        return
    result = libc.fallocate(
        ctypes.c_int(descriptor),
        ctypes.c_int(_KEEP_SIZE),
        ctypes.c_int64(0),
        ctypes.c_int64(n_bytes),
    )
    code = ctypes.get_errno()
    if result and code not in _UNSUPPORTED:
        raise OSError(code, os.strerror(code))


def dataset(group: h5py.Group, name: str, dtype: Any, n_axes: int) -> h5py.Dataset:
    """The dataset `name` of a group, if it is one of that kind.

    Args:
        group: of an open file.
        name: of the dataset.
        dtype: of its values.
        n_axes: of its shape.

    Raises:
        KeyError: there is no such dataset.
        ValueError: it is of another type or shape.
    """
    item = group[name]
    if not isinstance(item, h5py.Dataset) or item.ndim != n_axes or item.dtype != dtype:
        raise ValueError(f"{name} is no {np.dtype(dtype)} dataset of {n_axes} axes")
    return item


def write_texts(group: h5py.Group, name: str, texts: Sequence[str]) -> None:
    """Write texts as a dataset.

    Args:
        group: of an open file.
        name: of the dataset.
        texts: (N,).
    """
    kind = h5py.string_dtype("utf-8")
    group.create_dataset(name, data=list(texts), dtype=kind, shape=(len(texts),))


def texts_in(group: h5py.Group, name: str) -> list[str]:
    """The texts (N,) of the dataset `name` of a group.

    Raises:
        ValueError: it is no column.
    """
    column = group[name]
    if column.ndim != 1:
        raise ValueError(f"{name} is {column.shape}, not one column")
    return [str(text) for text in column.asstr()[:]]
