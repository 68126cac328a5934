"""A heat map beside the truth, by a slow loop over its pixels."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon

from podium.slides import slide_results
from podium.slides.baseline import dark, dark_threshold
from podium.slides.heat import tiles_to_predict
from podium.slides.reader import Slide
from podium.slides.scoring import LEVELS, Counts
from podium.slides.slide_results import find, hottest
from slide_fixtures import stained, write_pyramid
from slide_networks import TILES, heat_file, row

TUMOUR = MultiPolygon([shapely.box(20, 10, 90, 70), shapely.box(100, 90, 121, 111)])


@pytest.fixture
def view(tmp_path):
    """A slide of 160 x 128, seen at level 1: a frame of 80 x 64."""
    path = write_pyramid(tmp_path / "a.tif", stained(160, 128))
    return tiles_to_predict(Slide.open(path), TILES.model_copy(update={"level": 1}), 16)


@pytest.fixture
def heat(tmp_path, rng):
    values = rng.random((64, 80)).astype(np.float32)
    return values, heat_file(tmp_path / "a.h5", values, downsample=2.0)


def slow_truth():
    """Which pixels of the frame have their centre in the tumour."""
    centres = [(2 * x + 1, 2 * y + 1) for y in range(64) for x in range(80)]
    return shapely.contains_xy(TUMOUR, *zip(*centres, strict=True)).reshape(64, 80)


@pytest.mark.parametrize("band", [512, 24])
def test_heat_and_truth_pixel_by_pixel(view, heat, monkeypatch, band):
    monkeypatch.setattr(slide_results, "BAND", band)
    values, path = heat
    one = find(row(), view, path, TUMOUR, baseline=True)
    truth = slow_truth()
    for level in (1, 77, 128, 255):
        wanted = Counts.of(truth, values >= np.float32(level / LEVELS))
        assert Counts.at_level(one.histogram, level) == wanted
    n = int(truth.sum())
    assert one.known
    assert Counts.at_level(one.histogram, LEVELS) == Counts(0, 0, n, 64 * 80 - n)
    assert Counts.at_level(one.histogram, LEVELS).f1 == 0
    # the threshold saw the same pixels: level 1 of the slide
    pixels = view.slide.read((0, 0, 80, 64), 2.0)
    assert one.threshold == Counts.of(truth, dark(pixels, dark_threshold(view)))
    assert one.threshold.true_positive > 0


def test_the_hottest_part_is_of_what_was_looked_at(view, heat):
    values, path = heat
    one = find(row(), view, path, TUMOUR, baseline=False)
    n = round(0.01 * len(view.l_corners) * 16**2)
    assert n == 31  # 4 x 3 tiles, 16 pixels apart
    wanted = np.sort(values.ravel())[-n:].mean()
    assert one.hottest == pytest.approx(wanted, abs=1 / LEVELS)
    assert one.threshold is None


def test_a_slide_without_tumour(view, heat):
    one = find(row(), view, heat[1], MultiPolygon(), baseline=True)
    assert one.known
    assert one.histogram[1].sum() == 0
    assert Counts.at_level(one.histogram, LEVELS).f1 == 1  # nothing there, nothing marked
    assert one.threshold.true_positive + one.threshold.false_negative == 0


def test_a_slide_nobody_knows(view, heat):
    one = find(row(annotation=""), view, heat[1], None, baseline=True)
    assert not one.known
    assert one.threshold is None
    assert one.histogram.sum(axis=1).tolist() == [64 * 80, 0]


def test_hottest_by_hand():
    histogram = np.zeros((2, LEVELS), dtype=np.int64)
    histogram[0, 10], histogram[0, 200], histogram[1, 255] = 500, 3, 2
    # 4 of 400 pixels: two of level 255, two of 200; the middle of a level is its heat
    assert hottest(histogram, 400) == pytest.approx((2 * 255.5 + 2 * 200.5) / 4 / 256)
    assert hottest(histogram, 0) == pytest.approx(255.5 / 256)  # one pixel at least
    histogram[:, 11:] = 0
    assert hottest(histogram, 400) == pytest.approx(10.5 / 256)
