"""Learning rates by hand, and beside Keras' own schedules."""

from __future__ import annotations

import math

import pytest

from podium.core.params import TrainingSettings
from podium.training.runtime import keras
from podium.training.schedules import DECAY, learning_rate, steps_per_epoch


def settings(**changes: object) -> TrainingSettings:
    """A peak of 1 without a warm-up, in epochs of four steps."""
    plain = {"epochs": 4, "epoch_size": 8, "batch_size": 2, "learning_rate": 1.0}
    plain |= {"weight_decay": 0.0, "warmup": 0.0, "seed": 0}
    return TrainingSettings.model_validate(plain | changes)


def test_the_rate_rises_to_its_peak_and_falls_to_nothing():
    how = settings(warmup=0.25)
    rates = [learning_rate("cosine", how, step, 8) for step in range(8)]
    assert rates[:2] == pytest.approx([1 / 3, 2 / 3])
    assert rates[2] == 1.0
    assert rates[5] == pytest.approx(0.5)  # halfway down: 3 of 6 steps
    assert rates[7] == pytest.approx(0.5 * (1 + math.cos(math.pi * 5 / 6)))
    assert learning_rate("cosine", settings(), 0, 8) == 1.0


def test_what_follows_the_warm_up():
    how = settings(learning_rate=0.1, warmup=0.25)
    assert [learning_rate("constant", how, step, 16) for step in (4, 8, 15)] == [0.1] * 3
    by_epoch = [0.1 * 0.95, 0.1 * 0.95, 0.1 * 0.95**2, 0.1 * 0.95**3]
    rates = [learning_rate("exponential", how, step, 16) for step in (4, 7, 8, 15)]
    assert rates == pytest.approx(by_epoch)
    half = 0.1 * 0.5 * (1 + math.cos(math.pi * 0.5))
    assert learning_rate("cosine", how, 10, 16) == pytest.approx(half)  # 6 of 12 steps
    for schedule in ("constant", "exponential", "cosine"):
        assert learning_rate(schedule, how, 1, 16) == pytest.approx(0.1 * 2 / 5)


@pytest.mark.parametrize("warmup", [0.0, 0.25])
def test_cosine_falls_as_that_of_keras(warmup):
    how, rising = settings(warmup=warmup, learning_rate=0.003), int(warmup * 40)
    beside = keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else 0.003,
        40 - rising,
        warmup_target=0.003 if warmup else None,
        warmup_steps=rising,
    )
    for step in range(rising, 40):
        assert learning_rate("cosine", how, step, 40) == pytest.approx(
            float(beside(step)), rel=1e-5, abs=1e-9
        )


def test_exponential_falls_as_that_of_keras():
    how = settings(learning_rate=0.003)
    beside = keras.optimizers.schedules.ExponentialDecay(0.003, 4, DECAY, staircase=True)
    for step in range(16):
        assert learning_rate("exponential", how, step, 16) == pytest.approx(float(beside(step)))


def test_an_epoch_has_a_step_at_least():
    assert steps_per_epoch(settings(epoch_size=9)) == 4
    assert steps_per_epoch(settings(epoch_size=1)) == 1
