"""How good a blend will honestly be: the whole step cross-validated, with all it chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.ensemble.blend import Combine, Fit, Floats, Ints, log_loss
from podium.evaluation import calibration
from podium.evaluation.calibration import Calibrator
from podium.evaluation.pairing import resampled

Groups = NDArray[np.str_] | Ints


def cross_fitted(fit: Fit, probs: Floats, truth: Ints, folds: Ints) -> Floats:
    """Blended probabilities (N, K), those of each fold by a blend fitted on the other folds' rows.

    Args:
        fit: a way to blend.
        probs: (M, N, K) out-of-fold probabilities of M models.
        truth: (N,) class indices.
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
        """Probabilities (T, K) of probabilities (M, T, K), calibrated in each way."""
        blended = self.combine(probs)
        return {name: one.apply(blended) for name, one in self.calibrators.items()}


@dataclass(frozen=True)
class Step:
    """All that is fitted on out-of-fold predictions before a submission is written.

    Attributes:
        methods: the blends to choose from, by name; the one of lowest cross-fitted log loss is
            taken, the first of equals.
        calibrations: ways to calibrate, fitted on its cross-fitted probabilities.
    """

    methods: Mapping[str, Fit]
    calibrations: Mapping[str, calibration.Fit]

    def fit(self, probs: Floats, truth: Ints, folds: Ints, groups: Groups) -> Fitted:
        """The step fitted on rows (N); it sees nothing but these."""
        folds = refolded(folds, groups, truth)
        alone = len(np.unique(folds)) < 2  # a single group is left: it can only be fitted to
        inner = {
            name: fit(probs, truth)(probs) if alone else cross_fitted(fit, probs, truth, folds)
            for name, fit in self.methods.items()
        }
        chosen = min(inner, key=lambda name: log_loss(inner[name], truth))
        calibrators = {name: fit(inner[chosen], truth) for name, fit in self.calibrations.items()}
        return Fitted(chosen, self.methods[chosen](probs, truth), calibrators)


def refolded(folds: Ints, groups: Groups, truth: Ints) -> Ints:
    """`folds` (N,), or two halves of whole groups, alike in truth, where all rows are of one fold.

    Rows of a single group stay together.
    """
    if len(np.unique(folds)) > 1:
        return folds
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    half = np.empty(len(first), dtype=np.int64)
    half[np.argsort(truth[first], kind="stable")] = np.arange(len(first)) % 2
    return half[number]


def nested(
    step: Step, probs: Floats, truth: Ints, folds: Ints, groups: Groups
) -> dict[str, Floats]:
    """Probabilities (N, K) per calibration: of each row by a step that never saw its fold."""
    out = {name: np.empty(probs.shape[1:]) for name in step.calibrations}
    for fold in np.unique(folds):
        inside = folds == fold
        rest = ~inside
        fitted = step.fit(probs[:, rest], truth[rest], folds[rest], groups[rest])
        for name, values in fitted(probs[:, inside]).items():
            out[name][inside] = values
    return out


def bootstrap(values: Floats, groups: Groups, n_draws: int, seed: int) -> Floats:
    """The mean (n_draws,) of values (N,) over groups drawn with replacement, each whole."""
    number = np.unique(groups, return_inverse=True)[1]
    sums = np.zeros((number.max() + 1, 2))
    np.add.at(sums, number, np.stack([values, np.ones_like(values)], axis=1))
    drawn = resampled(sums, n_draws, seed)
    return np.asarray(drawn[:, 0] / drawn[:, 1])


def sure(values: Floats, groups: Groups, n_draws: int, seed: int) -> dict[str, float]:
    """How sure the mean of values (N,) is: `interval` of its `bootstrap`."""
    return interval(bootstrap(values, groups, n_draws, seed))


def interval(draws: Floats) -> dict[str, float]:
    """The standard error and the 95 % interval that bootstrap draws give."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"se": float(draws.std(ddof=1)), "low": float(low), "high": float(high)}
