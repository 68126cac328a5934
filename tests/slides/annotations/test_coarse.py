"""Outlines for people: those of the mask where they can be had, coarser ones in bounded time."""

import json
import time

import cv2
import numpy as np
import pytest
import shapely
from shapely import Point, box

from podium.slides.annotations import coarse, geojson, raster
from podium.slides.annotations.coarse import halved, largest, outlines
from podium.slides.annotations.raster import polygons


def test_half_the_resolution_by_hand():
    mask = np.array([[1, 1, 0, 0, 1], [0, 0, 0, 1, 1], [1, 0, 0, 0, 0]], dtype=bool)
    # 2 of 4, 1 of 4, and of the last column both of each pair; the last row counts twice
    assert halved(mask).tolist() == [[True, False, True], [True, False, False]]


@pytest.mark.parametrize("side", [512, 700])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_noise_has_outlines_in_bounded_time(side, share):
    mask = np.random.default_rng(0).random((side, side)) < share
    start = time.process_time()
    regions = outlines(mask, 2.0)
    assert time.process_time() - start < 60  # it had no end before
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


def test_of_very_many_the_largest_are_kept():
    mask = np.zeros((10, 40), dtype=bool)
    mask[2:4, 2:4] = mask[2:8, 10:16] = mask[2:3, 20:21] = mask[2:7, 30:36] = True
    kept = largest(polygons(mask), 2)
    assert {part.bounds for part in kept.geoms} == {(10, 2, 16, 8), (30, 2, 36, 7)}


def test_nuclei_of_a_whole_slide_keep_their_outlines(monkeypatch):
    monkeypatch.setattr(coarse, "MAX_OUTLINES", 100)  # of noise
    mask = np.zeros((400, 300), dtype=bool)
    mask[np.add.outer(np.arange(0, 400, 10), np.arange(7)).ravel()] = np.arange(300) % 10 < 7
    regions = outlines(mask, 1.0)
    assert len(regions.geoms) == 40 * 30
    assert set(shapely.area(shapely.get_parts(regions)).tolist()) == {48.5}  # four corners are cut
    assert np.array_equal(raster.mask(regions, (0.0, 0.0, 300, 400)), mask)


def test_many_small_things_on_a_large_frame_are_not_lost(monkeypatch):
    monkeypatch.setattr(coarse, "MAX_STEPS", 500_000)
    monkeypatch.setattr(coarse, "MAX_SIDE", 1024)
    mask = np.zeros((2000, 2000), dtype=bool)
    for row in range(0, 2000, 20):
        mask[row : row + 8, (np.arange(2000) // 8 + row // 20) % 3 == 0] = True
    mask[::3, ::7] = True  # intricate
    regions = outlines(mask, 1.0)
    assert len(regions.geoms) > 5_000
    assert regions.is_valid


MIDDLES = (31.3, 40.7), (90.5, 60.2), (150.1, 150.9), (60.6, 150.4)


@pytest.mark.parametrize("radius", [4.0, 9.0, 13.0, 24.0])
@pytest.mark.parametrize("downsample", [1.0, 4.0])
def test_outlines_keep_to_what_was_drawn(radius, downsample):
    y, x = np.mgrid[0:200, 0:200] + 0.5  # the centres of pixels
    mask = np.any([np.hypot(x - a, y - b) < radius for a, b in MIDDLES], axis=0)
    regions, exact = outlines(mask, downsample), polygons(mask, downsample)
    drawn = shapely.union_all([Point(a, b).buffer(radius, 64) for a, b in MIDDLES])
    drawn = shapely.transform(drawn, lambda at: at * downsample)
    assert regions.is_valid
    assert len(regions.geoms) == 4
    gap = shapely.hausdorff_distance(regions.boundary, drawn.boundary, densify=0.1)
    assert gap < 0.85 * downsample  # a pixel's centre is up to 0.7 from the outline's own
    shared = regions.intersection(exact).area / regions.union(exact).area
    assert shared > (0.95 if radius > 8 else 0.9)
    stairs = shapely.hausdorff_distance(regions.boundary, exact.boundary, densify=0.1)
    assert stairs < 0.5 * downsample
    assert np.array_equal(raster.mask(regions, (0.0, 0.0, 200, 200), downsample), mask)
    assert shapely.get_num_coordinates(regions) < 0.8 * shapely.get_num_coordinates(exact)


@pytest.mark.parametrize("seed", range(6))
def test_outlines_of_any_blobs_are_valid_in_files_and_give_the_mask_back(seed, tmp_path):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(20, 80, 2).tolist()
    smooth = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), 0.8 + seed / 2)
    mask, downsample = smooth > np.quantile(smooth, rng.uniform(0.2, 0.9)), 1 + 0.37 * (seed % 3)
    regions = outlines(mask, downsample)
    exact = polygons(mask, downsample)
    stairs = shapely.hausdorff_distance(regions.boundary, exact.boundary, densify=0.5)
    assert stairs < 0.5 * downsample
    assert np.array_equal(raster.mask(regions, (0.0, 0.0, width, height), downsample), mask)
    geojson.write(tmp_path / "a.geojson", regions)
    features = json.loads((tmp_path / "a.geojson").read_text())["features"]
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    assert len(shapes) >= len(regions.geoms) > 0
    assert all(shape.is_valid and shape.area > 0 for shape in shapes)
    written = raster.mask(shapely.union_all(shapes), (0.0, 0.0, width, height), downsample)
    assert np.mean(written != mask) < 1e-3  # rounded to 0.01 px


def test_a_single_pixel_and_a_hole_stay():
    mask = np.zeros((9, 9), dtype=bool)
    mask[1, 1] = True
    mask[3:8, 3:8] = True
    mask[5, 5] = False
    small, ring = outlines(mask, 1.0).geoms
    assert 0.2 < min(small.area, ring.area) <= 1
    assert [len(part.interiors) for part in (small, ring)].count(1) == 1
