"""What blends are fitted and chosen by: losses of predictions (N, K) and truth; lower is better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.evaluation import decisions
from podium.evaluation.intervals import value_of
from podium.evaluation.metrics import log_loss_terms
from podium.evaluation.scores import LOG_LOSS, Metric

Floats = NDArray[np.float64]
Truth = Any  # (N,) class indices or numbers, or (N, L) labels
Loss = Callable[[Floats, Truth], float]


def log_loss(probs: Floats, truth: Truth) -> float:
    """Return the mean log loss of probabilities (N, K) for class indices (N,), or labels (N, K)."""
    return float(log_loss_terms(probs, truth)[0].mean())


def loss_of(metric: Metric) -> Loss:
    """Return what is minimised to make `metric` best: itself, or its negative."""
    if metric.terms == LOG_LOSS.terms:
        return log_loss
    sign = 1 if metric.lower_is_better else -1
    return lambda values, truth: sign * value_of(metric.row_terms(values, truth), metric)


def choice_loss(metric: Metric, kind: str) -> Loss:
    """Return what methods and models are chosen by: the loss of the best decisions on the rows.

    Args:
        metric: the score; one that needs no decisions is its own.
        kind: of the predictions: classes, labels or number.
    """
    decide, loss = decisions.fit_of(metric, kind), loss_of(metric)
    if decide is None:
        return loss
    return lambda values, truth: loss(decide(values, truth).apply(values), truth)
