"""How a line finder is taught on pictures that are drawn meanwhile, and how well it does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from podium.captcha.batches import rebatched
from podium.captcha.equations.canvas import paint
from podium.captcha.equations.finder import BinaryCrossEntropy, LineFinder
from podium.captcha.equations.line_maps import all_found, lessons, overlap
from podium.captcha.equations.render import scene_of
from podium.captcha.generator import in_parts
from podium.captcha.scoring import share
from podium.core.params import LineFinder as Settings
from podium.training.loop import (
    Batch,
    Trainer,
    TrainingJob,
    TrainingResult,
    checkpoint_of,
    steps_per_epoch,
    train,
)
from podium.training.runtime import keras


def teach(
    model: keras.Model, settings: Settings, seeds: tuple[int, int], processes: int
) -> TrainingResult:
    """Train `model`.

    Args:
        model: an untrained finder.
        settings: how it learns.
        seeds: of the pictures it learns from, and of those it is tried on after each epoch.
        processes: how many draw pictures meanwhile.
    """
    finder = LineFinder(model)
    n_pictures = settings.epochs * steps_per_epoch(settings) * settings.batch_size

    def batches(start: int) -> Iterator[Batch]:
        parts = in_parts(partial(lessons, seeds[0]), start, n_pictures, processes)
        return rebatched(parts, settings.batch_size)

    def validate() -> float:
        return float(tried(finder, seeds[1], settings.n_validation)["lines"]["value"])

    about = {"settings": settings.model_dump(), "seeds": seeds}
    checkpoint = checkpoint_of("line-finders", model, about)
    course = TrainingJob(batches, validate, checkpoint, "all_lines")
    return train(Trainer(model, settings, BinaryCrossEntropy()), course)


def tried(finder: LineFinder, seed: int, n_pictures: int) -> dict[str, Any]:
    """How a finder does on the first pictures of a seed.

    `lines`: the share of pictures with all lines found, in order and nothing else, each box with
    an overlap of 0.8 or more; `count`: that with the right number of lines; `overlap`: the mean
    over the lines of the latter.
    """
    n_right, n_counted = 0, 0
    overlaps: list[float] = []
    for index in range(n_pictures):
        scene, _ = scene_of(seed, index)
        found = finder.find(paint(scene))
        n_right += all_found(found, scene)
        if len(found) == len(scene.boxes):
            n_counted += 1
            overlaps += map(overlap, found, scene.boxes)
    return {
        "lines": share(n_right, n_pictures),
        "count": share(n_counted, n_pictures),
        "overlap": float(np.mean(overlaps)) if overlaps else 0.0,
    }
