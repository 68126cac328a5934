"""Scores of masks: tumour is the positive class, background does not count as success.

Where neither truth nor prediction holds any tumour, F1 and IoU are 1: a slide without tumour
scores 1 if nothing is marked on it, and 0 otherwise. Pooled scores first add the pixels of all
slides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from podium.evaluation.intervals import Terms, bootstrap_scores

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


def scores(counts: Sequence[Counts]) -> dict[str, float]:
    """Scores of slides: pooled over pixels, and the mean over slides (macro)."""
    total = pooled(counts)
    return {
        "tumour_f1": total.f1,
        "tumour_f1_macro": float(np.mean([slide.f1 for slide in counts])),
        "iou": total.iou,
        "precision": total.precision,
        "recall": total.recall,
        "background_f1": total.negatives.f1,
    }


def f1_terms(counts: Sequence[Counts]) -> Terms:
    """Numerator and denominator (N,) of the pooled F1, float64: 2 TP and 2 TP + FP + FN."""
    double = np.array([2 * each.true_positive for each in counts], dtype=np.float64)
    wrong = [each.false_positive + each.false_negative for each in counts]
    return double, double + np.array(wrong, dtype=np.float64)


def score_masks(
    counts: Sequence[Counts], patients: Sequence[str], n_bootstrap: int
) -> dict[str, dict[str, Any]]:
    """Scores of the network's masks with an interval over patients, and of marking nothing.

    Args:
        counts: of each slide.
        patients: whose slide each is.
        n_bootstrap: how often patients are drawn for the interval.
    """
    f1 = bootstrap_scores([f1_terms(counts)], patients, n_bootstrap, seed=0)[0]
    return {
        "network": scores(counts) | {"tumour_f1_low": f1.low, "tumour_f1_high": f1.high},
        "all_background": scores([slide.unmarked for slide in counts]),
    }


def heat_histogram(heat: NDArray[np.float32], tumour: NDArray[np.uint8]) -> Histogram:
    """How many pixels (2, LEVELS) of background and of tumour have each level of heat.

    Args:
        heat: (h, w) of 0 to 1.
        tumour: the truth {0, 1} (h, w).
    """
    codes = level_of(heat) + LEVELS * (tumour > 0)
    return np.bincount(codes.ravel(), minlength=2 * LEVELS).reshape(2, LEVELS)


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
