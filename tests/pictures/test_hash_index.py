"""Candidates by blocks of bits against a comparison of all pairs."""

from __future__ import annotations

import numpy as np
import pytest

from podium.pictures.hash_index import HashIndex
from podium.pictures.look_alikes import Looks, copies_of, group_look_alikes


def near_some(rng: np.random.Generator, n: int) -> np.ndarray:
    """Hashes of which each third lies some bits from an earlier one."""
    hashes = rng.integers(0, 2**64, n, dtype=np.uint64)
    for row in range(1, n, 3):
        bits = rng.choice(64, int(rng.integers(0, 9)), replace=False)
        flips = sum(1 << int(bit) for bit in bits)
        hashes[row] = hashes[rng.integers(row)] ^ np.uint64(flips)
    return hashes


@pytest.mark.parametrize("distance", [0, 1, 4, 8, 15, 16, 64])
def test_no_near_hash_is_missed(distance, rng):
    hashes = near_some(rng, 400)
    index = HashIndex(hashes, distance)
    for row in range(len(hashes)):
        candidates = index.candidates(row)
        near = np.flatnonzero(np.bitwise_count(hashes ^ hashes[row]) <= distance)
        assert np.isin(near, candidates).all()
        assert (np.diff(candidates) > 0).all()
        if distance == 4:
            assert len(candidates) < 40


def test_groups_and_copies_are_those_of_a_search_through_all(rng, monkeypatch):
    hashes = near_some(rng, 300)
    shapes = np.tile(np.float32([1, 0]), (300, 1))
    looks = Looks(hashes, shapes, np.arange(300, dtype=np.float32))
    others = Looks(hashes[:90] ^ np.uint64(3), shapes[:90], looks.levels[:90])
    groups, pairs = group_look_alikes(looks, 4)
    copies = copies_of(looks, others, 4)
    monkeypatch.setattr(HashIndex, "candidates", lambda self, row: np.arange(len(self.hashes)))
    monkeypatch.setattr(
        HashIndex, "__init__", lambda self, hashes, _: setattr(self, "hashes", hashes)
    )
    all_groups, all_pairs = group_look_alikes(looks, 4)
    np.testing.assert_array_equal(groups, all_groups)
    np.testing.assert_array_equal(pairs, all_pairs)
    np.testing.assert_array_equal(copies, copies_of(looks, others, 4))
    assert len(pairs) > 40
    assert len(copies) >= 90
