"""A small network with what engines fold into its convolution, and pictures for it."""

from __future__ import annotations

import numpy as np
import pytest

from podium.training.runtime import keras


@pytest.fixture(scope="session")
def network():
    keras.utils.set_random_seed(0)
    pixels = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(8, 3, padding="same", use_bias=False)(pixels)
    x = keras.layers.BatchNormalization()(x)
    model = keras.Model(pixels, keras.layers.ReLU(6.0)(x))
    model.layers[2].moving_mean.assign(np.linspace(-50, 50, 8))
    return model


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (7, 24, 40, 3)).astype(np.uint8)
