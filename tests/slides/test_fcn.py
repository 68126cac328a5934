"""FCN-32s to FCN-2s: sizes and parameters by hand, interpolation by hand, still statistics."""

from __future__ import annotations

import numpy as np
import pytest

from podium.core.errors import PodiumError, SettingsError
from podium.slides import fcn
from podium.training.runtime import keras, set_up
from slide_networks import settings

VGG16 = 14_714_688  # without its top, as Keras documents it
# a score each: 513 of 512 channels at strides 32 and 16, 257 of 256 at 8; kernels of side 2 factor
HEADS = {
    32: 513 + 64**2,
    16: 513 + 4**2 + 513 + 32**2,
    8: 513 + 4**2 + 513 + 4**2 + 257 + 16**2,
}


@pytest.fixture
def shapes_only():
    """Networks without values: quick to build."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session()


def built(folder, **changes):
    return fcn.build(settings(**changes), folder, {"task": "slides"})


@pytest.mark.parametrize("finest", HEADS)
def test_the_papers_networks_on_the_books_tiles(shapes_only, tmp_path, finest):
    network = built(tmp_path, encoder="vgg16", finest=finest)
    assert network.count_params() == VGG16 + HEADS[finest]
    seen = network.compute_output_spec(keras.KerasTensor((5, 256, 256, 3)))
    assert (seen.shape, seen.dtype) == ((5, 256, 256, 1), "float32")
    names = {layer.name for layer in network.layers}
    assert {stride for stride in (16, 8, 4, 2) if f"fuse{stride}" in names} == {
        stride for stride in (16, 8) if stride >= finest
    }
    assert network.get_layer("whole").strides == (finest, finest)
    assert not network.get_layer("whole").trainable


@pytest.mark.parametrize("finest", [4, 2])
@pytest.mark.parametrize("channels", [1, 6])
def test_finer_strides_go_on_in_the_same_way(shapes_only, tmp_path, finest, channels):
    network = built(tmp_path, finest=finest, channels=channels)
    seen = network.compute_output_spec(keras.KerasTensor((1, 64, 96, 3)))
    assert seen.shape == (1, 64, 96, 1)
    assert network.get_layer(f"fuse{finest}").output.shape[-1] == channels
    names = {layer.name for layer in network.layers}
    assert (f"fuse{finest // 2}" in names, "score" in names) == (False, channels > 1)


def test_the_mixed_policy_gives_float32_logits(tmp_path):
    set_up(0, "mixed_bfloat16")
    try:
        with keras.StatelessScope(initialize_variables=False):
            assert built(tmp_path).outputs[0].dtype == "float32"
    finally:
        set_up(0)


# ---- interpolation


def test_the_bilinear_kernel_by_hand():
    side = np.array([0.25, 0.75, 0.75, 0.25])
    assert np.array_equal(fcn.bilinear(2), np.outer(side, side))
    assert fcn.bilinear(8).sum() == 64  # each pixel gives as much as it takes up


@pytest.mark.parametrize("factor", [2, 8])
def test_a_ramp_stays_a_ramp(factor):
    y, x = np.mgrid[0:6, 0:5].astype(np.float32)
    ramp = np.stack([x, 3 * y], axis=2)[None]
    found = np.asarray(fcn._upsampled(ramp, 2, factor, f"up-{factor}"))[0]
    assert found.shape == (6 * factor, 5 * factor, 2)
    at_y, at_x = (np.mgrid[0 : 6 * factor, 0 : 5 * factor] + 0.5) / factor - 0.5  # centres
    inside = slice(factor, -factor), slice(factor, -factor)
    np.testing.assert_allclose(found[inside][..., 0], at_x[inside], atol=1e-4)
    np.testing.assert_allclose(found[inside][..., 1], 3 * at_y[inside], atol=1e-4)


# ---- one untrained network


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    set_up(0)
    return built(tmp_path_factory.mktemp("w"), finest=8)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(1).integers(0, 256, (2, 64, 96, 3)).astype(np.float32)


def test_it_begins_as_the_coarsest_score_interpolated(network, pixels):
    # finer scores begin at 0, and so the network is its score at stride 32, brought up
    encoder, score = network.get_layer("encoder"), network.get_layer("score32")
    coarse = np.asarray(encoder(pixels)[-1])
    kernel, bias = (np.asarray(one) for one in (score.kernel, score.bias))
    x = coarse @ kernel[0, 0] + bias
    assert x.shape == (2, 2, 3, 1)
    for factor in (2, 2, 8):
        x = slowly_upsampled(x[..., 0], factor)[..., None]
    found = np.asarray(network(pixels, training=False))
    assert np.ptp(found) > 0
    np.testing.assert_allclose(found, x, rtol=1e-3, atol=1e-3 * np.abs(x).max())


def slowly_upsampled(x, factor):
    """Every pixel of (n, h, w) painted as a kernel of twice its side, the rim cut off."""
    n, h, w = x.shape
    wide = np.zeros((n, (h + 1) * factor, (w + 1) * factor))
    side = 1 - np.abs(np.arange(0.5, 2 * factor) - factor) / factor
    for row, column in np.ndindex(h, w):
        part = np.s_[:, row * factor : (row + 2) * factor, column * factor : (column + 2) * factor]
        wide[part] += x[:, row, column, None, None] * np.outer(side, side)
    half = factor // 2
    return wide[:, half : half + h * factor, half : half + w * factor]


def test_the_encoders_statistics_stay_as_they_are(network, pixels):
    kept = {one.path: np.array(np.asarray(one)) for one in network.variables}
    n_still = [path for path in kept if "moving_" in path]
    still = np.asarray(network(pixels, training=False))
    learning = np.asarray(network(pixels, training=True))
    assert len(n_still) > 90
    for one in network.variables:
        if one.path in n_still:
            np.testing.assert_array_equal(np.asarray(one), kept[one.path])
    np.testing.assert_allclose(learning, still, rtol=1e-4, atol=1e-5)  # no dropout here


def test_dropout_is_before_the_first_score(tmp_path, shapes_only):
    assert built(tmp_path, dropout=0.35).get_layer(index=-4).rate == 0.35


# ---- weights


def test_a_word_that_does_not_fit(tmp_path):
    with pytest.raises(SettingsError, match=r"^train_segmenter\.weights: 'package' does not fit"):
        built(tmp_path, encoder="vgg16", weights="package")
    with pytest.raises(PodiumError, match=r"vgg16\.weights\.h5: no such weights file"):
        built(tmp_path, encoder="vgg16", weights="0" * 64)
