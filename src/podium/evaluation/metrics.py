"""Metrics as terms of rows, whose sums make the score: most often numerator and denominator.

Every function `*_terms` takes predictions and truth of N rows and returns columns (N,) float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    _refuse_shapes(probs, truth, (len(probs),))
    return -np.log(np.clip(probs[np.arange(len(truth)), truth], TINY, 1 - TINY))


def _refuse_shapes(values: Floats, truth: Any, *shapes: tuple[int, ...]) -> None:
    """Raise a ValueError unless truth has one of `shapes`, and there are rows of values (N, K)."""
    if values.ndim != 2 or truth.shape not in shapes or not len(values):
        raise ValueError(f"{values.shape} probabilities for {truth.shape} truths")


def log_loss_terms(probs: Floats, truth: Ints) -> Terms:
    """Return the log loss of each row over 1: of its class, or the mean over its labels.

    Args:
        probs: (N, K) probabilities of classes, or of labels independent of each other.
        truth: (N,) class indices, or (N, K) 1 where a row has the label, else 0.
    """
    if truth.ndim == 1:
        return _over_one(row_log_losses(probs, truth))
    _refuse_shapes(probs, truth, probs.shape)
    right = np.clip(np.where(truth == 1, probs, 1 - probs), TINY, 1 - TINY)
    return _over_one(-np.log(right).mean(1))


def accuracy_terms(probs: Floats, truth: Ints) -> Terms:
    """Return 1 over 1 for each row whose likeliest class is the true one; else 0 over 1.

    Args:
        probs: (N, K) probabilities.
        truth: (N,) class indices.
    """
    _refuse_shapes(probs, truth, (len(probs),))
    return _over_one(probs.argmax(1) == truth)


def marks(values: Floats, truth: Ints) -> tuple[Floats, Floats]:
    """Return which classes or labels (N, K) are predicted, and which are true, as 1 and 0.

    Of classes the likeliest is predicted, of labels all from one half on.

    Args:
        values: (N, K) probabilities, or decisions of 1 and 0.
        truth: (N,) class indices, or (N, K) labels.
    """
    _refuse_shapes(values, truth, (len(values),), values.shape)
    if truth.ndim == 2:
        return (values >= 0.5).astype(np.float64), truth.astype(np.float64)
    every = np.eye(values.shape[1])
    return every[values.argmax(1)], every[truth]


def micro_f1_terms(values: Floats, truth: Ints) -> Terms:
    """Return 2 TP over 2 TP + FP + FN of each row, all classes or labels together.

    Args:
        values: (N, K) probabilities, or decisions of 1 and 0, see `marks`.
        truth: (N,) class indices, or (N, K) labels.
    """
    predicted, true = marks(values, truth)
    return 2 * (predicted * true).sum(1), (predicted + true).sum(1)


def macro_f1_terms(values: Floats, truth: Ints) -> Terms:
    """Return 2 TP of each of K classes or labels, then 2 TP + FP + FN of each.

    Args:
        values: (N, K) probabilities, or decisions of 1 and 0, see `marks`.
        truth: (N,) class indices, or (N, K) labels.
    """
    predicted, true = marks(values, truth)
    return tuple(np.hstack([2 * predicted * true, predicted + true]).T)


def expected_grades(probs: Floats) -> Floats:
    """Return the mean grade (N,) by probabilities (N, K) of grades 0 to K - 1."""
    return probs @ np.arange(probs.shape[1])


def grade_error_terms(probs: Floats, truth: Ints) -> Terms:
    """Return (expected grade - truth) ** 2 over 1; probs (N, K) of grades, truth (N,)."""
    _refuse_shapes(probs, truth, (len(probs),))
    return _over_one((expected_grades(probs) - truth) ** 2)


def kappa_terms(probs: Floats, truth: Ints) -> Terms:
    """Return 1, a, b, a * a, b * b, a * b: of a, the expected grade rounded, and b, the true one.

    Args:
        probs: (N, K) probabilities of grades, or decisions of 1 and 0.
        truth: (N,) grades.
    """
    _refuse_shapes(probs, truth, (len(probs),))
    a, b = np.floor(expected_grades(probs) + 0.5), truth.astype(np.float64)
    return np.ones(len(b)), a, b, a * a, b * b, a * b


def average_precision_terms(probs: Floats, truth: Ints, k: int) -> Terms:
    """Return the average precision of the `k` likeliest classes or labels of each row, over 1.

    The sum over the true ones among them of the share of true ones up to its place, over the number
    of true ones, at most k; 0 for a row without any.

    Args:
        probs: (N, K) probabilities; of equals the first comes first.
        truth: (N,) class indices, or (N, K) labels.
        k: how many names count.
    """
    true = marks(probs, truth)[1]
    ranked = np.take_along_axis(true, np.argsort(-probs, axis=1, kind="stable")[:, :k], axis=1)
    precision = np.cumsum(ranked, axis=1) / np.arange(1, ranked.shape[1] + 1)
    return _over_one((precision * ranked).sum(1) / np.clip(true.sum(1), 1, k))


def area_terms(values: Floats, truth: Ints) -> Terms:
    """Return what is predicted of each class or label, then 1 where it is true, else 0.

    Of two classes only the second: the area of the first is the same.

    Args:
        values: (N, K) probabilities.
        truth: (N,) class indices, or (N, K) labels.
    """
    true = marks(values, truth)[1]
    if truth.ndim == 1 and values.shape[1] == 2:
        values, true = values[:, 1:], true[:, 1:]
    return tuple(np.hstack([values, true]).T)


def plain_terms(values: Floats, truth: Any) -> Terms:
    """Return K, the predictions, and the truth, for a function of one's own.

    Args:
        values: (N, K) predictions.
        truth: (N,) or (N, L).
    """
    width = np.full((len(values), 1), values.shape[1])
    return tuple(np.hstack([width, values, truth.reshape(len(values), -1)]).T)


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
    from sklearn.metrics import roc_auc_score

    if probs.shape[1] != 2 or len(np.unique(truth)) != 2:
        return None
    return float(roc_auc_score(truth, probs[:, 1]))


def scores(probs: Floats, truth: Ints) -> dict[str, float]:
    """Return log_loss with its standard error, accuracy, and for two classes the area `auc`.

    Args:
        probs: (N, K) probabilities.
        truth: (N,) class indices.
    """
    losses, ones = _over_one(row_log_losses(probs, truth))
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
