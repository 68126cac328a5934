"""A program that reads HDF5 files whole and says what is wrong with them.

Damaged and hostile files can hang or crash the library that reads them, so `podium.core.hdf5_guard`
has each read by this program first. It takes a path and a limit in seconds of the processor, after
which a signal ends it, and prints what is wrong, or nothing. It imports nothing of the project.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import resource
import signal
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MEMORY = 4 << 30  # bytes of address space
MAX_OBJECTS = 10_000
SPARSE = 1 << 26  # bytes that a dataset may declare whatever it stores
SUM = "podium_sha256"  # attribute of files that the project wrote
EXPANSION = {"gzip": 1100, "lzf": 150}  # the most these can unpack to, as multiple of the stored


class Fault(Exception):
    """What is wrong with a file."""


def check(path: str) -> None:
    """Read the file at `path` whole.

    Raises:
        Fault: it refers to other files, or holds what no file of the project holds.
        Exception: whatever HDF5 raises for it.
    """
    with h5py.File(path, "r") as file:
        _check_group(file, Path(path).stat().st_size, set())
        if SUM in file.attrs and file.attrs[SUM] != unchecked_sha256(file):
            raise Fault("it changed since it was written")


def unchecked_sha256(file: h5py.File) -> str:
    """Sha256 over what HDF5 keeps no checksum of: attributes, and datasets without fletcher32."""
    digest = hashlib.sha256()

    def add(name: str, member: Any) -> None:
        values = {key: member.attrs[key] for key in sorted(member.attrs) if key != SUM}
        if isinstance(member, h5py.Dataset) and not member.fletcher32:
            values[""] = member[()]
        plain = {key: np.asarray(value).tolist() for key, value in values.items()}
        digest.update(ascii((name, plain)).encode())

    add("", file)
    file.visititems(add)
    return digest.hexdigest()


def _check_group(group: h5py.Group, file_size: int, seen: set[int]) -> None:
    _check_attributes(group)
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise Fault(f"{_shown(name)} is a link to another place")
        address = h5py.h5o.get_info(group.id, name.encode("utf-8", "surrogateescape")).addr
        if address in seen:
            raise Fault(f"{_shown(name)} is there by two names")
        seen.add(address)
        if len(seen) > MAX_OBJECTS:
            raise Fault(f"more than {MAX_OBJECTS} objects")
        member = group[name]
        if isinstance(member, h5py.Group):
            _check_group(member, file_size, seen)
        elif isinstance(member, h5py.Dataset):
            _check_attributes(member)
            _check_storage(member, file_size)
            _read(member, file_size)
        else:
            raise Fault(f"{_shown(name)} is neither a group nor a dataset")


def _check_attributes(member: Any) -> None:
    for name in member.attrs:
        attribute = member.attrs.get_id(name)
        if math.prod(attribute.shape) * attribute.dtype.itemsize > SPARSE:
            raise Fault(f"attribute {_shown(name)} is too large")
        member.attrs[name]


def _check_storage(dataset: h5py.Dataset, file_size: int) -> None:
    name, properties = dataset.name, dataset.id.get_create_plist()
    if properties.get_external_count() or dataset.is_virtual:
        raise Fault(f"{name} is stored in other files")
    if dataset.dtype.kind not in "iufb" and h5py.check_string_dtype(dataset.dtype) is None:
        raise Fault(f"{name} holds {dataset.dtype}, neither numbers nor texts")
    stored = dataset.id.get_storage_size()
    declared = math.prod(dataset.shape or ()) * dataset.dtype.itemsize
    if stored > file_size:
        raise Fault(f"{name} stores more bytes than the file has")
    if declared > max(stored * EXPANSION.get(dataset.compression or "", 1), SPARSE):
        raise Fault(f"{name} declares {declared} bytes and stores {stored}")


def _read(dataset: h5py.Dataset, file_size: int) -> None:
    """Read all blocks; texts may not add up to much more than the file."""
    if dataset.shape is None or 0 in dataset.shape:
        return
    if h5py.check_string_dtype(dataset.dtype) is not None and dataset.ndim:
        _read_texts(dataset, 4 * file_size + SPARSE)
    elif dataset.chunks:
        for block in dataset.iter_chunks():
            dataset[block]
    else:
        dataset[()]


def _read_texts(dataset: h5py.Dataset, left: int) -> None:
    """Read texts; as HDF5 may refer to one text many times, there is a limit to their sum."""
    for start in range(0, len(dataset), 256):
        left -= sum(len(text) for text in dataset[start : start + 256].ravel())
        if left < 0:
            raise Fault(f"{dataset.name} repeats its texts without end")


def _shown(name: object) -> str:
    return ascii(name)[:80]


BUSY = 10  # seconds on the clock for each second of the processor


def main(path: str, seconds: float) -> None:
    """Print what is wrong with the file at `path`; nothing if it is fine."""
    for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):  # not every system has each limit
            resource.setrlimit(limit, (value, value))
    # these end this process, even if the other is gone; a busy machine makes nothing damaged
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, BUSY * seconds)
    try:
        check(path)
    except Exception as error:  # HDF5 raises many kinds
        fault = str(error) or type(error).__name__
        sys.stdout.buffer.write(fault.encode(errors="backslashreplace"))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
