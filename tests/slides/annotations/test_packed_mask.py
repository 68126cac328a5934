"""Packed masks are read as the arrays that they were packed from."""

from __future__ import annotations

import numpy as np
import pytest

from podium.slides.annotations import coarse, raster
from podium.slides.annotations.packed_mask import PackedMask
from podium.slides.annotations.pixel_mask import is_intricate


@pytest.fixture
def labels(rng):
    return np.kron(rng.integers(0, 4, (25, 9)), np.ones((4, 7))).astype(np.uint8)


@pytest.fixture
def packed(labels):
    return PackedMask.of((labels[top : top + 17] for top in range(0, 100, 17)), 63)


@pytest.mark.parametrize("rows", [
    slice(None), slice(0, 17), slice(10, 40), slice(16, 18), slice(99, 200), slice(50, 50),
])  # fmt: skip
def test_rows_are_those_that_were_packed(labels, packed, rows):
    assert (packed.shape, len(packed)) == (labels.shape, 100)
    assert np.array_equal(packed[rows], labels[rows])
    assert packed[rows].dtype == np.uint8
    assert np.array_equal(packed.of_label(2)[rows], labels[rows] == 2)
    assert packed.of_label(2)[rows].dtype == np.bool_


def test_outlines_are_those_of_the_array(labels, packed):
    mine, whole = packed.of_label(3), labels == 3
    assert raster.polygons(mine, 2.0).equals_exact(raster.polygons(whole, 2.0), 0)
    assert np.array_equal(coarse.halved(mine), coarse.halved(whole))
    assert is_intricate(mine) == is_intricate(whole)
    assert coarse.outlines(mine, 2.0).equals_exact(coarse.outlines(whole, 2.0), 0)


def test_noise_has_the_outlines_of_its_array(rng, monkeypatch):
    noise = rng.random((300, 200)) > 0.5
    monkeypatch.setattr(coarse, "MAX_SIDE", 100)
    packed = PackedMask.of([noise], 200).of_label(1)
    assert coarse.outlines(packed, 1.0).equals_exact(coarse.outlines(noise, 1.0), 0)
    monkeypatch.setattr(coarse, "MAX_SIDE", 1000)
    assert coarse.outlines(packed, 1.0).equals_exact(coarse.outlines(noise, 1.0), 0)


def test_blobs_take_little():
    y, x = np.mgrid[0:2000, 0:2000]
    blobs = (np.sin(x / 9) * np.cos(y / 8) > 0.3).astype(np.uint8)
    assert sum(map(len, PackedMask.of([blobs], 2000).bands)) < blobs.size / 20
