from __future__ import annotations

import numpy as np
import pytest

from podium.core.params import TrainingSettings
from podium.photos.networks.names import OPTIMIZERS
from podium.training import optimizers
from podium.training.runtime import keras, set_up, tf

SETTINGS = TrainingSettings(
    epochs=1, epoch_size=8, batch_size=4, learning_rate=0.01, weight_decay=0.1, warmup=0.0, seed=0
)


def model() -> keras.Model:
    set_up(0)
    given = keras.Input((3,))
    return keras.Model(given, keras.layers.Dense(2)(given))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_of_keras_optimisers_takes_a_step_with_clipping_decay_and_average(name):
    network = model()
    optimizer = optimizers.of_network(name, SETTINGS, 1.0, 0.9, network)
    before = [np.array(variable) for variable in network.trainable_variables]
    gradients = [tf.ones(variable.shape) for variable in network.trainable_variables]
    optimizer.apply(gradients, network.trainable_variables)
    after = [np.array(variable) for variable in network.trainable_variables]
    assert all((a != b).any() for a, b in zip(before, after, strict=True))
    optimizer.finalize_variable_values(network.trainable_variables)
    assert (optimizer.clipnorm, optimizer.weight_decay, optimizer.use_ema) == (1.0, 0.1, True)


def test_nothing_asked_for_is_nothing_done():
    settings = SETTINGS.model_copy(update={"weight_decay": 0.0})
    optimizer = optimizers.of_network("adam", settings, 0.0, 0.0, model())
    assert (optimizer.clipnorm, optimizer.weight_decay, optimizer.use_ema) == (None, None, False)


def test_sgd_has_a_momentum():
    assert optimizers.of_network("sgd", SETTINGS, 0.0, 0.0, model()).momentum == 0.9
