"""Learning-rate schedules: a linear warm-up, then constant, exponential or cosine.

The rate of every step is computed here in float64 and rounded once, when the optimiser takes it.
Keras' schedules (`CosineDecay`, `ExponentialDecay`) compute in float32, begin a warm-up at 0 and
know no fraction of a warm-up step, so that the same settings would train another model.
"""

from __future__ import annotations

import math
from typing import Literal

from podium.core.params import TrainingSettings

Schedule = Literal["constant", "exponential", "cosine"]
DECAY = 0.95  # factor for each epoch of the exponential schedule


def steps_per_epoch(settings: TrainingSettings) -> int:
    """Return the number of batches in an epoch, at least 1."""
    return max(1, settings.epoch_size // settings.batch_size)


def learning_rate(schedule: Schedule, settings: TrainingSettings, step: int, n_steps: int) -> float:
    """Return the learning rate at step `step` (from 0) of `n_steps`.

    Example: 8 steps, a peak of 1 and a warm-up of 0.25 give 1/3, 2/3, then 1 at step 2; from there
    cosine falls to 0.5 at step 5.

    Args:
        schedule: what follows the warm-up; cosine is half a cosine down to 0.
        settings: peak (`learning_rate`) and share of all steps that are warm-up (`warmup`).
        step: 0 or more.
        n_steps: in the whole training.
    """
    warmup_steps = settings.warmup * n_steps
    if step < warmup_steps:
        return settings.learning_rate * (step + 1) / (warmup_steps + 1)
    if schedule == "constant":
        return settings.learning_rate
    if schedule == "exponential":
        return settings.learning_rate * DECAY ** (step // steps_per_epoch(settings))
    share = (step - warmup_steps) / max(n_steps - warmup_steps, 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
