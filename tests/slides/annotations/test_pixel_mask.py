"""Masks kept as pixels: the same windows as their outlines, and no outlines of noise."""

import time

import numpy as np
import pytest
from PIL import Image

from podium.slides.annotations import mask_files, pixel_mask, raster
from podium.slides.annotations.pixel_mask import PixelMask, is_intricate


def blobs(h=60, w=80):
    y, x = np.mgrid[0:h, 0:w]
    return (np.hypot(x - 30, y - 20) < 15) | (np.hypot(x - 60, y - 45) < 9)


@pytest.mark.parametrize("scale", [1, 4, 0.5])
@pytest.mark.parametrize(("box", "downsample"), [
    ((0.0, 0.0, 80, 60), 1), ((-7.0, -5.0, 40, 30), 1), ((60.0, 40.0, 90, 50), 1),
    ((0.0, 0.0, 40, 30), 2), ((3.0, 5.0, 23, 17), 3.3), ((500.0, 0.0, 5, 5), 1),
])  # fmt: skip
def test_windows_are_those_of_the_outlines(box, downsample, scale):
    inside = blobs()
    mask = PixelMask(inside, scale)
    outlines = raster.polygons(inside, scale)
    box = (box[0] * scale, box[1] * scale, *box[2:])
    ours, theirs = (raster.mask(one, box, downsample * scale) for one in (mask, outlines))
    assert ours.dtype == theirs.dtype
    assert np.array_equal(ours, theirs)
    assert mask.area == outlines.area
    assert not mask.is_empty
    assert PixelMask(inside & False, 1).is_empty


def test_what_is_intricate():
    assert not is_intricate(blobs())
    assert is_intricate(blobs(), 10)
    assert not is_intricate(np.kron(np.eye(30, dtype=bool), np.ones((40, 40), dtype=bool)))
    assert is_intricate(np.random.default_rng(0).random((200, 200)) > 0.5)
    assert is_intricate(np.indices((200, 200)).sum(0) % 2 == 0)
    stripes = np.zeros((1100, 1000), dtype=bool)
    stripes[:, ::2] = True
    assert is_intricate(stripes)


@pytest.mark.parametrize("side", [512, 4096])
def test_a_mask_of_noise_is_read_at_once_and_kept(tmp_path, side):
    noise = np.random.default_rng(0).random((side, side)) > 0.5
    Image.fromarray(noise).save(tmp_path / "a.png")
    start = time.process_time()
    regions, notes, *_ = mask_files.read((tmp_path / "a.png").read_bytes(), (side, side))
    assert time.process_time() - start < 30
    assert notes == ["its outlines are as intricate as noise: kept as pixels"]
    assert np.array_equal(raster.mask(regions, (0.0, 0.0, side, side)), noise)


def test_it_is_written_and_read(tmp_path):
    noise = np.random.default_rng(0).random((200, 300)) > 0.5
    pixel_mask.write(tmp_path / "a.png", PixelMask(noise, 2.0))
    regions, *_ = mask_files.read((tmp_path / "a.png").read_bytes(), (600, 400))
    assert regions.downsample == 2
    assert np.array_equal(regions.inside, noise)
