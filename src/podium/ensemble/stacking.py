"""Stacks: a model on top of models, fitted on their out-of-fold predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.ensemble.blend import Combine, Fit, Floats, Ints, mean, normalised

_FAR = 1e-6  # probabilities come no nearer to 0 and 1 before their logarithm is taken


@dataclass(frozen=True)
class Stack:
    """A fitted scikit-learn model on the centred log-probabilities of all models."""

    model: Any
    linear: bool  # it predicts class values, not probabilities

    def __call__(self, probs: Floats) -> Floats:
        """Return probabilities (T, K) of the probabilities (M, T, K) of M models."""
        x = inputs(probs)
        if self.linear:
            return normalised(np.clip(self.model.predict(x), _FAR, 1))
        return np.asarray(self.model.predict_proba(x), dtype=np.float64)


def inputs(probs: Floats) -> NDArray[np.float64]:
    """Return centred log-probabilities (N, M * K) of probabilities (M, N, K).

    Centring makes them logits: for two classes +-ln(p / (1 - p)) / 2.
    """
    logs = np.log(np.clip(probs, _FAR, 1))
    logs -= logs.mean(2, keepdims=True)
    return np.ascontiguousarray(logs.transpose(1, 0, 2)).reshape(probs.shape[1], -1)


def logistic(c: float) -> Fit:
    """Return the fit of logistic regression on the logits (N, M * K) of all models.

    Scikit-learn's penalty 1 / c is on all weights but the intercepts.
    """

    def fit(probs: Floats, truth: Ints) -> Combine:
        from sklearn.linear_model import LogisticRegression

        if len(np.unique(truth)) < probs.shape[2]:  # a class it could never predict
            return mean(probs, truth)
        model = LogisticRegression(C=c, max_iter=2000)
        return Stack(model.fit(inputs(probs), truth), linear=False)

    return fit


def ridge(alpha: float) -> Fit:
    """Return the fit of ridge regression of class indicators (N, K) on logits (N, M * K).

    What it predicts is clipped and normalised.
    """

    def fit(probs: Floats, truth: Ints) -> Combine:
        from sklearn.linear_model import Ridge

        indicators = np.eye(probs.shape[2])[truth]
        return Stack(Ridge(alpha=alpha).fit(inputs(probs), indicators), linear=True)

    return fit


@dataclass(frozen=True)
class NumberStack:
    """A fitted scikit-learn regression on the numbers of all models."""

    model: Any

    def __call__(self, values: Floats) -> Floats:
        """Return numbers (T, 1) of the numbers (M, T, 1) of M models."""
        return np.asarray(self.model.predict(values[:, :, 0].T), dtype=np.float64)[:, None]


def number_ridge(alpha: float) -> Fit:
    """Return ridge regression of true numbers (N,) on the numbers (M, N, 1) of M models."""

    def fit(values: Floats, truth: Floats) -> Combine:
        from sklearn.linear_model import Ridge

        return NumberStack(Ridge(alpha=alpha).fit(values[:, :, 0].T, truth))

    return fit
