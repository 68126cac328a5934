"""Scores of masks: tumour is the positive class, background does not count as success.

Where neither truth nor prediction holds any tumour, F1 and IoU are 1: a slide without tumour
scores 1 if nothing is marked on it, and 0 otherwise. Pooled scores first add the pixels of all
slides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from operator import add

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from podium.evaluation.intervals import Terms, bootstrap_scores
from podium.evaluation.scores import Score
from podium.slides.annotations.labelled import UNKNOWN

MIN_PROBABILITY = 0.5  # a slide less likely to have tumour than this has none marked on it
LEVELS = 256  # bins of heat in a histogram

Histogram = NDArray[np.int64]  # (2, LEVELS): pixels of background and of tumour at each heat


@dataclass(frozen=True)
class Counts:
    """Pixels, or anything else, by truth and prediction."""

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0
    true_negative: int = 0

    @classmethod
    def of(cls, truth: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> Counts:
        """Counts of two masks (..., h, w) of one shape; raises ValueError for others."""
        if truth.shape != predicted.shape:
            raise ValueError(f"a truth of {truth.shape} and a prediction of {predicted.shape}")
        both, either = int((truth & predicted).sum()), int((truth | predicted).sum())
        n_truth, n_predicted = int(truth.sum()), int(predicted.sum())
        return cls(both, n_predicted - both, n_truth - both, truth.size - either)

    @classmethod
    def at_level(cls, histogram: Histogram, level: int) -> Counts:
        """Counts of a histogram (2, LEVELS) where a heat of `level` or more is tumour."""
        (below_0, below_1) = histogram[:, :level].sum(1).tolist()
        (above_0, above_1) = histogram[:, level:].sum(1).tolist()
        return cls(above_1, above_0, below_1, below_0)

    def __add__(self, other: Counts) -> Counts:
        return Counts(*map(add, astuple(self), astuple(other)))

    @property
    def f1(self) -> float:
        """F1 (Dice) of the positives; 1 where there are none at all."""
        wrong = self.false_positive + self.false_negative
        return _ratio(2 * self.true_positive, 2 * self.true_positive + wrong)

    @property
    def iou(self) -> float:
        """Intersection over union of the positives; 1 where there are none at all."""
        wrong = self.false_positive + self.false_negative
        return _ratio(self.true_positive, self.true_positive + wrong)

    @property
    def precision(self) -> float:
        """Share of the marked that is positive; 1 where nothing is marked."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Share of the positives that is marked; 1 where there are none."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def unmarked(self) -> Counts:
        """The same truth with nothing marked."""
        n_truth = self.true_positive + self.false_negative
        return Counts(0, 0, n_truth, self.true_negative + self.false_positive)

    @property
    def negatives(self) -> Counts:
        """The same pixels with background as the positive class."""
        return Counts(*astuple(self)[::-1])


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def pooled(counts: Sequence[Counts]) -> Counts:
    """The sum of counts."""
    return sum(counts, Counts())


def mask_terms(counts: Sequence[Counts]) -> dict[str, Terms]:
    """Return the terms (N,) of each score of N masks: pooled pixels; macro: the mean of masks."""
    tp, fp, fn, tn = (
        np.array([getattr(each, name) for each in counts], dtype=np.float64)
        for name in ("true_positive", "false_positive", "false_negative", "true_negative")
    )
    f1 = np.array([each.f1 for each in counts])
    return {
        "tumour_f1": (2 * tp, 2 * tp + fp + fn),
        "tumour_f1_macro": (f1, np.ones(len(f1))),
        "iou": (tp, tp + fp + fn),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "background_f1": (2 * tn, 2 * tn + fp + fn),
    }


def score_masks(
    models: Mapping[str, Sequence[Counts]], patients: Sequence[str], n_bootstrap: int
) -> dict[str, dict[str, Score]]:
    """Return the scores of each model's masks of the same N slides, with intervals over patients.

    Args:
        models: counts of each slide, by model.
        patients: whose slide each is.
        n_bootstrap: how often patients are drawn for the intervals.
    """
    terms = {model: mask_terms(counts) for model, counts in models.items()}
    sides = [each for by_name in terms.values() for each in by_name.values()]
    scores = iter(bootstrap_scores(sides, patients, n_bootstrap, seed=0))
    return {model: {name: next(scores) for name in by_name} for model, by_name in terms.items()}


def heat_histogram(heat: NDArray[np.float32], tumour: NDArray[np.uint8]) -> Histogram:
    """How many pixels (2, LEVELS) of background and of tumour have each level of heat.

    Args:
        heat: (h, w) of 0 to 1.
        tumour: the truth (h, w): 0 is background, UNKNOWN counts as neither.
    """
    codes = level_of(heat) + LEVELS * (tumour > 0)
    known = codes[tumour != UNKNOWN]
    return np.bincount(known, minlength=2 * LEVELS).reshape(2, LEVELS)


def level_of(heat: NDArray[np.float32]) -> NDArray[np.int64]:
    """The levels (h, w), 0 to LEVELS - 1, of heat (h, w) of 0 to 1.

    Heat is at or above a threshold of k / LEVELS if its level is k or more.
    """
    return np.minimum(heat * np.float32(LEVELS), LEVELS - 1).astype(np.int64)


def threshold_of(level: int) -> float:
    """The least heat of a pixel of `level`; infinite for LEVELS, which no pixel has."""
    return level / LEVELS if level < LEVELS else float("inf")


def best_level(histogram: Histogram) -> int:
    """The level, 1 or more, of the threshold with the best F1; the middle one of a tie.

    The histogram (2, LEVELS) is that of all slides together.
    """
    f1 = np.array([Counts.at_level(histogram, level).f1 for level in range(1, LEVELS)])
    return 1 + int(np.median(np.flatnonzero(f1 == f1.max())))


def threshold_curve(histogram: Histogram) -> list[dict[str, float]]:
    """Precision, recall and F1 at every eighth threshold of a histogram (2, LEVELS)."""
    rows = []
    for level in range(8, LEVELS, 8):
        counts = Counts.at_level(histogram, level)
        row = {"threshold": level / LEVELS, "precision": counts.precision}
        rows.append(row | {"recall": counts.recall, "f1": counts.f1})
    return rows


def auc(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float | None:
    """The area under the ROC curve of slides; None where all have one label.

    Takes labels {0, 1} (N,) and probabilities (N,) of tumour.
    """
    return float(roc_auc_score(labels, probabilities)) if len(np.unique(labels)) == 2 else None
