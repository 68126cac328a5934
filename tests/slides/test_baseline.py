"""The colour threshold that a network must beat, by scikit-image."""

from __future__ import annotations

import numpy as np
from skimage.color import rgb2hed
from skimage.filters import threshold_otsu

from podium.slides.baseline import dark, dark_threshold
from podium.slides.heat import View
from podium.slides.tile_grid import Grid
from slide_fixtures import stained


def looked_at(thumbnail, tissue):
    height, width = tissue.shape
    grid = Grid((width, height), 1.0, 32, 32)
    return View(None, grid, np.empty((0, 2), np.int64), thumbnail, tissue, 1.0)


def test_the_threshold_is_otsus_of_haematoxylin_in_tissue():
    pixels = stained(96, 64)
    pixels[:32] = pixels[:32] // 2  # twice as dark
    tissue = np.zeros((64, 96), dtype=np.uint8)
    tissue[:, :48] = 1
    dye = rgb2hed(pixels)[..., 0]
    level = dark_threshold(looked_at(pixels, tissue))
    assert level == threshold_otsu(dye[:, :48])
    assert np.array_equal(dark(pixels, level), dye > level)
    assert dark(pixels, level)[:32].mean() > 0.9
    assert dark(pixels, level)[32:].mean() < 0.1


def test_without_tissue_the_whole_picture_is_taken():
    pixels = stained(96, 64)
    pixels[:32] = pixels[:32] // 2
    nothing = np.zeros((64, 96), dtype=np.uint8)
    assert dark_threshold(looked_at(pixels, nothing)) == threshold_otsu(rgb2hed(pixels)[..., 0])


def test_one_colour_is_nowhere_dark():
    pixels = np.full((64, 96, 3), 90, dtype=np.uint8)
    level = dark_threshold(looked_at(pixels, np.ones((64, 96), dtype=np.uint8)))
    assert level == float("inf")
    assert not dark(pixels, level).any()
