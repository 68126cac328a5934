"""Optimisers: AdamW for networks that are trained whole, Keras' own by name for heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from podium.core.params import Head, TrainingSettings
from podium.training import distribution, runtime
from podium.training.runtime import keras


@distribution.in_scope
def adamw(model: keras.Model, settings: TrainingSettings) -> keras.optimizers.Optimizer:
    """Return AdamW for the weights of `model`, clipped to a gradient norm of 5.

    Under mixed float16 the loss is scaled up, so that small gradients do not vanish.
    """
    optimizer = keras.optimizers.AdamW(
        settings.learning_rate,
        weight_decay=settings.weight_decay,
        beta_2=0.99,
        clipnorm=5.0 / distribution.n_devices(),  # each device applies its share of a gradient
    )
    return _built(optimizer, model)


@distribution.in_scope
def by_name(settings: Head, variables: Sequence[Any]) -> keras.optimizers.Optimizer:
    """Return the optimiser that `settings` name, for these Keras variables."""
    optimizer = keras.optimizers.get(settings.optimizer)
    optimizer.learning_rate = settings.learning_rate
    optimizer.build(variables)
    return optimizer


@distribution.in_scope
def of_network(
    name: str, settings: TrainingSettings, clip: float, ema: float, model: keras.Model
) -> keras.optimizers.Optimizer:
    """Return Keras' optimiser `name` for the weights of `model`; SGD has a momentum of 0.9.

    Args:
        name: as Keras writes it, in small letters.
        settings: learning rate and weight decay.
        clip: largest norm of a gradient; 0: any.
        ema: share that averaged weights keep at each step; 0: none are kept.
        model: what is trained.
    """
    config = {
        "learning_rate": settings.learning_rate,
        "weight_decay": settings.weight_decay or None,
        "clipnorm": clip / distribution.n_devices() if clip else None,
        "use_ema": ema > 0,
        **({"ema_momentum": ema} if ema else {}),
        **({"momentum": 0.9} if name == "sgd" else {}),
    }
    optimizer = keras.optimizers.get({"class_name": name, "config": config})
    return _built(optimizer, model)


def _built(optimizer: Any, model: keras.Model) -> keras.optimizers.Optimizer:
    """The optimiser with its variables; under mixed float16 with scaled losses."""
    if runtime.precision() == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=1024.0)
    optimizer.build(model.trainable_variables)
    return optimizer
