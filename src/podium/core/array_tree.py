"""Nested mappings and lists of JSON values and arrays, as one HDF5 file: nothing in it can run.

The file has a column of numbers for each dtype, all arrays of it end to end, and a text: the JSON
of everything else, in which `{"$array": ["float32", 12, [2, 3]]}` stands for the array of shape
(2, 3) that starts at number 12.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from podium.core.hdf5_file import create_hdf5, dataset, open_hdf5, texts_in, write_texts

MARK = "$array"
DTYPES = ("bool", "int32", "int64", "float32", "float64")
BLOCK = 1 << 16  # numbers with one checksum

Arrays = dict[str, list[NDArray[Any]]]  # by dtype


def write_tree(path: Path, tree: Mapping[str, Any]) -> None:
    """Write a tree to `path`, whole or not at all; the same tree gives the same bytes.

    Raises:
        ValueError: a value is neither JSON nor an array of one of DTYPES.
    """
    arrays: Arrays = {name: [] for name in DTYPES}
    text = json.dumps(_marked(tree, arrays), allow_nan=False)
    n_bytes = sum(each.nbytes for part in arrays.values() for each in part)
    n_bytes += n_bytes // 16 + 4 * len(text) + (4 << 20)
    with create_hdf5(path, n_bytes) as (file, reserve):
        reserve(n_bytes)
        write_texts(file, "tree", [text])
        for name, part in arrays.items():
            if total := sum(each.size for each in part):
                chunks = (min(total, BLOCK),)
                column = file.create_dataset(name, (total,), name, chunks=chunks, fletcher32=True)
                start = 0
                for each in part:
                    column[start : start + each.size] = each.ravel()
                    start += each.size


def _marked(value: Any, arrays: Arrays) -> Any:
    """The tree with a mark for each array; these are added to `arrays`."""
    if isinstance(value, Mapping):
        return {str(key): _marked(each, arrays) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(each, arrays) for each in value]
    if not isinstance(value, np.ndarray):
        return value
    name = value.dtype.name
    if name not in arrays:
        raise ValueError(f"an array of {name} cannot be stored")
    mark = [name, sum(each.size for each in arrays[name]), list(value.shape)]
    arrays[name].append(value)
    return {MARK: mark}


def read_tree(path: Path, kind: str) -> dict[str, Any]:
    """Return the tree in `path`.

    Args:
        path: the file.
        kind: what it should be, for messages.

    Raises:
        PodiumError: it is missing, damaged, or no such file.
    """
    with open_hdf5(path, kind) as file:
        (text,) = texts_in(file, "tree")
        tree = _unmarked(json.loads(text), file)
        if not isinstance(tree, dict):
            raise ValueError("it holds no tree")
        return tree


def _unmarked(value: Any, file: h5py.File) -> Any:
    if isinstance(value, list):
        return [_unmarked(each, file) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) != {MARK}:
        return {key: _unmarked(each, file) for key, each in value.items()}
    name, start, shape = value[MARK]
    size = math.prod(map(int, shape))
    if name not in DTYPES or min([start, *shape], default=0) < 0:
        raise ValueError(f"no array {value[MARK]}")
    if not size:
        return np.zeros(shape, name)
    numbers = dataset(file, name, name, 1)[start : start + size]
    if len(numbers) < size:
        raise ValueError(f"no array {value[MARK]}")
    return numbers.reshape(shape)
