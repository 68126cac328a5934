from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from house import encoded, striped
from podium.models import backbones
from podium.models.backbones import Extractor
from podium.pictures.dataset import CheckCache, check_pictures
from podium.pictures.extract import Recipe, compute_missing, open_shards
from podium.pictures.source import PictureSource
from podium.pictures.views import mirror

SIDE = 14
VIEWS = {"plain": 1, "flip": 2, "crops": 10}


class Corner:
    """A toy network that only sees the pixel at the top left; keeps the batches it saw."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, pixels):
        self.batches.append(len(pixels))
        return pixels[:, 0, 0].astype(np.float32)


def toy(views, network=None, batch_size=4) -> Recipe:
    extractor = Extractor("toy", SIDE, 3, {"extractor": "toy"}, network or Corner())
    return Recipe(extractor, batch_size, 89.0, views)


def hog(views) -> Recipe:
    return Recipe(backbones.build("hog", "none", Path()), 4, 89.0, views)


def features(how, *images):
    return how.compute([how.pixels(encoded(image, "PNG")) for image in images])


def noise(rng, width, height) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_flip_is_the_mean_of_both_upper_corners(rng):
    image = noise(rng, SIDE, SIDE)
    pixels = np.asarray(image).astype(float)
    assert features(toy("plain"), image)[0].tolist() == pixels[0, 0].tolist()
    assert features(toy("flip"), image)[0].tolist() == (pixels[0, [0, -1]].mean(0)).tolist()


def test_crops_are_four_corners_and_the_centre_each_with_its_mirror_image(rng):
    image = noise(rng, 16, 16)  # crops of 14 pixels, which nothing resizes
    pixels = np.asarray(image).astype(float)
    upper_left = [(0, 0), (0, 2), (2, 0), (2, 2), (1, 1)]
    upper_right = [(0, 13), (0, 15), (2, 13), (2, 15), (1, 14)]
    by_hand = np.mean([pixels[place] for place in upper_left + upper_right], axis=0)
    np.testing.assert_allclose(features(toy("crops"), image)[0], by_hand, rtol=1e-6)


def test_crops_of_a_wide_picture_are_as_wide(rng):
    ramp = np.broadcast_to(np.arange(0, 240, dtype=np.uint8)[None, :, None], (80, 240, 3))
    crops = toy("crops").pixels(encoded(Image.fromarray(ramp.copy()), "PNG")).astype(float)
    assert crops.shape == (5, SIDE, SIDE, 3)
    middle = (0.5 + np.arange(SIDE)) * 210 / SIDE - 0.5  # crops are 210 of 240 pixels wide
    for crop, left in zip(crops, (0, 30, 0, 30, 15), strict=True):
        np.testing.assert_allclose(crop[5, 1:-1, 0], (left + middle)[1:-1], atol=1)


@pytest.mark.parametrize("make", [toy, hog])
@pytest.mark.parametrize(("width", "height"), [(48, 40), (97, 61), (128, 128)])
def test_a_picture_and_its_mirror_image_have_the_same_features(rng, make, width, height):
    image = noise(rng, width, height)
    twins = {views: features(make(views), image, ImageOps.mirror(image)) for views in VIEWS}
    np.testing.assert_array_equal(*twins["flip"])
    np.testing.assert_allclose(*twins["crops"], rtol=1e-4, atol=0.02)
    assert np.abs(twins["plain"][0] - twins["plain"][1]).max() > 0.1


@pytest.mark.parametrize("views", VIEWS)
def test_every_batch_is_full_and_neighbours_change_nothing(views):
    network = Corner()
    images = [striped("cat", number) for number in range(3)]
    together = features(toy(views, network), *images)
    assert network.batches == [4] * VIEWS[views]
    assert together[1].tobytes() == features(toy(views), images[1])[0].tobytes()


def test_each_way_of_looking_has_work_in_progress_of_its_own(photos_dir):
    source = PictureSource(photos_dir)
    items, _ = check_pictures(source, CheckCache(89.0))
    for views in VIEWS:
        how = toy(views)
        assert compute_missing(items, source.read, how, open_shards(how), 16) == 29
        assert compute_missing(items, source.read, how, open_shards(how), 16) == 0


def test_the_provenance_names_the_views_and_plain_is_what_it_was():
    assert toy("flip").provenance["views"] == "flip"
    crops = toy("crops").provenance
    assert crops["averaged"] == "five crops of 0.875 of each side and their mirror images"
    plain = {"extractor", "decoder", "resize", "batch_size"}
    assert set(toy("plain").provenance) == plain


def test_mirrored_exchanges_left_and_right_only():
    pixels = np.arange(2 * 2 * 3 * 3, dtype=np.uint8).reshape(2, 2, 3, 3)
    assert mirror(pixels)[1, 0, 0].tolist() == pixels[1, 0, 2].tolist()
    assert mirror(pixels)[0, 1, 1].tolist() == pixels[0, 1, 1].tolist()
