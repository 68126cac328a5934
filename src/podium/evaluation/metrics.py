"""Metrics as terms of rows: numerator and denominator, whose sums make the score.

Every function `*_terms` takes predictions and truth of N rows and returns two arrays (N,) float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from podium.evaluation.intervals import Terms, standard_error

TINY = 1e-15  # Kaggle's clip before the logarithm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def row_log_losses(probs: Floats, truth: Ints) -> Floats:
    """Return the log loss (N,) of each row: -ln of the probability of the true class.

    Args:
        probs: (N, K) probabilities.
        truth: (N,) class indices.

    Raises:
        ValueError: the shapes do not fit, or there are no rows.
    """
    if probs.ndim != 2 or truth.shape != (len(probs),) or not len(probs):
        raise ValueError(f"{probs.shape} probabilities for {truth.shape} truths")
    return -np.log(np.clip(probs[np.arange(len(truth)), truth], TINY, 1 - TINY))


def log_loss_terms(probs: Floats, truth: Ints) -> Terms:
    """Return the log loss of each row over 1; probs (N, K), truth (N,) class indices."""
    return _over_one(row_log_losses(probs, truth))


def accuracy_terms(probs: Floats, truth: Ints) -> Terms:
    """Return 1 over 1 for each row whose likeliest class is the true one; else 0 over 1.

    Args:
        probs: (N, K) probabilities.
        truth: (N,) class indices.
    """
    return _over_one(probs.argmax(1) == truth)


def label_log_loss_terms(probs: Floats, truth: Ints) -> Terms:
    """Return the mean log loss over the labels of each row, over 1.

    Args:
        probs: (N, L) probability of each label, independent of the others.
        truth: (N, L) 1 where a row has the label, else 0.
    """
    right = np.clip(np.where(truth == 1, probs, 1 - probs), TINY, 1 - TINY)
    return _over_one(-np.log(right).mean(1))


def absolute_error_terms(values: Floats, truth: Floats) -> Terms:
    """Return |value - truth| over 1; values (N, 1), truth (N,)."""
    return _over_one(np.abs(values[:, 0] - truth))


def squared_error_terms(values: Floats, truth: Floats) -> Terms:
    """Return (value - truth) ** 2 over 1; values (N, 1), truth (N,)."""
    return _over_one((values[:, 0] - truth) ** 2)


def whole_string_terms(texts: Sequence[str], truth: Sequence[str]) -> Terms:
    """Return 1 over 1 for each of N texts that is the true one in every character; else 0 over 1.

    Raises:
        ValueError: there are not as many of both.
    """
    return _over_one(np.array([a == b for a, b in zip(texts, truth, strict=True)], dtype=np.bool_))


def _over_one(values: NDArray[np.bool_] | Floats) -> Terms:
    return values.astype(np.float64), np.ones(len(values))


def area_under_roc(probs: Floats, truth: Ints) -> float | None:
    """Return the area under the ROC; None but for two classes (probs (N, 2)) that both occur."""
    if probs.shape[1] != 2 or len(np.unique(truth)) != 2:
        return None
    return float(roc_auc_score(truth, probs[:, 1]))


def scores(probs: Floats, truth: Ints) -> dict[str, float]:
    """Return log_loss with its standard error, accuracy, and for two classes the area `auc`.

    Args:
        probs: (N, K) probabilities.
        truth: (N,) class indices.
    """
    losses, ones = log_loss_terms(probs, truth)
    values = {
        "log_loss": float(losses.mean()),
        "log_loss_se": standard_error((losses, ones), np.arange(len(losses))),
        "accuracy": float((probs.argmax(1) == truth).mean()),
    }
    area = area_under_roc(probs, truth)
    return values if area is None else values | {"auc": area}


def mean_scores(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of several dicts of scores, key by key."""
    return {key: float(np.mean([scores[key] for scores in each])) for key in each[0]}
