"""scikit-learn's models for each kind of target, whatever their train rows lack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.photos.crossval import Features, Floats, Split, TrainRows
from podium.photos.stored_models import Stored, stored_model, with_missing

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


def fit(make: Make, rows: Features, truth: NDArray[Any], n_outputs: int) -> Estimator:
    """Return a trained model.

    Args:
        make: gives the untrained model.
        rows: (N, D), that it learns.
        truth: of these, classes (N,), labels (N, L) or numbers (N,).
        n_outputs: K.
    """
    if truth.ndim == 2:
        return Estimator([fit(make, rows, column, 2) for column in truth.T])
    if truth.dtype.kind == "f":
        mean, scale = float(truth.mean()), float(truth.std() or 1.0)
        return Estimator([make(True).fit(rows, (truth - mean) / scale)], mean=mean, scale=scale)
    learnt = np.unique(truth)
    models = [make(False).fit(rows, truth)] if len(learnt) > 1 else []
    return Estimator(models, learnt, len(truth), n_outputs)


def fit_predict(
    make: Make, rows: Features, truth: NDArray[Any], every: Features, n_outputs: int
) -> Floats:
    """Return the predictions (n, K) of a model for rows `every` (n, D); see `fit`.

    Args:
        make: gives the untrained model.
        rows: (N, D), that it learns.
        truth: of these.
        every: that it predicts.
        n_outputs: K.
    """
    return fit(make, rows, truth, n_outputs).predict(every)


@dataclass(frozen=True)
class Estimator:
    """A trained model for each kind of target.

    Attributes:
        models: the one, or none where only one class was learnt; of labels an `Estimator` each.
        learnt: of classes those that were learnt, by index; None for other kinds.
        n_rows: of classes, that were learnt from.
        n_outputs: of classes, K.
        mean: of numbers; the model predicts standardised ones.
        scale: of numbers.
    """

    models: list[Any]
    learnt: NDArray[np.int64] | None = None
    n_rows: int = 0
    n_outputs: int = 0
    mean: float = 0.0
    scale: float = 1.0

    def predict(self, every: Features) -> Floats:
        """Return the predictions (n, K) for rows (n, D)."""
        if self.models and isinstance(self.models[0], Estimator):
            return np.stack([each.predict(every)[:, 1] for each in self.models], axis=1)
        if self.learnt is None:
            values = self.models[0].predict(every)
            return np.asarray(values, dtype=np.float64)[:, None] * self.scale + self.mean
        certain = np.ones((len(every), 1))
        probs = self.models[0].predict_proba(every) if self.models else certain
        return with_missing(probs, self.learnt, self.n_rows, self.n_outputs)

    def stored(self) -> Stored:
        """Return it as arrays, for `predict_stored`."""
        if self.models and isinstance(self.models[0], Estimator):
            return {"labels": [each.stored() for each in self.models]}
        models = [stored_model(model) for model in self.models]
        if self.learnt is None:
            return {"models": models, "mean": self.mean, "scale": self.scale}
        counts = {"n_rows": self.n_rows, "n_outputs": self.n_outputs}
        return {"models": models, "learnt": self.learnt.astype(np.int64), **counts}
