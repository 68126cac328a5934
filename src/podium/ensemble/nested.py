"""Nested cross-validation of a blend: the whole step scored on rows that it never saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.ensemble.blend import Combine, Fit, Floats, Ints, Truth
from podium.ensemble.losses import Loss, log_loss
from podium.evaluation import calibration
from podium.evaluation.calibration import Calibrator

Groups = NDArray[np.str_] | Ints


def cross_fitted(fit: Fit, probs: Floats, truth: Truth, folds: Ints) -> Floats:
    """Return blended predictions (N, K), each fold's by a blend fitted on the other folds' rows.

    Args:
        fit: a way to blend.
        probs: (M, N, K) out-of-fold predictions of M models.
        truth: (N,) of the rows.
        folds: (N,) of the models, so that a fold's rows never had a say in their own blend.
    """
    out = np.empty(probs.shape[1:])
    for fold in np.unique(folds):
        inside = folds == fold
        out[inside] = fit(probs[:, ~inside], truth[~inside])(probs[:, inside])
    return out


@dataclass(frozen=True)
class Fitted:
    """A fitted step: the name of its blend, the blend, and what may calibrate it, by name."""

    method: str
    combine: Combine
    calibrators: Mapping[str, Calibrator]

    def __call__(self, probs: Floats) -> dict[str, Floats]:
        """Return predictions (T, K) of predictions (M, T, K), calibrated in each way."""
        blended = self.combine(probs)
        return {name: each.apply(blended) for name, each in self.calibrators.items()}


@dataclass(frozen=True)
class Step:
    """All that is fitted on out-of-fold predictions before a submission is written.

    Attributes:
        methods: the blends to choose from, by name; the one of lowest cross-fitted loss is taken,
            the first of equals.
        calibrations: ways to calibrate, fitted on its cross-fitted predictions.
        loss: what is compared; lower is better.
    """

    methods: Mapping[str, Fit]
    calibrations: Mapping[str, calibration.Fit]
    loss: Loss = log_loss

    def fit(self, probs: Floats, truth: Truth, folds: Ints, groups: Groups) -> Fitted:
        """Return the step fitted on rows; it sees nothing but these.

        Args:
            probs: (M, N, K) predictions.
            truth: (N,) of the rows.
            folds: (N,) of the models.
            groups: (N,) names; rows of one group are not independent.
        """
        folds = refolded(folds, groups, truth)
        alone = len(np.unique(folds)) < 2  # a single group is left: it can only be fitted to
        inner = {
            name: fit(probs, truth)(probs) if alone else cross_fitted(fit, probs, truth, folds)
            for name, fit in self.methods.items()
        }
        chosen = min(inner, key=lambda name: self.loss(inner[name], truth))
        calibrators = {name: fit(inner[chosen], truth) for name, fit in self.calibrations.items()}
        return Fitted(chosen, self.methods[chosen](probs, truth), calibrators)


def refolded(folds: Ints, groups: Groups, truth: Truth) -> Ints:
    """Return `folds`; if they hold one fold only, two halves of the groups, stratified by truth.

    Args:
        folds: (N,) of the rows.
        groups: (N,) names; rows of a single group stay together.
        truth: (N,) or (N, L) of the rows.
    """
    if len(np.unique(folds)) > 1:
        return folds
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    half = np.empty(len(first), dtype=np.int64)
    keys = np.atleast_2d(np.asarray(truth)[first].T)[::-1]
    half[np.lexsort(keys)] = np.arange(len(first)) % 2
    return half[number]


def nested(
    step: Step, probs: Floats, truth: Truth, folds: Ints, groups: Groups
) -> dict[str, Floats]:
    """Return predictions (N, K) by calibration, of each row by a step that never saw its fold.

    Args:
        step: what is fitted.
        probs: (M, N, K) out-of-fold predictions of M models.
        truth: (N,) of the rows.
        folds: (N,) of the models.
        groups: (N,) names; rows of one group are not independent.
    """
    out = {name: np.empty(probs.shape[1:]) for name in step.calibrations}
    for fold in np.unique(folds):
        inside = folds == fold
        rest = ~inside
        fitted = step.fit(probs[:, rest], truth[rest], folds[rest], groups[rest])
        for name, values in fitted(probs[:, inside]).items():
            out[name][inside] = values
    return out
