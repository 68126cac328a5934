"""What is handed in for a picture that nobody can read: the one best answer for all pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.evaluation.intervals import value_of
from podium.evaluation.scores import MAE, Metric
from podium.evaluation.task import PictureTask

Floats = NDArray[np.float64]


def prior(task: PictureTask, metric: Metric, truth: Any) -> Floats:
    """Return the shares (K,) of the train rows with each class or label; of numbers their mean.

    Of the mean absolute error the best number is the median.

    Args:
        task: what is predicted.
        metric: what it is scored by.
        truth: (N,) class indices or numbers, or (N, L) labels, of the train rows.
    """
    if task.kind == "classes":
        return np.bincount(truth, minlength=len(task.names)) / len(truth)
    if task.kind == "labels":
        return np.asarray(truth, dtype=np.float64).mean(0)
    return np.array([np.median(truth) if metric.key == MAE.key else np.mean(truth)])


def decision(task: PictureTask, metric: Metric, truth: Any) -> Floats:
    """Return the class, or the labels, as 1 and 0 (K,), of best score if all rows get them.

    Tried are each class, the likeliest first; or the m most frequent labels, for each m, one at
    least where every train row has one.

    Args:
        task: what is predicted.
        metric: what it is scored by.
        truth: (N,) class indices, or (N, L) labels, of the train rows.
    """
    order = np.argsort(-prior(task, metric, truth), kind="stable")
    each = np.eye(len(task.names))[order]
    if task.kind == "labels":
        fewest = int(truth.any(1).all())
        each = np.vstack([np.zeros(len(order)), np.cumsum(each, axis=0)])[fewest:]
    if metric.ordered:  # kappa is 0 for whatever all rows get: the middle grade is least wrong
        return np.eye(len(task.names))[int(np.median(truth))]
    every = [np.broadcast_to(row, (len(truth), len(row))) for row in each]
    scores = [value_of(metric.row_terms(rows, truth), metric) for rows in every]
    return each[int(np.argmax(scores))]
