from __future__ import annotations

from itertools import pairwise

import h5py
import numpy as np
import pytest

from podium.core import mapped_rows
from podium.core.errors import PodiumError
from podium.core.feature_shards import Shards
from podium.core.feature_store import BLOCK, read_features, write_features


def write(path, features, ids=None):
    ids = ids or [f"i{n}" for n in range(len(features))]
    blocks = (features[at : at + BLOCK] for at in range(0, len(features), BLOCK))
    labels = ["cat"] * len(ids)
    write_features(path, ids, labels, ["c" + i for i in ids], blocks, features.shape[1], {"a": 1})


def test_round_trip_over_several_blocks(tmp_path, rng):
    features = rng.normal(size=(2 * BLOCK + 17, 5)).astype(np.float32)
    write(tmp_path / "f.h5", features)
    found = read_features(tmp_path / "f.h5")
    assert found.features.dtype == np.float32
    np.testing.assert_array_equal(found.features, features)
    assert found.ids[-1] == f"i{len(features) - 1}"
    assert found.content[0] == "ci0"
    assert set(found.labels) == {"cat"}
    assert found.provenance == {"a": 1}


def test_same_input_same_bytes(tmp_path, rng):
    features = rng.normal(size=(40, 3)).astype(np.float32)
    for name in ("a.h5", "b.h5"):
        write(tmp_path / name, features)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_too_few_rows_are_refused_and_the_old_file_stays(tmp_path, rng):
    features = rng.normal(size=(4, 3)).astype(np.float32)
    write(tmp_path / "f.h5", features)
    before = (tmp_path / "f.h5").read_bytes()
    with pytest.raises(PodiumError, match=r"4 feature rows for 5 ids"):
        write(tmp_path / "f.h5", features, ids=list("abcde"))
    assert (tmp_path / "f.h5").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "scratch" not in path.name] == ["f.h5"]


def test_a_flipped_byte_is_noticed(tmp_path, rng):
    features = rng.normal(size=(64, 16)).astype(np.float32)
    write(tmp_path / "f.h5", features)
    data = bytearray((tmp_path / "f.h5").read_bytes())
    at = data.find(features[30].tobytes())
    data[at + 5] ^= 0xFF
    (tmp_path / "f.h5").write_bytes(data)
    with pytest.raises(
        PodiumError, match=r"f\.h5: damaged, .*\nremedy: remove it and run dvc repro"
    ):
        read_features(tmp_path / "f.h5")


@pytest.mark.parametrize("content", [b"", b"not hdf5 at all"])
def test_files_of_another_kind(tmp_path, content):
    (tmp_path / "f.h5").write_bytes(content)
    with pytest.raises(PodiumError, match=r"f\.h5: damaged"):
        read_features(tmp_path / "f.h5")


def test_missing_file_and_foreign_hdf5(tmp_path):
    with pytest.raises(PodiumError, match=r"f\.h5: no such file\nremedy"):
        read_features(tmp_path / "f.h5")
    with h5py.File(tmp_path / "g.h5", "w") as file:
        file["other"] = [1]
    with pytest.raises(PodiumError, match=r"g\.h5: damaged, or no feature file"):
        read_features(tmp_path / "g.h5")


def changed(path, **datasets):
    write(path, np.ones((3, 2), np.float32))
    with h5py.File(path, "r+") as file:
        del file.attrs["podium_sha256"]  # as other programs write it
        for name, values in datasets.items():
            del file[name]
            file[name] = values


@pytest.mark.parametrize(
    ("datasets", "says"),
    [
        ({"ids": ["a", "b"]}, r"have 2, 3, 3 and 3 rows"),
        ({"content": ["a"] * 4}, r"have 3, 3, 4 and 3 rows"),
        ({"ids": ["a", "b", "a"]}, r"1 ids occur more than once, namely a"),
        ({"ids": [["a"], ["b"], ["c"]]}, r"ids is \(3, 1\), not one column"),
        ({"ids": [1, 2, 3]}, r"damaged, or no feature file"),
        ({"features": np.array([[1, 2], [np.nan, 1], [1, 1]], np.float32)}, r"row 1 of the feat"),
        ({"features": np.full((3, 2), np.inf, np.float32)}, r"row 0 of the features is not finite"),
        ({"features": np.ones((3, 2))}, r"features is no float32 dataset of 2 axes"),
        ({"features": np.ones(3, np.float32)}, r"features is no float32 dataset of 2 axes"),
        ({"features": ["a", "b", "c"]}, r"features is no float32 dataset"),
    ],
)  # fmt: skip
def test_features_that_are_none_are_refused(tmp_path, datasets, says):
    changed(tmp_path / "f.h5", **datasets)
    with pytest.raises(PodiumError, match=rf"f\.h5: .*{says}"):
        read_features(tmp_path / "f.h5")


def test_a_damaged_shard_is_not_read(tmp_path):
    shards = Shards(tmp_path, 2)
    shards.add(["a"], np.array([[1, 2]], np.float32))
    path, _ = shards.where["a"]
    with h5py.File(path, "r+") as file:
        del file["features"]
        file["features"] = h5py.ExternalLink("/etc/passwd", "x")
    assert Shards(tmp_path, 2).where == {}
    assert not path.exists()


def test_shards_give_back_rows_in_any_order_and_survive_reopening(tmp_path):
    shards = Shards(tmp_path, 2)
    shards.add(["a", "b"], np.array([[1, 2], [3, 4]], np.float32))
    shards.add(["c"], np.array([[5, 6]], np.float32))
    again = Shards(tmp_path, 2)
    assert again.rows(["c", "a", "b", "a"]).tolist() == [[5, 6], [1, 2], [3, 4], [1, 2]]
    assert sorted(again.where) == ["a", "b", "c"]


def test_shards_that_are_damaged_or_of_another_width_are_dropped(tmp_path):
    shards = Shards(tmp_path, 2)
    shards.add(["a"], np.array([[1, 2]], np.float32))
    shards.add(["b"], np.array([[3, 4]], np.float32))
    path, _ = shards.where["a"]
    path.write_bytes(path.read_bytes()[:200])
    assert sorted(Shards(tmp_path, 2).where) == ["b"]
    assert not path.exists()
    assert Shards(tmp_path, 3).where == {}


@pytest.mark.parametrize("in_memory", [1 << 30, 0])
def test_rows_in_any_order_come_from_shards_that_are_read_once(
    tmp_path, rng, monkeypatch, in_memory
):
    monkeypatch.setattr(mapped_rows, "IN_MEMORY", in_memory)
    features = rng.normal(size=(5 * 200, 3)).astype(np.float32)
    keys = [f"k{n}" for n in range(len(features))]
    shards = Shards(tmp_path, 3)
    for start in range(0, len(keys), 200):
        shards.add(keys[start : start + 200], features[start : start + 200])
    read, table = [], Shards._table
    monkeypatch.setattr(Shards, "_table", lambda self, path: read.append(path) or table(self, path))
    order = rng.permutation(len(keys))
    blocks = list(shards.blocks([keys[row] for row in order]))
    assert [len(block) for block in blocks] == [256, 256, 256, 232]
    np.testing.assert_array_equal(np.concatenate(blocks), features[order])
    turns = sum(a != b for a, b in pairwise(read))
    assert turns == 4  # five shards, one after the other
    assert len(list(tmp_path.glob("shard-*"))) == len(list(tmp_path.glob("*.*"))) == 5


def test_rows_in_order_are_not_copied_first(tmp_path, rng, monkeypatch):
    features = rng.normal(size=(300, 2)).astype(np.float32)
    keys = [f"k{n}" for n in range(300)]
    shards = Shards(tmp_path, 2)
    shards.add(keys, features)
    monkeypatch.setattr("podium.core.feature_shards.empty_rows", None)
    np.testing.assert_array_equal(np.concatenate(list(shards.blocks(keys))), features)


def test_many_rows_lie_in_a_file_that_is_gone_with_them(monkeypatch):
    monkeypatch.setattr(mapped_rows, "IN_MEMORY", 0)
    rows = mapped_rows.empty_rows(300, 5)
    rows[:] = 7
    assert rows.sum() == 300 * 5 * 7
    assert isinstance(rows.base, np.memmap)
    assert not list(mapped_rows.scratch_dir("rows").iterdir())
