"""Outlines for people: those of the mask where they can be had, coarser ones in bounded time."""

import time

import numpy as np
import pytest
from shapely import box

from podium.slides.annotations import coarse, raster
from podium.slides.annotations.coarse import halved, largest, outlines
from podium.slides.annotations.raster import polygons


def test_plain_masks_have_their_own_outlines():
    y, x = np.mgrid[0:60, 0:80]
    mask = np.hypot(x - 30, y - 20) < 15
    assert outlines(mask, 4.0).equals_exact(polygons(mask, 4.0, simplify=6.0))


def test_half_the_resolution_by_hand():
    mask = np.array([[1, 1, 0, 0, 1], [0, 0, 0, 1, 1], [1, 0, 0, 0, 0]], dtype=bool)
    # 2 of 4, 1 of 4, and of the last column both of each pair; the last row counts twice
    assert halved(mask).tolist() == [[True, False, True], [True, False, False]]


@pytest.mark.parametrize("side", [512, 2000])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_noise_has_outlines_in_bounded_time(side, share):
    mask = np.random.default_rng(0).random((side, side)) < share
    start = time.process_time()
    regions = outlines(mask, 2.0)
    assert time.process_time() - start < 20
    assert regions.is_valid
    assert box(0, 0, 2 * side, 2 * side).covers(regions)


def test_large_things_among_noise_stay():
    rng = np.random.default_rng(0)
    mask = rng.random((2000, 2000)) < 0.05  # 200,000 specks
    mask[500:1500, 300:900] = True
    regions = outlines(mask, 1.0)
    assert len(regions.geoms) <= coarse.MAX_OUTLINES
    large = max(regions.geoms, key=lambda part: part.area)
    assert abs(large.area - 600_000) < 6_000
    assert np.array_equal(raster.mask(regions, (320.0, 520.0, 560, 960)), np.ones((960, 560)))


def test_of_very_many_the_largest_are_kept(monkeypatch):
    monkeypatch.setattr(coarse, "MAX_OUTLINES", 2)
    mask = np.zeros((10, 40), dtype=bool)
    mask[2:4, 2:4] = mask[2:8, 10:16] = mask[2:3, 20:21] = mask[2:7, 30:36] = True
    kept = largest(polygons(mask))
    assert {part.bounds for part in kept.geoms} == {(10, 2, 16, 8), (30, 2, 36, 7)}


def test_many_small_things_on_a_large_frame_are_not_lost(monkeypatch):
    monkeypatch.setattr(coarse, "MAX_SIDE", 1024)
    mask = np.zeros((2000, 2000), dtype=bool)
    for row in range(0, 2000, 20):
        mask[row : row + 8, (np.arange(2000) // 8 + row // 20) % 3 == 0] = True
    mask[::3, ::7] = True  # intricate
    regions = outlines(mask, 1.0)
    assert len(regions.geoms) > 5_000
    assert regions.is_valid
