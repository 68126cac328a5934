"""Decisions: a class, a set of labels or a grade out of probabilities, as a metric wants it best.

A decision turns probabilities (N, K) into 1 where a class or label is chosen, else 0 (N, K), so
that it is scored as probabilities are. It is fitted on out-of-fold rows, like a calibration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.evaluation.calibration import Calibrator, Fit
from podium.evaluation.intervals import value_of
from podium.evaluation.metrics import expected_grades
from podium.evaluation.scores import MACRO_F1, QUADRATIC_KAPPA, Metric
from podium.evaluation.table_kinds import DECISION, TableKind

Floats = NDArray[np.float64]
STEPS = (0.2, 0.1, 0.05, 0.02)  # by which a cut is moved, from coarse to fine
POWERS = np.linspace(0, 1.5, 16)


@dataclass(frozen=True)
class Favoured:
    """The class of the largest product of probability and weight (K,)."""

    weights: Floats

    def apply(self, values: Floats) -> Floats:
        """Return 1 where a class is chosen, else 0, of probabilities (N, K)."""
        return np.eye(values.shape[1])[(values * self.weights).argmax(1)]


@dataclass(frozen=True)
class Thresholds:
    """All labels from their threshold (L,) on; `never_none`: of a row without one, the nearest."""

    thresholds: Floats
    never_none: bool

    def apply(self, values: Floats) -> Floats:
        """Return 1 where a label is chosen, else 0, of probabilities (N, L)."""
        chosen = (values >= self.thresholds).astype(np.float64)
        if self.never_none:
            nearest = np.eye(values.shape[1])[(values / self.thresholds).argmax(1)]
            chosen = np.where(chosen.any(1, keepdims=True), chosen, nearest)
        return chosen


@dataclass(frozen=True)
class Cuts:
    """The grade whose cuts (K - 1,), from low to high, the expected grade lies between."""

    cuts: Floats

    def apply(self, values: Floats) -> Floats:
        """Return 1 where a grade is chosen, else 0, of probabilities (N, K)."""
        grades = np.searchsorted(self.cuts, expected_grades(values), "right")
        return np.eye(values.shape[1])[grades]


def fit_of(metric: Metric, kind: str) -> Fit | None:
    """Return how decisions on (N, K) are fitted for a metric; None for one that needs none.

    Args:
        metric: the score.
        kind: of the predictions: classes or labels.
    """
    if not metric.decided:
        return None
    if metric.key == QUADRATIC_KAPPA.key:
        return fit_cuts
    if kind == "labels":
        return fit_thresholds if metric.key == MACRO_F1.key else fit_one_threshold
    return fit_favoured if metric.key == MACRO_F1.key else likeliest


def likeliest(probs: Floats, truth: Any) -> Favoured:
    """Return the likeliest of K classes, whatever the truth; probs (N, K)."""
    return Favoured(np.ones(probs.shape[1]))


def fit_favoured(probs: Floats, truth: NDArray[np.int64]) -> Favoured:
    """Return the weights (K,), share ** -power, of best macro F1: rare classes count more.

    One number is fitted, not one for each class: the rarest have too few rows for that.
    """
    shares = (np.bincount(truth, minlength=probs.shape[1]) + 1) / (len(truth) + probs.shape[1])
    tried = [Favoured(shares**-power) for power in POWERS]
    return max(tried, key=lambda each: _score(MACRO_F1, each, probs, truth))


def fit_thresholds(probs: Floats, truth: NDArray[np.int64]) -> Thresholds:
    """Return the threshold of best F1 of each label; probs (N, L), truth (N, L)."""
    pairs = zip(probs.T, truth.T, strict=True)
    return Thresholds(np.array([best_threshold(*pair) for pair in pairs]), _never_none(truth))


def fit_one_threshold(probs: Floats, truth: NDArray[np.int64]) -> Thresholds:
    """Return the one threshold of best F1 of all labels (N, L) together.

    For probabilities that are right, the best thresholds of micro F1 are one: half the best F1
    (Lipton et al. 2014).
    """
    best = best_threshold(probs.ravel(), truth.ravel())
    return Thresholds(np.full(probs.shape[1], best), _never_none(truth))


def _never_none(truth: NDArray[np.int64]) -> bool:
    return bool(truth.any(1).all())


def best_threshold(probs: Floats, truth: NDArray[np.int64]) -> float:
    """Return the threshold of best F1, in the middle of its gap; 0.5 if no row has the label.

    Args:
        probs: (N,) of the label.
        truth: (N,) 1 where a row has it, else 0.
    """
    if not truth.any():
        return 0.5
    order = np.argsort(-probs, kind="stable")
    line, hits = probs[order], np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(line) + 1) + hits[-1])
    below = np.append(line[1:], 0)
    f1[line == below] = -1  # no threshold lies between equals
    best = int(f1.argmax())
    return float((line[best] + below[best]) / 2)


def fit_cuts(probs: Floats, truth: NDArray[np.int64]) -> Cuts:
    """Return the rising cuts of best quadratic kappa, found one by one from halves on.

    Args:
        probs: (N, K) of grades.
        truth: (N,) grades.
    """

    def score(cuts: Floats) -> float:
        rising = (np.diff(cuts) > 0).all()
        return _score(QUADRATIC_KAPPA, Cuts(cuts), probs, truth) if rising else -np.inf

    return Cuts(climbed(np.arange(probs.shape[1] - 1) + 0.5, score))


def climbed(start: Floats, score: Callable[[Floats], float]) -> Floats:
    """Return numbers (C,) of a higher score than `start`, moved one by one, in ever finer steps."""
    best, value = start, score(start)
    moves = [sign * unit for unit in np.eye(len(start)) for sign in (-1, 1)]
    for step in STEPS:
        moved = True
        while moved:
            moved = False
            for move in moves:
                if (trial := score(best + step * move)) > value + 1e-12:
                    best, value, moved = best + step * move, trial, True
    return best


def _score(metric: Metric, decision: Calibrator, probs: Floats, truth: NDArray[np.int64]) -> float:
    return value_of(metric.row_terms(decision.apply(probs), truth), metric)


def cells_of(kind: TableKind, decided: Floats) -> list[str]:
    """Return how the column `decision` says what was chosen: 1 of K in a row (N, K), or labels."""
    truth = decided.argmax(1) if kind.name == "classes" else decided.astype(np.int64)
    return kind.truth_cells(truth)


def in_table(kind: TableKind, table: pd.DataFrame) -> Floats:
    """Return 1 for what the column `decision` of a table's rows names, else 0 (N, K)."""
    chosen = kind.truth(table.assign(truth=table[DECISION]))
    decided: Floats = np.eye(len(kind.names))[chosen] if chosen.ndim == 1 else chosen * 1.0
    return decided


def out_of_fold(fit: Fit, values: Floats, truth: Any, folds: NDArray[np.int64]) -> Floats:
    """Return decisions (N, K) of rows, each by what was fitted on the other folds.

    Args:
        fit: of the decisions.
        values: (N, K) probabilities.
        truth: of the rows.
        folds: (N,); of one fold alone the fit sees all rows.
    """
    decided = np.empty_like(values)
    for fold in np.unique(folds):
        inside = folds == fold
        seen = ~inside if not inside.all() else inside
        decided[inside] = fit(values[seen], truth[seen]).apply(values[inside])
    return decided
