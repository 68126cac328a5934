"""Masks: pixel centres by hand, parity with an independent rasteriser, and the way back."""

import time

import cv2
import numpy as np
import pytest
from shapely import MultiPolygon, Point, Polygon, box, unary_union
from skimage.draw import polygon2mask

from podium.slides.annotations import raster
from podium.slides.annotations.raster import mask, polygons


def regions(*parts):
    return MultiPolygon(parts)


def test_a_pixel_is_inside_where_its_centre_is():
    found = mask(regions(box(1, 1, 3, 2)), (0, 0, 5, 4))
    np.testing.assert_array_equal(
        found, [[0, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    )
    assert found.dtype == np.uint8
    assert mask(regions(box(0.4, 0.4, 1.6, 1.6)), (0, 0, 3, 3)).sum() == 4
    assert mask(regions(box(0.6, 0.6, 1.4, 1.4)), (0, 0, 3, 3)).sum() == 0


def test_a_triangle_by_hand():
    # x > y at the centres: 0.5 > 0.5 is no
    found = mask(regions(Polygon([(0, 0), (4, 0), (4, 4)])), (0, 0, 4, 4))
    np.testing.assert_array_equal(found, [[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]])


def test_regions_that_share_a_side_share_no_pixel():
    left, right = box(0, 0, 2.5, 9), box(2.5, 0, 5, 9)
    above, below = box(0, 0, 9, 2.5), box(0, 2.5, 9, 5)
    for one, other in ((left, right), (above, below)):
        both = mask(regions(one), (0, 0, 9, 9)) + mask(regions(other), (0, 0, 9, 9))
        assert both.max() == 1
        assert both.sum() == 45


def test_triangles_around_a_point_share_no_pixel_and_leave_none(rng):
    turn = np.sort(rng.random(7)) * 2 * np.pi
    corners = np.column_stack([np.cos(turn), np.sin(turn)]) * rng.uniform(40, 90, (7, 1)) + 95
    fans = [Polygon([corners[k - 1], corners[k], (95, 95)]) for k in range(7)]
    summed = sum(mask(regions(fan), (0, 0, 190, 190)).astype(int) for fan in fans)
    np.testing.assert_array_equal(summed, mask(regions(Polygon(corners)), (0, 0, 190, 190)))


def test_holes_are_left_out():
    ring = Polygon(box(0, 0, 6, 6).exterior.coords, [box(2, 2, 4, 4).exterior.coords])
    found = mask(regions(ring), (0, 0, 6, 6))
    assert found.sum() == 32
    assert found[2:4, 2:4].sum() == 0


def test_the_window_and_the_downsample():
    # pixel (row, col) is about level-0 point (100 + 4 (col + 0.5), 50 + 4 (row + 0.5))
    found = mask(regions(box(104, 58, 112, 62)), (100, 50, 4, 5), 4.0)
    np.testing.assert_array_equal(np.argwhere(found), [[2, 1], [2, 2]])
    assert found.shape == (5, 4)
    shifted = mask(regions(box(104, 58, 112, 62)), (97, 50, 4, 5), 4.0)
    np.testing.assert_array_equal(np.argwhere(shifted), [[2, 2], [2, 3]])


def test_a_window_is_a_part_of_the_whole(rng):
    region = regions(Polygon(blob(rng, np.array([110, 110]), 100)))
    whole = mask(region, (0, 0, 220, 220))
    for x, y, w, h in ((0, 0, 50, 40), (77, 31, 100, 120), (200, 210, 20, 10), (90, 90, 1, 1)):
        np.testing.assert_array_equal(mask(region, (x, y, w, h)), whole[y : y + h, x : x + w])


def test_windows_off_the_regions_are_empty():
    region = regions(box(100, 100, 110, 110))
    for x, y in ((0, 0), (200, 100), (100, 200), (110, 100), (90, 100)):
        assert mask(region, (x, y, 10, 10)).sum() == 0
    assert mask(MultiPolygon(), (0, 0, 3, 2)).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert mask(region, (100, 100, 10, 10)).sum() == 100


def test_points_far_away_cost_nothing():
    region = regions(Polygon([(-9e8, -9e8), (9e8, 0), (-9e8, 9e8)]))
    start = time.process_time()
    found = mask(region, (0, 0, 100, 100))
    assert time.process_time() - start < 20
    assert found.sum() == 100 * 100


def blob(rng, middle, radius):
    """A star-shaped outline of 60 points."""
    turn = np.sort(rng.random(60)) * 2 * np.pi
    reach = radius * (0.6 + 0.4 * rng.random(60))
    return np.column_stack([np.cos(turn) * reach, np.sin(turn) * reach]) + middle


@pytest.mark.parametrize("downsample", [1.0, 1.7, 4.0])
@pytest.mark.parametrize("radius", [25, 60, 150])
def test_parity_with_an_independent_rasteriser(rng, radius, downsample):
    side = 2 * radius + 20
    for _ in range(3):
        outline = blob(rng, np.array([side / 2, side / 2]), radius) * downsample
        region = regions(Polygon(outline))
        found = mask(region, (0, 0, side, side), downsample).astype(bool)
        other = polygon2mask((side, side), outline[:, ::-1] / downsample - 0.5)
        assert (found & other).sum() / (found | other).sum() > 0.99
        assert found.sum() * downsample**2 == pytest.approx(region.area, rel=0.01)


def test_fillpoly_would_not_pass_for_parity(rng):
    outline = blob(rng, np.array([35, 35]), 25)
    painted = np.zeros((70, 70), np.uint8)
    cv2.fillPoly(painted, [np.rint((outline - 0.5) * 256).astype(np.int32)], 1, shift=8)
    assert painted.sum() > 1.05 * Polygon(outline).area


def test_a_disk_with_holes_keeps_its_area():
    disk = Point(300, 300).buffer(200, quad_segs=64)
    holes = unary_union([Point(250, 250).buffer(40), Point(370, 330).buffer(60)])
    found = mask(regions(disk - holes), (0, 0, 600, 600))
    assert found.sum() == pytest.approx((disk - holes).area, rel=0.001)


# ---- and back


def noise(rng, shape, sigma):
    return cv2.GaussianBlur(rng.random(shape), (0, 0), sigma) > 0.5


HAND_DRAWN = {
    "one pixel": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "all": [[1, 1], [1, 1]],
    "nothing": [[0, 0], [0, 0]],
    "diagonal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "other diagonal": [[0, 1], [1, 0]],
    "chequers": [[1, 0, 1], [0, 1, 0], [1, 0, 1]],
    "hole": [[1, 1, 1], [1, 0, 1], [1, 1, 1]],
    "hole at a corner": [[1, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]],
    "island in a hole": [[1] * 5, [1, 0, 0, 0, 1], [1, 0, 1, 0, 1], [1, 0, 0, 0, 1], [1] * 5],
    "line": [[1, 1, 1, 1]],
}


@pytest.mark.parametrize("name", HAND_DRAWN)
def test_outlines_of_hand_drawn_masks(name):
    drawn = np.array(HAND_DRAWN[name], dtype=np.uint8)
    found = polygons(drawn)
    assert found.is_valid
    assert found.area == drawn.sum()
    np.testing.assert_array_equal(mask(found, (0, 0, *drawn.shape[::-1])), drawn)


def test_an_outline_runs_along_the_sides_of_pixels():
    drawn = np.zeros((5, 6), np.uint8)
    drawn[1:3, 2:5] = 1
    assert polygons(drawn).equals(box(2, 1, 5, 3))
    assert polygons(drawn, 4.0, (100, 50)).equals(box(108, 54, 120, 62))
    assert polygons(drawn * 255).equals(box(2, 1, 5, 3))
    assert polygons(drawn.astype(bool)).equals(box(2, 1, 5, 3))


def test_a_hole_is_a_hole():
    (ring,) = polygons(np.array(HAND_DRAWN["hole"])).geoms
    assert [hole.bounds for hole in ring.interiors] == [(1, 1, 2, 2)]


@pytest.mark.parametrize("sigma", [0.01, 1, 3])
@pytest.mark.parametrize("band", [2**24, 300])
def test_random_masks_come_back_exactly(rng, sigma, band, monkeypatch):
    monkeypatch.setattr(raster, "BAND", band)
    for _ in range(12):
        height, width = rng.integers(1, 70, 2)
        drawn = noise(rng, (height, width), sigma).astype(np.uint8)
        found = polygons(drawn, 4.0003, (17.3, -5.5))
        assert found.is_valid
        assert found.area == pytest.approx(drawn.sum() * 4.0003**2)
        np.testing.assert_array_equal(mask(found, (17.3, -5.5, width, height), 4.0003), drawn)


def test_bands_leave_no_seam(monkeypatch):
    drawn = np.ones((50, 10), np.uint8)
    monkeypatch.setattr(raster, "BAND", 70)
    (found,) = polygons(drawn).geoms
    assert found.equals(box(0, 0, 10, 50))
