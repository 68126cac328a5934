"""What a trained reader reads: its scores, the chance that it is right, and its errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.captcha.answer_rules import answer_rules
from podium.captcha.chance import Chance, fit_chance, honest_chances
from podium.captcha.dataset import iter_pixels, read_unreadable
from podium.captcha.decoding import grammar_log_probs
from podium.captcha.equations.error_analysis import error_table, scenes
from podium.captcha.reader import LogitPredictor
from podium.captcha.scoring import share
from podium.captcha.training import ReaderTraining
from podium.evaluation.predictions import Reading


def read_split(job: ReaderTraining, predict: LogitPredictor, split: str) -> list[Reading]:
    """The readings (N,) of one split of the captcha file, in memory that does not grow with N.

    Args:
        job: names the file and the decoder.
        predict: the logits of the trained reader.
        split: train, validation or test.

    Returns:
        What was read; for pictures that could not be read the most frequent train text.
    """
    parts = iter_pixels(job.path, split)
    readings = [reading for pixels in parts for reading in job.decoder.best(predict(pixels))]
    for row in read_unreadable(job.path, split):
        readings[row] = job.constant
    return readings


@dataclass(frozen=True)
class Validation:
    """What a reader makes of the validation pictures.

    Attributes:
        scores: of greedy and of full decoding, and of one constant text.
        readings: (N,) what is read.
        chance: the correction of how sure it is.
        chances: (N,) of being right, each by a correction that did not see it.
        right: (N,) whether the text is right.
    """

    scores: dict[str, Any]
    readings: list[Reading]
    chance: Chance
    chances: NDArray[np.float64]
    right: list[bool]


def validate(job: ReaderTraining, predict: LogitPredictor) -> Validation:
    """Read the validation pictures with `predict`: pixels (N, H, W, 3) to logits (N, T, C)."""
    logits = predict(job.validation.pixels)
    readings, truth = job.decoder.best(logits), job.validation.texts
    constant = job.constant.text
    scores = answer_rules(job.task).scores
    metrics = {
        "greedy": scores(truth, [reading.text for reading in job.decoder.greedy(logits)]),
        "decoded": scores(truth, [reading.text for reading in readings]),
        "constant_text": share(truth.count(constant), len(truth)),
    }
    right = [reading.text == text for reading, text in zip(readings, truth, strict=True)]
    logs, masses = grammar_log_probs(job.decoder, logits, readings)
    chances = honest_chances(logs, right, masses)
    return Validation(metrics, readings, fit_chance(logs, right, masses), chances, right)


def validation_error_table(job: ReaderTraining, readings: Sequence[Reading]) -> pd.DataFrame:
    """The shares of validation equations read right, by `error_analysis.error_table`."""
    drawn = scenes(job.pictures.seed_validation, job.validation.ids) if job.is_drawn else []
    return error_table(job.validation.texts, [reading.text for reading in readings], drawn)
