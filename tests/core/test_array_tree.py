"""Trees of values and arrays: they come back as they were, and hostile ones are refused."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from podium.core.array_tree import read_tree, write_tree
from podium.core.errors import PodiumError

TREE = {
    "name": "Birke; \U0001f600",
    "none": None,
    "list": [1, 0.1, True, {"deep": np.arange(6, dtype=np.float32).reshape(2, 3)}],
    "bool": np.array([True, False]),
    "empty": np.zeros((0, 4)),
    "scalar": np.float64(2.5).item(),
    "doubles": np.array([[0.1, -1e300]]),
    "long": np.arange(200_000, dtype=np.int32),
    "more": np.array([7], dtype=np.float32),
}


def same(left: object, right: object) -> bool:
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return all(same(*pair) for pair in zip(left, right, strict=True))
    return left == right and type(left) is type(right)


def test_a_tree_comes_back_as_it_was(tmp_path):
    write_tree(tmp_path / "a.h5", TREE)
    assert same(TREE, read_tree(tmp_path / "a.h5", "tree"))
    write_tree(tmp_path / "b.h5", TREE)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.mark.parametrize("value", [np.array([object()]), np.array(["a"]), float("nan")],
                         ids=["object", "text", "nan"])  # fmt: skip
def test_what_is_no_plain_value_is_not_written(tmp_path, value):
    with pytest.raises(ValueError, match=r"cannot be stored|Out of range"):
        write_tree(tmp_path / "a.h5", {"x": value})
    assert not (tmp_path / "a.h5").exists()


def foreign(path, text: str, **columns: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("tree", data=[text], dtype=h5py.string_dtype())
        for name, numbers in columns.items():
            file.create_dataset(name, data=numbers)


@pytest.mark.parametrize(
    "mark",
    [["float32", 0, [5]], ["float32", -1, [2]], ["object", 0, [1]], ["float64", 0, [1]],
     ["float32", 0, [-1]], "no mark", ["float32", 0]],
    ids=["beyond", "before", "object", "no column", "negative", "text", "short"],
)  # fmt: skip
def test_a_mark_that_means_no_array_is_refused(tmp_path, mark):
    path = tmp_path / "a.h5"
    foreign(path, json.dumps({"x": {"$array": mark}}), float32=np.zeros(3, np.float32))
    with pytest.raises(PodiumError, match=r"a\.h5: damaged, or no tree .*\nremedy: remove it"):
        read_tree(path, "tree")


def test_what_is_no_tree_is_refused(tmp_path):
    path = tmp_path / "a.h5"
    with pytest.raises(PodiumError, match="no such file"):
        read_tree(path, "tree")
    foreign(path, "[1]")
    with pytest.raises(PodiumError, match="holds no tree"):
        read_tree(path, "tree")
    path.write_bytes(b"\x80\x04junk")
    with pytest.raises(PodiumError, match="damaged"):
        read_tree(path, "tree")
