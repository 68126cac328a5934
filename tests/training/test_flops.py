from __future__ import annotations

import pytest

from podium.training.flops import mflop
from podium.training.runtime import keras

layers = keras.layers


def of(make, shape) -> float:
    given = keras.Input(shape)
    return mflop(keras.Model(given, make(given)), shape) * 1e6


def test_layers_by_hand():
    assert of(layers.Dense(5), (7,)) == 2 * 7 * 5
    assert of(layers.Conv2D(4, 3, padding="same"), (6, 8, 3)) == 2 * 3 * 3 * 3 * 4 * 6 * 8
    assert of(layers.Conv2D(4, 3, 2, "same"), (6, 8, 3)) == 2 * 3 * 3 * 3 * 4 * 3 * 4
    assert of(layers.DepthwiseConv2D(3, padding="same"), (6, 8, 3)) == 2 * 3 * 3 * 3 * 6 * 8
    assert of(layers.Conv2DTranspose(4, 2, 2), (6, 8, 3)) == 2 * 2 * 2 * 3 * 4 * 6 * 8
    # three gates of a GRU with two biases each, at every time step
    assert of(layers.GRU(4, return_sequences=True), (5, 3)) == 2 * 5 * (3 * 12 + 4 * 12 + 24)


def test_a_network_of_any_size_is_counted_for_the_size_given():
    given = keras.Input((None, None, 3))
    model = keras.Model(given, layers.Conv2D(2, 1)(given))
    assert mflop(model, (20, 10, 3)) == pytest.approx(2 * 3 * 2 * 200 / 1e6)


@pytest.mark.parametrize(("variant", "published"), [(0, 407), (1, 631), (2, 899)])
def test_efficientnet_lite_takes_what_its_authors_say(variant, published):
    """The repository of EfficientNet-Lite gives millions of multiplications with an addition."""
    from podium.models import efficientnet_lite

    side = (224, 240, 260)[variant]
    model = efficientnet_lite.build(variant, side, classes=1000)
    assert mflop(model, (side, side, 3)) / 2 == pytest.approx(published, rel=0.07)
