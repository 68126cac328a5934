"""The artefact: all folds' networks in one file, each asked alone or all together."""

from __future__ import annotations

import numpy as np
import pytest

from podium.core.errors import PodiumError
from podium.slides.segmenter import Segmenter, assemble, describe
from podium.training import artefact, model_file
from podium.training.runtime import keras, set_up
from slide_networks import PARAMS, TILES


def network(seed):
    set_up(seed)
    pixels = keras.Input((None, None, 3))
    x = artefact.MetadataLayer({"task": "slides"})(pixels)
    x = keras.layers.Rescaling(1 / 128, offset=-1)(x)
    return keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(x))


@pytest.fixture(scope="module")
def networks():
    """By fold; counted from 1, as a person may count them in slides.csv."""
    return {1: network(1), 4: network(2)}


@pytest.fixture(scope="module")
def segmenter(networks, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "slides.keras"
    slides = PARAMS.slides.model_copy(update={"mpp": 0.25})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(path.parent))
        artefact.save(assemble(networks, describe(slides, TILES)), path)
    assert model_file.read_task(path) == "slides"
    return Segmenter(path)


def probabilities(model, pixels):
    logits = np.asarray(model(pixels.astype(np.float32), training=False))[..., 0]
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 256, (3, 32, 64, 3), dtype=np.uint8)


def test_it_says_how_slides_are_cut(segmenter):
    assert (segmenter.tiles, segmenter.mpp, segmenter.n_folds) == (TILES, 0.25, 2)


@pytest.mark.parametrize("fold", [1, 4])
def test_a_fold_is_looked_at_by_its_own_network(segmenter, networks, pixels, fold):
    found = segmenter.heat(pixels, fold)
    assert (found.shape, found.dtype) == ((3, 32, 64), np.float32)
    np.testing.assert_allclose(found, probabilities(networks[fold], pixels), atol=1e-5)
    other = probabilities(networks[5 - fold], pixels)
    assert np.abs(found - other).max() > 0.05


@pytest.mark.parametrize("fold", [-1, 0, 2])
def test_others_take_the_mean(segmenter, networks, pixels, fold):
    wanted = np.mean([probabilities(one, pixels) for one in networks.values()], axis=0)
    np.testing.assert_allclose(segmenter.heat(pixels, fold), wanted, atol=1e-5)
    parts = [segmenter.heat(pixels, one) for one in networks]
    np.testing.assert_allclose(segmenter.heat(pixels), np.mean(parts, axis=0), atol=1e-6)


def test_another_kind_of_model(tmp_path):
    path = tmp_path / "photos.keras"
    pixels = keras.Input((8, 8, 3))
    described = artefact.MetadataLayer({"task": "photos"}, name="described")(pixels)
    artefact.save(keras.Model(pixels, described), path)
    with pytest.raises(PodiumError, match=r"photos\.keras: a podium model, but not one for slides"):
        Segmenter(path)
    with pytest.raises(PodiumError, match="no such model"):
        Segmenter(tmp_path / "none.keras")
