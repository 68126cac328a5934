"""Augmentation: masks move with their pixels, ranges are kept, stains follow scikit-image's."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import hed2rgb, hed_from_rgb, rgb2hed, rgb_from_hed

from podium.slides.augment import (
    affine_transforms,
    augmentation,
    light_changes,
    relight,
    restain,
    stain_changes,
)
from podium.training.runtime import keras, tf
from slide_networks import settings

ALL = {"rotate": 1.0, "zoom": 0.2, "flip": True}


def blobs(n, side):
    """Masks (n, side, side, 1) without symmetry, and pictures that are white where they are 1."""
    y, x = np.mgrid[0:side, 0:side] / side
    shape = ((x - 0.35) ** 2 + (y - 0.6) ** 2 < 0.06) | ((x > 0.55) & (y < 0.35) & (x < 0.9))
    masks = np.repeat(shape[None, :, :, None].astype(np.uint8), n, axis=0)
    return (masks * 255).repeat(3, axis=3).astype(np.float32), masks


def augmented(number=0, n=12, side=64, **changes):
    pixels, masks = blobs(n, side)
    found = augmentation(settings(**changes))(tf.constant(pixels), tf.constant(masks), number)
    return np.asarray(found[0]), np.asarray(found[1])


def test_masks_move_with_their_pixels():
    pixels, masks = augmented(**ALL)
    assert set(np.unique(masks).tolist()) == {0, 1}
    same = (pixels[..., 0] > 127) == (masks[..., 0] > 0)
    assert same.mean(axis=(1, 2)).min() > 0.97  # linear and nearest differ on the rim
    assert len({one.tobytes() for one in masks}) == 12
    still = (masks[..., 0] > 0) == (blobs(12, 64)[1][..., 0] > 0)
    assert still.mean() < 0.9


def test_nothing_asked_for_changes_nothing():
    pixels, masks = blobs(12, 64)
    found = augmented()
    np.testing.assert_allclose(found[0], pixels, atol=1e-3)
    assert np.array_equal(found[1], masks)


def test_a_step_is_a_function_of_seed_and_number():
    first = augmented(3, **ALL, stain_jitter=0.1)
    again = augmented(3, **ALL, stain_jitter=0.1)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    for other in (augmented(4, **ALL), augmented(3, **ALL, seed=1)):
        assert not np.array_equal(first[1], other[1])


def test_stains_change_pixels_only():
    plain, strong = augmented(2, **ALL), augmented(2, **ALL, stain_jitter=0.5)
    assert np.array_equal(plain[1], strong[1])
    assert np.abs(plain[0] - strong[0]).max() > 5


@pytest.mark.parametrize("flip", [False, True])
def test_the_ranges_of_turn_zoom_and_mirror(rng, flip):
    how = settings(rotate=0.25, zoom=0.2, flip=flip)
    a, b, c, d, e, f, *rest = affine_transforms(2000, 33, how, rng).T.astype(np.float64)
    assert not np.any(rest)
    sizes, turns = np.hypot(b, e), np.arctan2(-b, e)
    for found, reach, middle in ((turns, np.pi / 4, 0), (sizes, 0.2, 1)):
        assert found.min() == pytest.approx(middle - reach, abs=0.02)
        assert found.max() == pytest.approx(middle + reach, abs=0.02)
        assert found.mean() == pytest.approx(middle, abs=0.03)
    mirrored = a * e - b * d < 0
    assert mirrored.mean() == pytest.approx(0.5 * flip, abs=0.04)
    np.testing.assert_allclose(a * 16 + b * 16 + c, 16, atol=1e-4)  # the middle stays
    np.testing.assert_allclose(d * 16 + e * 16 + f, 16, atol=1e-4)
    np.testing.assert_allclose(np.abs(a * e - b * d), sizes**2, rtol=1e-4)  # no shear


class Given:
    """Random numbers by hand: a turn, a scale, then whether to mirror."""

    def __init__(self, turn, scale, mirror):
        self.values, self.mirror = [turn, scale], mirror

    def uniform(self, low, high, n):
        return np.full(n, self.values.pop(0))

    def random(self, n):
        return np.full(n, 0.1 if self.mirror else 0.9)


@pytest.mark.parametrize("side", [16, 17])
@pytest.mark.parametrize(("turn", "mirror", "wanted"), [
    (0, True, lambda one: one[:, ::-1]),
    (np.pi / 2, False, np.rot90),
    (np.pi, False, lambda one: one[::-1, ::-1]),
])  # fmt: skip
def test_a_quarter_turn_and_a_mirror_are_exact(rng, side, turn, mirror, wanted):
    picture = rng.random((side, side, 3)).astype(np.float32)
    move = affine_transforms(1, side, settings(**ALL), Given(turn, 0.0, mirror))
    found = keras.ops.image.affine_transform(picture[None], move, "bilinear", "reflect")
    np.testing.assert_allclose(np.asarray(found)[0], wanted(picture), atol=1e-4)


# ---- stains


def test_no_strength_leaves_the_stain(rng):
    pixels = rng.integers(0, 256, (2, 40, 40, 3)).astype(np.float32)
    found = np.asarray(restain(tf.constant(pixels), *stain_changes(2, 0.0, rng)))
    assert np.abs(found - pixels).max() < 1


def test_stains_of_scikit_image_times_and_plus(rng):
    # a purple pixel that holds some of all three dyes, so that rgb2hed cuts nothing off
    dyes = np.array([0.08, 0.06, 0.03])
    pixel = np.clip(hed2rgb(dyes[None, None]), 0, 1) * 256 - 1  # as restain takes light: +1
    scale, shift = np.array([1.2, 0.7, 1.0]), np.array([0.05, -0.02, 0.01])
    matrix = (hed_from_rgb * scale @ rgb_from_hed)[None].astype(np.float32)
    move = (shift @ rgb_from_hed).reshape(1, 1, 1, 3).astype(np.float32)
    found = np.asarray(restain(tf.constant(pixel[None].astype(np.float32)), matrix, move))
    unit = -np.log(1e-6)  # scikit-image gives densities in it; ours are natural logarithms
    seen = rgb2hed((found[0] + 1) / 256)[0, 0]
    np.testing.assert_allclose(seen, dyes * scale + shift / unit, atol=1e-4)


def test_the_strength_of_stains(rng):
    matrices, shifts = stain_changes(500, 0.2, rng)
    assert matrices.shape == (500, 3, 3)
    assert shifts.shape == (500, 1, 1, 3)
    scales = np.linalg.eigvals(matrices.astype(np.float64)).real
    assert (scales.min(), scales.max()) == pytest.approx((0.8, 1.2), abs=0.01)
    plus = shifts[:, 0, 0] @ hed_from_rgb
    assert (plus.min(), plus.max()) == pytest.approx((-0.02, 0.02), abs=0.001)


def test_light_beyond_the_range_is_cut_off():
    pixels = tf.constant(np.array([-3.0, 260.0, 255.0], dtype=np.float32).reshape(1, 1, 1, 3))
    found = np.asarray(restain(pixels, *stain_changes(1, 0.0, np.random.default_rng(0))))
    np.testing.assert_allclose(found.reshape(3), [0, 255, 255], atol=0.1)


def test_light_by_hand():
    pixels = tf.constant([[[[128.0, 64.0, 250.0]]]])
    factors, shifts = np.float32([[[[2.0, 0.5, 1.5]]]]), np.float32([[[[10.0]]]])
    # 128 stays but for the shift; 64 is 64 below: half of it; 250 leaves the range
    np.testing.assert_allclose(relight(pixels, factors, shifts), [[[[138.0, 106.0, 255.0]]]])


def test_the_strength_of_light(rng):
    factors, shifts = light_changes(20_000, 0.2, rng)
    assert factors.shape == (20_000, 1, 1, 3)
    assert shifts.shape == (20_000, 1, 1, 1)
    assert np.abs(shifts).max() == pytest.approx(25.6, rel=0.01)
    ratio = factors[:, 0, 0, 0] / factors[:, 0, 0, 1]  # contrast is common, colour is not
    assert ratio.max() == pytest.approx(1.1 / 0.9, rel=0.03)
    assert factors.max() == pytest.approx(1.2 * 1.1, rel=0.03)
    assert factors.min() == pytest.approx(0.8 * 0.9, rel=0.03)


def test_light_changes_pixels_only_and_leaves_other_draws_alone():
    plain = augmented(**ALL, stain_jitter=0.1)
    lit = augmented(**ALL, stain_jitter=0.1, brightness=0.2)
    assert np.array_equal(plain[1], lit[1])
    assert not np.allclose(plain[0], lit[0], atol=1)
