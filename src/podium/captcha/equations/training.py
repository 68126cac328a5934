"""Training of the line finder on pictures that are drawn meanwhile, and its scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from podium.captcha.batches import rebatch
from podium.captcha.equations.canvas import paint
from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.line_maps import all_lines_match, overlap, training_batch
from podium.captcha.equations.render import equation_text, scene_of
from podium.captcha.generator import map_ranges
from podium.captcha.scoring import share
from podium.core.params import TrainLineFinder as Settings
from podium.models.losses import BinaryCrossEntropy
from podium.training.loop import (
    Batch,
    Trainer,
    TrainingJob,
    TrainingResult,
    checkpoint_path,
    steps_per_epoch,
    train,
)
from podium.training.runtime import keras


def train_line_finder(
    model: keras.Model, settings: Settings, seeds: tuple[int, int], processes: int
) -> TrainingResult:
    """Train `model`.

    Args:
        model: an untrained finder.
        settings: of the training.
        seeds: of the train pictures, and of the validation pictures.
        processes: how many draw pictures meanwhile.
    """
    finder = LineFinder(model)
    n_pictures = settings.epochs * steps_per_epoch(settings) * settings.batch_size

    def batches(start: int) -> Iterator[Batch]:
        parts = map_ranges(
            partial(training_batch, seeds[0], vary=settings.vary), start, n_pictures, processes
        )
        return rebatch(parts, settings.batch_size)

    def validate() -> float:
        return float(evaluate(finder, seeds[1], settings.n_validation)["lines"]["value"])

    identity = {"settings": settings.model_dump(), "seeds": seeds}
    checkpoint = checkpoint_path("line-finders", model, identity, __name__)
    job = TrainingJob(batches, validate, checkpoint, "all_lines")
    return train(Trainer(model, settings, BinaryCrossEntropy()), job)


def evaluate(finder: LineFinder, seed: int, n_pictures: int) -> dict[str, Any]:
    """Scores of a finder on the first pictures of a seed.

    Args:
        finder: a trained finder.
        seed: of the pictures.
        n_pictures: how many.

    Returns:
        `lines`: the share of pictures with all lines found, in order and no others, each box with
        an intersection over union of 0.8 or more. `count`: the share with the right number of
        lines. `overlap`: the mean intersection over union of the lines of the latter pictures.
    """
    n_right, n_counted = 0, 0
    overlaps: list[float] = []
    for index in range(n_pictures):
        scene, _ = scene_of(seed, index)
        boxes = finder.find(paint(scene))
        n_right += all_lines_match(boxes, scene)
        if len(boxes) == len(scene.boxes):
            n_counted += 1
            overlaps += map(overlap, boxes, scene.boxes)
    return {
        "lines": share(n_right, n_pictures),
        "count": share(n_counted, n_pictures),
        "overlap": float(np.mean(overlaps)) if overlaps else 0.0,
    }


def baseline_warning(scores: Mapping[str, Any], seed: int) -> list[str]:
    """Lines for a finder that counts lines no better than one number for all would; else none.

    Args:
        scores: as `evaluate` gives them.
        seed: of the pictures.
    """
    n = scores["count"]["n"]
    numbers = Counter(equation_text(seed, index).count(";") + 1 for index in range(n))
    [(number, n_right)] = numbers.most_common(1)
    if scores["count"]["value"] > n_right / n:
        return []
    return [
        f"WARNING: the finder counts the lines of {scores['count']['value']:.4f} of the pictures "
        f"right, no more than to say {number} of all ({n_right / n:.4f}).",
        "What to try: more epochs, a larger epoch_size or width (train_line_finder).",
    ]
