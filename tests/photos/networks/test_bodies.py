from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from podium.core.errors import SettingsError
from podium.models import extractor_table
from podium.models.backbones import preprocessing
from podium.photos.networks import bodies
from podium.photos.networks.names import networks
from podium.training.runtime import keras

TABLE = [name for name in networks() if name in extractor_table.TABLE]
RECIPES = {extractor_table.find(name).preprocessing: name for name in TABLE}


@pytest.mark.parametrize("name", RECIPES.values(), ids=list(RECIPES.values()))
def test_preprocessing_inside_a_network_is_that_of_the_extractor(name, rng):
    pixels = rng.integers(0, 256, (2, 8, 8, 3)).astype(np.float32)
    given = keras.Input((8, 8, 3))
    inside = keras.Model(given, bodies._prepared(name, given))
    spec = extractor_table.find(name)
    expected = np.asarray(preprocessing(spec)(pixels.copy()))
    np.testing.assert_allclose(np.asarray(inside(pixels)), expected, rtol=1e-4, atol=1e-4)


def test_a_preprocessing_that_training_does_not_know_is_refused(monkeypatch):
    odd = extractor_table.ExtractorSpec("keras", 32, 8, "upside down", "VGG16", "vgg16")
    monkeypatch.setitem(extractor_table.TABLE, "odd", odd)
    with pytest.raises(SettingsError, match="not known to training"):
        bodies._prepared("odd", keras.Input((8, 8, 3)))


@pytest.mark.parametrize("name", ["small_cnn", "small_resnet"])
@pytest.mark.parametrize("size", [16, 28, 32, 64, 100])
def test_small_networks_fit_the_size(name, size):
    body = bodies.body(name, size, "none", Path(), "")
    maps = [layer.output.shape[1] for layer in body.layers if len(layer.output.shape) == 4]
    assert 2 <= min(maps) <= 13
    assert body.count_params() < 3_000_000


def test_a_body_of_the_table_takes_another_size():
    body = bodies.body("efficientnet-lite0", 64, "none", Path(), "")
    assert body.output_shape == (None, 1280)
    assert body.input_shape == (None, 64, 64, 3)
