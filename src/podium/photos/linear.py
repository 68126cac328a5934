"""Linear models on bottleneck features, their penalty chosen inside the folds; and the prior."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from podium.evaluation.scores import USUAL
from podium.photos.crossval import Features, Floats, Split, TrainRows, prediction_table
from podium.photos.estimators import Make, fit, fit_predict, rows_to_learn
from podium.photos.scales import floored
from podium.photos.stored_models import Stored, stored_scaler, with_missing
from podium.pictures import folds

INNER_FOLDS = 5
RIDGE = (
    10.0  # ridge regression's alpha times C: with it one list of C serves logistic regression too
)
PREDICTED_AT_ONCE = 50_000  # rows
CHOICE_ROWS = 1500  # the penalty is chosen on so many rows at most, of more by one fold alone
CHOICE_TOLERANCE = 1e-3  # of the solver, while choosing


def linear_table(
    features: Features, data: TrainRows, cs: Sequence[float], most: int
) -> pd.DataFrame:
    """Return the prediction table of linear models; see `fit_linear`.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        cs: inverse strengths of the L2 penalty to choose from.
        most: train rows of a model.
    """
    return prediction_table(fit_linear(features, data, cs, most)[0], data)


def fit_linear(
    features: Features,
    data: TrainRows,
    cs: Sequence[float],
    most: int,
    widths: Sequence[int] = (),
) -> tuple[Floats, list[Stored]]:
    """Return predictions (N + T, M, K) of a linear model for each split, and these as arrays.

    That is logistic regression, one for each label, or ridge regression. Features are standardised.
    Each split chooses C by folds of its own train rows.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        cs: inverse strengths of the L2 penalty to choose from.
        most: train rows of a model.
        widths: features of each extractor; none: all are of one.
    """
    strata = data.strata
    values: list[Floats] = []
    stored: list[Stored] = []
    for split in data.splits:
        rows = rows_to_learn(data, split, most)
        scaler = StandardScaler().fit(features[rows])
        scaler.scale_ = floored(np.sqrt(scaler.var_), widths)
        learnt = scaler.transform(features[rows])
        c = cs[0] if len(cs) == 1 else chosen_c(learnt, rows, data, split, cs, strata)
        model = fit(_linear(c), learnt, data.truth[rows], len(data.names))
        parts = [model.predict(scaler.transform(features[start : start + PREDICTED_AT_ONCE]))
                 for start in range(0, len(features), PREDICTED_AT_ONCE)]  # fmt: skip
        values.append(np.concatenate(parts))
        stored.append({"scaler": stored_scaler(scaler), "model": model.stored()})
    return np.stack(values, axis=1), stored


def _linear(c: float, warm: dict[int, LogisticRegression] | None = None) -> Make:
    """What makes untrained linear models with the penalty 1 / `c`.

    `warm` holds the models of another C, by label: each starts where it ended, less exactly.
    """
    labels = itertools.count()

    def make(number: bool) -> LogisticRegression | Ridge:
        if number:
            return Ridge(alpha=RIDGE / c)
        if warm is None:
            return LogisticRegression(C=c, max_iter=2000)
        fresh = LogisticRegression(max_iter=2000, tol=CHOICE_TOLERANCE, warm_start=True)
        return warm.setdefault(next(labels), fresh).set_params(C=c)

    return make


def chosen_c(
    learnt: Features,
    rows: NDArray[np.int64],
    data: TrainRows,
    split: Split,
    cs: Sequence[float],
    strata: NDArray[np.str_],
) -> float:
    """Return the C of lowest loss on folds of the train rows, the first minimum from below.

    Args:
        learnt: standardised features (n, D) of the train rows.
        rows: which they are, (n,).
        data: all rows.
        split: whose train rows they are.
        cs: to choose from.
        strata: (N,), of all rows.
    """
    rng = np.random.default_rng([split.seed, split.fold, 1])
    part = np.sort(rng.permutation(len(rows))[:CHOICE_ROWS])
    truth, groups = data.truth[rows[part]], data.groups[rows[part]]
    n_folds = min(INNER_FOLDS, len(np.unique(groups)))
    if n_folds < 2:
        return cs[0]
    fold_of = folds.assign(strata[rows[part]], groups, n_folds, split.seed)
    metric = USUAL[data.kind.name][0]  # a loss
    turned, best, lowest = rotated(learnt[part]), cs[0], np.inf
    tried = range(n_folds if len(rows) <= CHOICE_ROWS else 1)
    warm: list[dict[int, LogisticRegression]] = [{} for _ in tried]
    for c in sorted(cs):
        losses = []
        for fold in tried:
            learn, out = fold_of != fold, fold_of == fold
            make = _linear(c, warm[fold])
            values = fit_predict(make, turned[learn], truth[learn], turned[out], len(data.names))
            losses.append(metric.row_terms(values, truth[out])[0])
        loss = float(np.concatenate(losses).mean())
        if loss >= lowest:
            break
        best, lowest = c, loss
    return best


def rotated(rows: Features) -> Features:
    """Return rows (n, D) turned into the space they span: at most n columns.

    A model with an L2 penalty is the same there, and n may be far below D.
    """
    if len(rows) >= rows.shape[1]:
        return rows
    values, vectors = np.linalg.eigh(rows.astype(np.float64) @ rows.T)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)), dtype=np.float32)


def prior_table(data: TrainRows) -> pd.DataFrame:
    """Return the prediction table of a model without skill; see `priors`."""
    n_rows, values = len(data.ids) + len(data.test_ids), priors(data)
    return prediction_table(np.broadcast_to(values, (n_rows, *values.shape)), data)


def priors(data: TrainRows) -> Floats:
    """Return what the train rows of each split have on average, (M, K).

    That are class shares, shares of each label, or the mean.
    """
    return np.stack([_average(data.truth[~split.held_out], data) for split in data.splits])


def _average(truth: NDArray[np.generic], data: TrainRows) -> Floats:
    """The mean (K,) of a target, or the shares of its classes."""
    if data.kind.name != "classes":
        return np.asarray(np.atleast_1d(truth.astype(np.float64).mean(0)))
    learnt, counts = np.unique(truth, return_counts=True)
    shares = (counts / len(truth))[None]
    return with_missing(shares, learnt, len(truth), len(data.names))[0]
