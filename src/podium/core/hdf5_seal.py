"""HDF5 files of our own with a seal: bytes that changed since are noticed before HDF5 sees them.

The HDF5 library ends the whole process, or never comes back, on some damaged files. A seal is the
sha256 of all bytes before it, written after the end of the HDF5 data, which HDF5 does not mind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from podium.core.errors import PodiumError
from podium.core.feature_store import opened

_MARK = b"\npodium-sha256:"
SEAL_BYTES = len(_MARK) + 64
_MAX_RATIO = 300  # bytes that one stored byte may unpack to; LZF reaches 88
_PART = 1 << 24


def seal(path: Path) -> None:
    """Write a seal to the end of the closed file at `path`."""
    digest = _digest(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(_MARK + digest.encode())


@contextmanager
def opened_sealed(path: Path, kind: str) -> Iterator[h5py.File]:
    """The sealed HDF5 file at `path`, to read, if its bytes are those that were written.

    A file that did not change since it was last opened is not read whole again.

    Raises:
        PodiumError: it is missing, damaged, has no seal, or lacks what is read from it.
    """
    if path.is_file() and not is_sealed(path):
        raise PodiumError(
            f"{path}: damaged, or no {kind} of this version: its bytes are not those that were "
            "written\nremedy: remove it and run dvc repro"
        )
    with opened(path, kind) as file:
        yield file


def is_sealed(path: Path) -> bool:
    """Whether the file at `path` has a seal that fits its bytes."""
    state = path.stat()
    return _is_whole(path, state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=100_000)
def _is_whole(path: Path, _inode: int, n_bytes: int, _mtime: int) -> bool:
    n_data = n_bytes - SEAL_BYTES
    if n_data < 0:
        return False
    with path.open("rb") as file:
        file.seek(n_data)
        stored = file.read()
    return stored == _MARK + _digest(path, n_data).encode()


def _digest(path: Path, n_bytes: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while n_bytes > 0 and (part := file.read(min(_PART, n_bytes))):
            digest.update(part)
            n_bytes -= len(part)
    return digest.hexdigest()


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
