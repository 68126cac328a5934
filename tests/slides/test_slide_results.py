"""A heat map beside the truth, by a slow loop over its pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import shapely
from shapely import MultiPolygon
from skimage.color import rgb2hed
from skimage.filters import threshold_otsu

from podium.slides.annotations.labelled import Labelled
from podium.slides.heat import tiles_to_predict
from podium.slides.reader import Slide
from podium.slides.scoring import LEVELS, Counts
from podium.slides.slide_classification import SCORES
from podium.slides.slide_results import (
    PREVIEW,
    HeatStatistics,
    dye_mask,
    dye_threshold,
    top_mean,
)
from podium.slides.stitch import heat_bands
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


def find(one, view, path, regions, baseline, rows=512):
    """The result of a heat map that comes in bands."""
    statistics = HeatStatistics(view, regions, baseline)
    for top, band in heat_bands(path, rows):
        statistics.add(top, band)
    return statistics.result(one, path)


def slow_truth():
    """Which pixels of the frame have their centre in the tumour."""
    centres = [(2 * x + 1, 2 * y + 1) for y in range(64) for x in range(80)]
    return shapely.contains_xy(TUMOUR, *zip(*centres, strict=True)).reshape(64, 80)


@pytest.mark.parametrize(("band", "at_once"), [(512, 1 << 20), (24, 1 << 20), (512, 300)])
def test_heat_and_truth_pixel_by_pixel(view, heat, band, at_once, monkeypatch):
    monkeypatch.setattr("podium.slides.slide_results._AT_ONCE", at_once)
    values, path = heat
    one = find(row(), view, path, TUMOUR, baseline=True, rows=band)
    truth = slow_truth()
    for level in (1, 77, 128, 255):
        wanted = Counts.of(truth, values >= np.float32(level / LEVELS))
        assert Counts.at_level(one.histogram, level) == wanted
    n = int(truth.sum())
    assert one.has_truth
    assert Counts.at_level(one.histogram, LEVELS) == Counts(0, 0, n, 64 * 80 - n)
    assert Counts.at_level(one.histogram, LEVELS).f1 == 0
    # the threshold saw the same pixels: level 1 of the slide
    pixels = view.slide.read((0, 0, 80, 64), 2.0)
    threshold = dye_threshold(view.thumbnail, view.tissue)
    assert one.baseline == Counts.of(truth, dye_mask(pixels, threshold))
    assert one.baseline.true_positive > 0


def test_the_hottest_part_is_of_what_was_looked_at(view, heat):
    values, path = heat
    one = find(row(), view, path, TUMOUR, baseline=False)
    n = round(0.01 * len(view.l_corners) * 16**2)
    assert n == 31  # 4 x 3 tiles, 16 pixels apart
    wanted = np.sort(values.ravel())[-n:].mean()
    assert one.top_heat == pytest.approx(wanted, abs=1 / LEVELS)
    assert one.baseline is None


def test_a_slide_without_tumour(view, heat):
    one = find(row(), view, heat[1], MultiPolygon(), baseline=True)
    assert one.has_truth
    assert one.histogram[1].sum() == 0
    assert Counts.at_level(one.histogram, LEVELS).f1 == 1  # nothing there, nothing marked
    assert one.baseline.true_positive + one.baseline.false_negative == 0


def test_a_slide_nobody_knows(view, heat):
    one = find(row(annotation=""), view, heat[1], None, baseline=True)
    assert not one.has_truth
    assert one.baseline is None
    assert one.histogram.sum(axis=1).tolist() == [64 * 80, 0]


def test_a_slides_scores_do_not_depend_on_what_is_unknown(view, heat):
    half = Labelled({1: TUMOUR}, MultiPolygon([shapely.box(0, 0, 160, 64)]))
    known, partly = (find(row(), view, heat[1], each, baseline=False) for each in (TUMOUR, half))
    assert partly.histogram.sum() == known.histogram.sum() / 2
    for score in SCORES.values():
        assert score(partly) == score(known)


def test_the_top_mean_by_hand():
    histogram = np.zeros((2, LEVELS), dtype=np.int64)
    histogram[0, 10], histogram[0, 200], histogram[1, 255] = 500, 3, 2
    # 4 of 400 pixels: two of level 255, two of 200; the middle of a level is its heat
    assert top_mean(histogram, 400) == pytest.approx((2 * 255.5 + 2 * 200.5) / 4 / 256)
    assert top_mean(histogram, 0) == pytest.approx(255.5 / 256)  # one pixel at least
    histogram[:, 11:] = 0
    assert top_mean(histogram, 400) == pytest.approx(10.5 / 256)


def test_the_preview_is_the_thumbnail_at_its_size(view, heat):
    preview = find(row(), view, heat[1], None, baseline=False).preview
    assert preview.shape == (384, PREVIEW, 3)  # of a slide of 160 x 128
    assert view.thumbnail.shape == (102, 128, 3)
    wanted = cv2.resize(view.thumbnail, (PREVIEW, 384), interpolation=cv2.INTER_AREA)
    assert np.array_equal(preview, wanted)


# ---- the colour threshold, by scikit-image


def test_the_threshold_is_otsus_of_haematoxylin_in_tissue():
    pixels = stained(96, 64)
    pixels[:32] = pixels[:32] // 2  # twice as dark
    tissue = np.zeros((64, 96), dtype=np.uint8)
    tissue[:, :48] = 1
    dye = rgb2hed(pixels)[..., 0]
    level = dye_threshold(pixels, tissue)
    assert level == threshold_otsu(dye[:, :48])
    assert np.array_equal(dye_mask(pixels, level), dye > level)
    assert dye_mask(pixels, level)[:32].mean() > 0.9
    assert dye_mask(pixels, level)[32:].mean() < 0.1


def test_without_tissue_the_whole_picture_is_taken():
    pixels = stained(96, 64)
    pixels[:32] = pixels[:32] // 2
    nothing = np.zeros((64, 96), dtype=np.uint8)
    assert dye_threshold(pixels, nothing) == threshold_otsu(rgb2hed(pixels)[..., 0])


def test_one_colour_is_nowhere_dark():
    pixels = np.full((64, 96, 3), 90, dtype=np.uint8)
    level = dye_threshold(pixels, np.ones((64, 96), dtype=np.uint8))
    assert level == float("inf")
    assert not dye_mask(pixels, level).any()
