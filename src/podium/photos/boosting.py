"""Gradient boosting on the first principal components of bottleneck features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from podium.core.params import Boosting
from podium.photos.column_codes import encode
from podium.photos.columns import codes_of_split
from podium.photos.crossval import Features, Floats, Split, TrainRows, prediction_table
from podium.photos.estimators import fit, rows_to_learn
from podium.photos.stored_models import Stored, stored_components, stored_scaler

MAX_RATE = 0.3


def boosting_table(
    features: Features, data: TrainRows, settings: Boosting, seed: int, most: int
) -> pd.DataFrame:
    """Return the prediction table of gradient boosting; see `fit_boosting`.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        settings: of PCA and trees.
        seed: of both.
        most: train rows of a model.
    """
    return prediction_table(fit_boosting(features, data, settings, seed, most)[0], data)


def fit_boosting(
    features: Features, data: TrainRows, settings: Boosting, seed: int, most: int
) -> tuple[Floats, list[Stored]]:
    """Return predictions (N + T, M, K) of boosted trees for each split, and these as arrays.

    Each split fits scaler, PCA and trees anew. Columns beside the pictures join the components.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        settings: of PCA and trees.
        seed: of both.
        most: train rows of a model.
    """
    with threadpool_limits(1):  # the same bytes on any number of cores, and faster
        pairs = [_fit_split(features, data, split, settings, seed, most) for split in data.splits]
    return np.stack([values for values, _ in pairs], axis=1), [stored for _, stored in pairs]


def _fit_split(
    features: Features, data: TrainRows, split: Split, settings: Boosting, seed: int, most: int
) -> tuple[Floats, Stored]:
    """The predictions (N + T, K) of one split, and its models as arrays."""
    rows = rows_to_learn(data, split, most)
    reduction = first_components(settings, (len(rows), features.shape[1]), seed)
    learnt = reduction.fit_transform(features[rows])
    starts = range(0, len(features), 4096)
    every = np.concatenate([reduction.transform(features[k : k + 4096]) for k in starts])
    codes = []
    if data.columns is not None:
        codes = codes_of_split(data, split)
        beside = encode(data.columns, codes)
        learnt = np.concatenate([learnt, beside[rows]], axis=1)
        every = np.concatenate([every, beside], axis=1)

    def make(number: bool) -> Any:
        n_classes = 1 if number or data.kind.name == "labels" else len(data.names)
        return boosted_trees(settings, n_classes, seed, number)

    model = fit(make, learnt, data.truth[rows], len(data.names))
    scaler, pca = (step for _, step in reduction.steps)
    stored = {"scaler": stored_scaler(scaler), "pca": stored_components(pca), "columns": codes}
    return model.predict(every), {**stored, "model": model.stored()}


def first_components(settings: Boosting, shape: tuple[int, int], seed: int) -> Any:
    """Return the untrained reduction of features.

    Trees choose among columns one at a time: thousands of correlated ones are slow and no better
    than the first principal components.

    Args:
        settings: how many components.
        shape: of the features, (N, D).
        seed: of the randomised solver.
    """
    n_components = min(settings.components, *shape)
    pca = PCA(n_components, svd_solver="randomized", random_state=seed)
    return make_pipeline(StandardScaler(), pca)


def boosted_trees(settings: Boosting, n_classes: int, seed: int, number: bool) -> Any:
    """Return untrained trees: a classifier, or for a `number` a regressor.

    Each iteration grows a tree for each class. So many classes that `settings.trees` do not suffice
    get fewer iterations, and a learning rate that makes up for it.

    Args:
        settings: of the trees.
        n_classes: K.
        seed: of binning.
        number: what is predicted.
    """
    iterations = min(settings.iterations, max(1, settings.trees // n_classes))
    rate = settings.learning_rate * settings.iterations / iterations
    model = HistGradientBoostingRegressor if number else HistGradientBoostingClassifier
    return model(
        max_iter=iterations,
        learning_rate=max(settings.learning_rate, min(rate, MAX_RATE)),
        max_leaf_nodes=settings.leaves,
        l2_regularization=settings.l2,
        early_stopping=False,
        random_state=seed,
    )
