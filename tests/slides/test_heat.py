"""The heat map of a slide: its tiles predicted, in their place, and only once."""

from __future__ import annotations

import numpy as np
import pytest

from podium.core.errors import PodiumError
from podium.core.files import scratch_dir
from podium.slides.heat import Views, heat_map, tiles_to_predict
from podium.slides.reader import Slide, UnreadableRegion
from podium.slides.stain import Stain, restained, stain_of
from podium.slides.stitch import heat_bands
from slide_fixtures import TILE, damage, stained, write_pyramid
from slide_networks import TILES

AT_ONCE = 5  # tiles


class Fake:
    """Heat of each pixel = its red / 255, or a constant; what it was asked is kept."""

    def __init__(self, constant=None):
        self.constant, self.asked, self.classes, self.engine = constant, [], ("tumour",), {}

    def heat(self, pixels, fold, turns=1):
        self.asked.append((len(pixels), fold))
        if self.constant is None:
            return pixels[..., 0] / np.float32(255)
        return np.full(pixels.shape[:3], self.constant, dtype=np.float32)


def read(path):
    return np.concatenate([band for _, band in heat_bands(path)])


@pytest.fixture
def pixels():
    return stained(160, 128)


@pytest.fixture
def view(tmp_path, pixels):
    return tiles_to_predict(Slide.open(write_pyramid(tmp_path / "a.tif", pixels)), TILES, 16)


def test_a_slide_is_cut_where_it_has_tissue(tmp_path, pixels):
    pixels[:, 64:] = 245
    slide = Slide.open(write_pyramid(tmp_path / "half.tif", pixels))
    found = tiles_to_predict(slide, TILES, 16)
    assert (found.grid.tile, found.grid.stride) == (32, 16)
    assert set(found.l_corners[:, 0].tolist()) == {0, 16, 32, 48}  # tissue ends at 64
    assert found.thumbnail.shape == (102, 128, 3)
    assert found.downsample == 1.25
    assert found.tissue[:, :48].all()
    assert not found.tissue[:, 56:].any()
    assert tiles_to_predict(slide, TILES, 500).grid.stride == 32  # never more than a tile


def test_a_constant_stays_a_constant(view):
    fake = Fake(0.3)
    heat = read(heat_map(view, fake, 1, AT_ONCE, "k", 0.1))
    assert heat.shape == (128, 160)
    np.testing.assert_allclose(heat, np.float32(0.3), rtol=1e-6)
    # 9 x 7 tiles in batches that are always of 5, the last one filled up
    assert fake.asked == [(5, 1)] * 13


def test_heat_lies_where_its_pixels_lie(view, pixels):
    heat = read(heat_map(view, Fake(), -1, AT_ONCE, "k", 0.1))
    np.testing.assert_allclose(heat, pixels[..., 0] / 255, atol=1e-5)


def test_no_tissue_no_heat(tmp_path):
    slide = Slide.open(write_pyramid(tmp_path / "b.tif", np.full((96, 96, 3), 245, np.uint8)))
    found, fake = tiles_to_predict(slide, TILES, 32), Fake(1.0)
    assert not read(heat_map(found, fake, 0, AT_ONCE, "k", 0.1)).any()
    assert fake.asked == []


def test_damaged_tiles_have_no_heat(tmp_path):
    path = write_pyramid(tmp_path / "c.tif", stained(256, 128), n_levels=1)
    found = tiles_to_predict(Slide.open(path), TILES, 32)
    damage(path, 1)  # the second stored tile: x from 64 to 128, y to 64
    heat = read(heat_map(found, Fake(0.7), 0, AT_ONCE, "k", 0.5))
    wanted = np.full((128, 256), np.float32(0.7))
    wanted[:TILE, TILE : 2 * TILE] = 0
    np.testing.assert_allclose(heat, wanted, rtol=1e-6)
    with pytest.raises(UnreadableRegion, match="tiles cannot be read"):
        heat_map(found, Fake(0.7), 0, AT_ONCE, "other", 0.05)


def test_a_finished_map_is_not_computed_again(view):
    first = heat_map(view, Fake(0.3), 1, AT_ONCE, "k", 0.1)
    fake = Fake(0.9)
    assert heat_map(view, fake, 1, AT_ONCE, "k", 0.1) == first
    assert fake.asked == []
    np.testing.assert_allclose(read(first), np.float32(0.3), rtol=1e-6)


def test_the_bands_of_a_map_are_seen_whether_it_is_written_or_read(tmp_path):
    slide = Slide.open(write_pyramid(tmp_path / "long.tif", stained(64, 1100), n_levels=1))
    tall = tiles_to_predict(slide, TILES, 32)
    seen = [[], []]
    for bands in seen:
        path = heat_map(tall, Fake(), 1, AT_ONCE, "k", 0.1, lambda *band: bands.append(band))  # noqa: B023
        assert [row for row, _ in bands] == [0, 512, 1024]
        assert np.array_equal(np.concatenate([band for _, band in bands]), read(path))


def test_a_map_that_cannot_be_counted_is_not_kept(view):
    def fail(*_):
        raise PodiumError("no")

    with pytest.raises(PodiumError, match="no"):
        heat_map(view, Fake(0.3), 1, AT_ONCE, "k", 0.1, fail)
    assert list(scratch_dir("heat").glob("*.h5")) == []


def test_another_fold_key_or_stride_is_another_map(view):
    first = heat_map(view, Fake(0.3), 1, AT_ONCE, "k", 0.1)
    wider = tiles_to_predict(view.slide, TILES, 32)
    others = [(view, 0, "k"), (view, 1, "l"), (wider, 1, "k")]
    found = [heat_map(seen, Fake(0.9), fold, AT_ONCE, key, 0.1) for seen, fold, key in others]
    assert len({first, *found}) == 4
    for one in found:
        np.testing.assert_allclose(read(one), np.float32(0.9), rtol=1e-6)


def test_a_slide_is_also_seen_stained_as_those_learnt_from(view, pixels):
    own = stain_of(view.thumbnail, view.tissue)
    reference, fake = Stain((0.9, 0.9, 0.4), own.spread), Fake()
    plain, same, mean = (
        read(heat_map(view, fake, -1, AT_ONCE, "views", 0.0, views=views))
        for views in (Views(), Views(1, own), Views(1, reference))
    )
    np.testing.assert_allclose(same, plain, atol=1e-6)
    darker = restained(pixels, own, reference)[..., 0] / 255
    assert darker.mean() < plain.mean() - 0.1
    inside = plain > 0
    np.testing.assert_allclose(mean[inside], ((plain + darker) / 2)[inside], atol=1e-5)
