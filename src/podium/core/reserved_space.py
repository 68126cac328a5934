"""Room on the disk under a file that is being written, for libraries that a full disk crashes."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

Reserve = Callable[[int], None]
_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE: the file does not become longer
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


@contextmanager
def created_hdf5(path: Path) -> Iterator[tuple[h5py.File, Reserve]]:
    """A new HDF5 file at `path`, and a function that reserves room for the next `n` bytes.

    HDF5 crashes the interpreter when the disk fills under it. What is written after a call of that
    function, up to `n` bytes with HDF5's own records, has its place already.

    Raises:
        OSError: from the function, if the disk has no room; the file can still be closed.
    """
    with path.open("r+b" if path.exists() else "w+b") as handle:
        with h5py.File(path, "w") as file:

            def reserve(n: int) -> None:
                _allocate(handle.fileno(), file.id.get_filesize() + n)

            yield file, reserve
        os.truncate(path, path.stat().st_size)  # gives back what was reserved and not used


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
