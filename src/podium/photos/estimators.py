"""scikit-learn's models for each kind of target, whatever their train rows lack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.photos.crossval import Features, Floats, Split, TrainRows

Make = Callable[[bool], Any]  # an untrained classifier, or (True) one that gives numbers


def rows_to_learn(data: TrainRows, split: Split, most: int) -> NDArray[np.int64]:
    """Return the train rows (n,) of a split; a random sample where there are more than `most`.

    Args:
        data: the rows and their splits.
        split: whose train rows.
        most: as many rows at most.
    """
    rest = np.flatnonzero(~split.held_out)
    if len(rest) <= most:
        return rest
    rng = np.random.default_rng([split.seed, split.fold])
    return np.sort(rng.choice(rest, most, replace=False))


def fit_predict(
    make: Make, rows: Features, truth: NDArray[Any], every: Features, n_outputs: int
) -> Floats:
    """Return the predictions (n, K) of a model for rows `every` (n, D).

    Args:
        make: gives the untrained model.
        rows: (N, D), that it learns.
        truth: of these, classes (N,), labels (N, L) or numbers (N,).
        every: that it predicts.
        n_outputs: K.
    """
    if truth.ndim == 2:
        each = [fit_predict(make, rows, column, every, 2)[:, 1] for column in truth.T]
        return np.stack(each, axis=1)
    if truth.dtype.kind == "f":
        mean, scale = truth.mean(), truth.std() or 1.0
        values = make(True).fit(rows, (truth - mean) / scale).predict(every)
        return np.asarray(values, dtype=np.float64)[:, None] * scale + mean
    learnt = np.unique(truth)
    if len(learnt) == 1:
        return with_missing(np.ones((len(every), 1)), learnt, len(truth), n_outputs)
    probs = make(False).fit(rows, truth).predict_proba(every)
    return with_missing(probs, learnt, len(truth), n_outputs)


def with_missing(probs: Floats, learnt: NDArray[np.int64], n_rows: int, n_classes: int) -> Floats:
    """Return probabilities (n, K) of all classes, from those (n, k) of the classes in train rows.

    A class that they lack gets the share of one row more, so that no picture is impossible.

    Args:
        probs: (n, k).
        learnt: the k classes, by their index.
        n_rows: train rows.
        n_classes: K.
    """
    if len(learnt) == n_classes:
        return probs
    share = 1 / (n_rows + n_classes - len(learnt))
    full = np.full((len(probs), n_classes), share)
    full[:, learnt] = probs * (1 - share * (n_classes - len(learnt)))
    return full
