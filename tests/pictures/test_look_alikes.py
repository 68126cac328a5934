from __future__ import annotations

import numpy as np
import pandas as pd

from podium.pictures.look_alikes import (
    assign_folds,
    group_numbers,
    near_pairs,
    pair_table,
)


def test_near_pairs_against_all_pairs_counted_one_by_one(rng):
    base = rng.integers(0, 2**63, 12, dtype=np.uint64)
    hashes = np.concatenate([base, base ^ np.uint64(0b101), base ^ np.uint64(2**40 + 2**13 + 1)])
    expected = [
        [i, j]
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if bin(int(hashes[i]) ^ int(hashes[j])).count("1") <= 2
    ]
    assert near_pairs(hashes, 2).tolist() == expected
    assert len(expected) == 12


def test_no_pairs():
    assert near_pairs(np.array([0, 2**64 - 1], dtype=np.uint64), 63).shape == (0, 2)
    assert group_numbers(3, np.empty((0, 2), dtype=np.int64)).tolist() == [0, 1, 2]


def test_a_chain_of_look_alikes_is_one_group():
    groups = group_numbers(6, np.array([[0, 2], [2, 5], [1, 3]]))
    assert groups[0] == groups[2] == groups[5]
    assert groups[1] == groups[3]
    assert len({groups[0], groups[1], groups[4]}) == 3


def test_folds_keep_look_alikes_together_under_every_seed():
    items = pd.DataFrame({"id": [f"i{n}" for n in range(40)], "label": ["a", "b"] * 20})
    pairs = np.array([[0, 2], [2, 4], [1, 3]])
    folds = assign_folds(items, pairs, 5, [3, 4])
    for _, part in folds.groupby("seed"):
        assert len(part) == 40
        fold = part["fold"].to_numpy()
        assert fold[0] == fold[2] == fold[4]
        assert fold[1] == fold[3]
        assert np.bincount(fold).max() <= 9
    assert (folds["fold"][:40].to_numpy() != folds["fold"][40:].to_numpy()).any()


def test_the_pair_table_names_both_pictures():
    items = pd.DataFrame({"path": ["a.jpg", "b.jpg", "c.jpg"], "label": ["x", "y", "x"]})
    assert pair_table(items, np.array([[0, 2]])).to_dict("records") == [
        {"first_path": "a.jpg", "first_label": "x", "second_path": "c.jpg", "second_label": "x"}
    ]
