"""Gradient boosting on the first principal components of bottleneck features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from podium.core.params import Boosting
from podium.photos.crossval import TrainRows, prediction_table


def boosting_table(
    features: NDArray[np.float32], data: TrainRows, settings: Boosting, seed: int
) -> pd.DataFrame:
    """Return the prediction table of gradient boosting; each split fits scaler, PCA and trees anew.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        settings: of PCA and trees.
        seed: of both.
    """
    probs = np.stack(list(_split_probabilities(features, data, settings, seed)), axis=1)
    return prediction_table(probs, data)


def _split_probabilities(
    features: NDArray[np.float32], data: TrainRows, settings: Boosting, seed: int
) -> Iterator[NDArray[np.float64]]:
    n_train = len(data.ids)
    for split in data.splits:
        rest = ~split.held_out
        train = features[:n_train][rest]
        model = boosted_trees(settings, train.shape, seed)
        with threadpool_limits(1):  # the same bytes on any number of cores, and faster
            probs = model.fit(train, data.truth[rest]).predict_proba(features)
        yield probs


def boosted_trees(settings: Boosting, shape: tuple[int, ...], seed: int) -> Any:
    """Return the untrained model.

    Trees choose among columns one at a time: thousands of correlated ones are slow and no better
    than the first principal components.

    Args:
        settings: of PCA and trees.
        shape: of the features, (N, D).
        seed: of both.
    """
    components = PCA(min(settings.components, *shape), svd_solver="randomized", random_state=seed)
    trees = HistGradientBoostingClassifier(
        max_iter=settings.iterations,
        learning_rate=settings.learning_rate,
        max_leaf_nodes=settings.leaves,
        l2_regularization=settings.l2,
        early_stopping=False,
        random_state=seed,
    )
    return make_pipeline(StandardScaler(), components, trees)
