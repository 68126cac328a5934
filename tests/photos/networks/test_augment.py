from __future__ import annotations

import numpy as np
import pytest

import photo_networks
from podium.core.params import NetworkAugment
from podium.photos.networks.augment import affine, augmented, colours, mixed, row_rng
from podium.photos.networks.batches import TrainPictures
from podium.training.order import shuffled_rows

STILL, MOVING = photo_networks.STILL, photo_networks.MOVING


@pytest.fixture
def picture(rng) -> np.ndarray:
    return rng.integers(0, 256, (16, 16, 3)).astype(np.uint8)


def pictures(**changes: object) -> TrainPictures:
    truth = photo_networks.truth_of("classes", 8)
    pixels = photo_networks.pixels_of(truth, 16)
    how = photo_networks.settings(augment=MOVING, **changes)
    return TrainPictures(pixels, np.eye(3, dtype=np.float32)[truth], np.arange(6), how)


def test_nothing_asked_for_changes_nothing(picture):
    same = augmented(picture, NetworkAugment(**STILL), row_rng(0, 0, 0))
    np.testing.assert_array_equal(same, picture)


@pytest.mark.parametrize("key", [key for key in MOVING if key != "flip"])
def test_each_change_changes_something_and_keeps_shape_and_type(key, picture):
    changed = augmented(picture, NetworkAugment(**STILL | {key: MOVING[key]}), row_rng(0, 0, 1))
    assert changed.shape == picture.shape
    assert changed.dtype == np.uint8
    assert (changed != picture).mean() > 0.2


@pytest.mark.parametrize(
    ("flip", "images"),
    [
        ("sides", [np.s_[:, :], np.s_[:, ::-1]]),
        ("both", [np.s_[:, :], np.s_[:, ::-1], np.s_[::-1], np.s_[::-1, ::-1]]),
    ],
)
def test_flips_mirror_about_half_of_the_pictures(flip, images, picture):
    how = NetworkAugment(**STILL | {"flip": flip})
    made = [augmented(picture, how, row_rng(0, 0, row)) for row in range(200)]
    counts = [sum(np.array_equal(each, picture[part]) for each in made) for part in images]
    assert sum(counts) == 200
    assert min(counts) > 200 / len(images) * 0.6


def test_a_turn_is_about_the_centre():
    move = affine(17, NetworkAugment(**STILL | {"rotate": 90.0}), row_rng(0, 0, 3))
    np.testing.assert_allclose(move @ [8, 8, 1], [8, 8], atol=1e-9)


def test_colours_keep_grey_grey():
    shades = colours(0.3, row_rng(0, 0, 5)) @ np.array([[40, 40, 40, 1], [200, 200, 200, 1]]).T
    np.testing.assert_allclose(shades, shades[:1].repeat(3, axis=0), atol=1e-9)


def test_a_picture_depends_on_seed_epoch_and_row_only():
    first, again, other = pictures(), pictures(), pictures(seed=1)
    one = first.picture(3, 4)[0]
    list(zip(range(5), first.batches(4, 0), strict=False))
    np.testing.assert_array_equal(one, again.picture(3, 4)[0])
    for different in (first.picture(4, 4)[0], first.picture(3, 5)[0], other.picture(3, 4)[0]):
        assert (one != different).any()


@pytest.mark.parametrize("mix", ["none", "mixup", "cutmix"])
def test_batches_from_any_start_are_those_of_the_whole_stream(mix):
    whole = [batch for batch, _ in zip(pictures(mix=mix).batches(4, 0), range(5), strict=False)]
    late = next(pictures(mix=mix).batches(4, 12))
    for one, other in zip(whole[3], late, strict=True):
        np.testing.assert_array_equal(one, other)


def test_each_epoch_shows_each_learnt_row_once_and_no_other():
    order = np.arange(6)[shuffled_rows(0, 12, 6, 0)]
    assert sorted(order[:6]) == sorted(order[6:]) == list(range(6))
    targets = pictures().targets
    seen = [batch[1] for batch, _ in zip(pictures().batches(6, 0), range(2), strict=False)]
    for batch, rows in zip(seen, (order[:6], order[6:]), strict=True):
        np.testing.assert_array_equal(batch, targets[rows])


@pytest.mark.parametrize("mix", ["mixup", "cutmix"])
def test_a_mixed_target_says_how_much_of_each_picture_there_is(mix):
    black, white = np.zeros((20, 20, 3), np.uint8), np.full((20, 20, 3), 255, np.uint8)
    targets = np.eye(2, dtype=np.float32)
    how = photo_networks.settings(mix=mix, mix_alpha=1.0)
    for row in range(20):
        pixels, target = mixed((black, targets[0]), (white, targets[1]), how, row_rng(0, 0, row))
        assert target.sum() == pytest.approx(1)
        assert pixels.mean() / 255 == pytest.approx(target[1], abs=0.01)
