"""Scores of class probabilities, each a plain number with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

TINY = 1e-15  # Kaggle's clip before the logarithm


def row_log_losses(probs: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """The log loss (N,) of each row: -ln of the probability of the true class.

    Args:
        probs: (N, K) probabilities.
        truth: (N,) class indices.

    Raises:
        ValueError: the shapes do not fit, or there are no rows.
    """
    if probs.ndim != 2 or truth.shape != (len(probs),) or not len(probs):
        raise ValueError(f"{probs.shape} probabilities for {truth.shape} truths")
    return -np.log(np.clip(probs[np.arange(len(truth)), truth], TINY, 1 - TINY))


def standard_error(values: NDArray[np.float64]) -> float:
    """The standard error of the mean of `values` (N,); 0 for one value."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def scores(probs: NDArray[np.float64], truth: NDArray[np.int64]) -> dict[str, float]:
    """log_loss with its standard error, accuracy, and for two classes the area under the ROC."""
    losses = row_log_losses(probs, truth)
    found = {
        "log_loss": float(losses.mean()),
        "log_loss_se": standard_error(losses),
        "accuracy": float((probs.argmax(1) == truth).mean()),
    }
    if probs.shape[1] == 2 and len(np.unique(truth)) == 2:
        found["auc"] = float(roc_auc_score(truth, probs[:, 1]))
    return found


def mean_scores(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of several scores dicts, key by key."""
    return {key: float(np.mean([one[key] for one in each])) for key in each[0]}
