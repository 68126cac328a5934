"""Blends: one prediction out of those of many models.

A blend is fitted on rows whose truth is known, predictions (M, N, K) and truth (N,), and then turns
the predictions (M, T, K) of any rows into (T, K). Predictions are class probabilities, or with the
functions that take a loss also label probabilities or numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.ensemble import selection
from podium.ensemble.losses import Loss, log_loss
from podium.evaluation.decisions import climbed
from podium.evaluation.metrics import TINY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Truth = Any  # (N,) class indices or numbers, or (N, L) labels
Combine = Callable[[Floats], Floats]  # (M, T, K) -> (T, K)
Fit = Callable[[Floats, Truth], Combine]


@dataclass(frozen=True)
class Weighted:
    """The weighted mean of probabilities; weights (M,) sum to 1, or (M, K) per class."""

    weights: Floats

    def __call__(self, probs: Floats) -> Floats:
        """Return the blend (T, K) of predictions (M, T, K)."""
        if self.weights.ndim == 1:
            return np.einsum("m,mnk->nk", self.weights, probs)
        return normalised(np.einsum("mk,mnk->nk", self.weights, probs))


@dataclass(frozen=True)
class Geometric:
    """The weighted geometric mean of probabilities, normalised: the mean of logits."""

    weights: Floats

    def __call__(self, probs: Floats) -> Floats:
        """Return the blend (T, K) of predictions (M, T, K)."""
        logs = np.einsum("m,mnk->nk", self.weights, np.log(np.clip(probs, TINY, 1)))
        return normalised(np.exp(logs - logs.max(1, keepdims=True)))


@dataclass(frozen=True)
class Ranked:
    """The mean over models of where a probability ranks among those of the rows fitted on.

    `fitted_on` (M, N, K) is sorted along N. Equals share the middle of their ranks: among 1, 2, 2,
    4 a 2 ranks at 2 / 4, a 3 at 3 / 4, a 0 at 0. A row's rank does not depend on its neighbours.
    """

    fitted_on: Floats

    def __call__(self, probs: Floats) -> Floats:
        """Return ranks (T, K) summing to 1; no probabilities before they are calibrated."""
        n_models, n_rows, n_classes = probs.shape
        ranks = np.zeros((n_rows, n_classes))
        for m in range(n_models):
            for k in range(n_classes):
                line, values = self.fitted_on[m, :, k], probs[m, :, k]
                below = np.searchsorted(line, values, "left")
                ranks[:, k] += (below + np.searchsorted(line, values, "right")) / 2 / len(line)
        return normalised(ranks / n_models)


def normalised(values: Floats) -> Floats:
    """Return rows (N, K) of non-negative values scaled to sum 1; rows of zeros become uniform."""
    total = values.sum(1, keepdims=True)
    even = np.full_like(values, 1 / values.shape[1])
    return np.where(total > 0, values / np.where(total > 0, total, 1), even)


def true_class(probs: Floats, truth: Ints) -> Floats:
    """Return the probability (M, N) that each model gives the true class of each row.

    Of labels (N, L): (M, N * L) of what is true of each, having it or not.
    """
    if truth.ndim == 2:
        return np.where(truth == 1, probs, 1 - probs).reshape(len(probs), -1)
    return np.ascontiguousarray(probs[:, np.arange(len(truth)), truth])


def single(loss: Loss = log_loss) -> Fit:
    """Return the fit that takes the one model of lowest loss, the first of equals.

    It is fitted on predictions (M, N, K), as all fits here are.
    """

    def fit(predictions: Floats, truth: Truth) -> Combine:
        best = int(np.argmin([loss(values, truth) for values in predictions]))
        return Weighted(np.eye(len(predictions))[best])

    return fit


def mean(probs: Floats, truth: Ints) -> Combine:
    """Return the plain mean of predictions (M, T, K) over models; there is nothing to fit."""
    return Weighted(np.full(len(probs), 1 / len(probs)))


def geometric(probs: Floats, truth: Ints) -> Combine:
    """Return the plain geometric mean of probabilities (M, T, K), normalised to sum 1."""
    return Geometric(np.full(len(probs), 1 / len(probs)))


def rank(probs: Floats, truth: Ints) -> Combine:
    """Return the mean rank among the probabilities (M, N, K) of the rows fitted on."""
    return Ranked(np.sort(probs, axis=1))


def weighted(probs: Floats, truth: Ints) -> Combine:
    """Return the weighted mean of lowest log loss on probs (M, N, K) and class indices (N,)."""
    return Weighted(simplex(true_class(probs, truth)))


def simplex(chances: Floats) -> Floats:
    """Return the weights (M,) >= 0, summing to 1, of the mixture of lowest log loss.

    With the sum of the weights added to the loss nothing need hold them to 1: multiplying all by c
    changes it by c - ln c, least at c = 1. What is left are bounds, which L-BFGS-B keeps; since
    the problem is convex, there is one best loss.

    Args:
        chances: (M, N) each model's probability of the true class of each row.
    """
    from scipy.optimize import minimize

    chances = np.clip(chances, TINY, 1)
    n_models, n_rows = chances.shape

    def loss(weights: Floats) -> tuple[float, Floats]:
        mixture = np.maximum(weights @ chances, TINY)
        gradient = 1 - chances @ (1 / mixture) / n_rows
        return float(weights.sum() - np.log(mixture).mean()), gradient

    even = np.full(n_models, 1 / n_models)
    options = {"maxiter": 1000, "maxcor": 20, "ftol": 1e-13, "gtol": 1e-9}
    result = minimize(
        loss, even, jac=True, method="L-BFGS-B", bounds=[(0, None)] * n_models, options=options
    )
    weights: Floats = result.x / result.x.sum()
    return weights


def weighted_by(loss: Loss) -> Fit:
    """Return the fit of the weighted mean of lowest `loss`: weights (M,) >= 0, summing to 1.

    Found by SLSQP from equal weights; where a loss has no slope (accuracy) that may find nothing,
    so equal weights and each model alone are tried, too, and the best of all is taken.
    """

    def fit(predictions: Floats, truth: Truth) -> Combine:
        from scipy.optimize import minimize

        n_models = len(predictions)
        even = np.full(n_models, 1 / n_models)

        def loss_of_weights(weights: Floats) -> float:
            return loss(Weighted(_on_simplex(weights))(predictions), truth)

        result = minimize(
            loss_of_weights, even, method="SLSQP", bounds=[(0, 1)] * n_models,
            constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        )  # fmt: skip
        tried = [_on_simplex(result.x), even, *np.eye(n_models)]
        return Weighted(min(tried, key=loss_of_weights))

    return fit


def weighted_by_steps(loss: Loss) -> Fit:
    """Return the fit of the weights (M,) of lowest `loss`, for losses that move in steps.

    Such are areas under the ROC. From the best of equal weights and each model alone, the share of
    one model after another is raised or lowered, in ever finer steps.
    """

    def fit(predictions: Floats, truth: Truth) -> Combine:
        n_models = len(predictions)

        def score(weights: Floats) -> float:
            return -loss(Weighted(_on_simplex(weights))(predictions), truth)

        start = max([np.full(n_models, 1 / n_models), *np.eye(n_models)], key=score)
        return Weighted(_on_simplex(climbed(start, score)))

    return fit


def _on_simplex(weights: Floats) -> Floats:
    kept = np.maximum(weights, 0)
    total = kept.sum()
    return kept / total if total > 0 else np.full(len(weights), 1 / len(weights))


def caruana(picks: int, bags: int, share: float, seed: int, loss: Loss = log_loss) -> Fit:
    """Return the fit of ensemble selection by `loss`: weights (M,); see `selection.select`.

    Args:
        picks: of each bag.
        bags: how many.
        share: of the models that a bag may pick from.
        seed: of the bags.
        loss: of the mean of the picks; log loss has a fast way of its own.
    """

    def fit(predictions: Floats, truth: Truth) -> Combine:
        if loss is log_loss:
            chances = true_class(predictions, truth)
            return Weighted(selection.select(chances, picks, bags, share, seed))
        weights = selection.select_by_loss(
            predictions, lambda values: loss(values, truth), picks, bags, share, seed
        )
        return Weighted(weights)

    return fit


def per_class(fit: Fit) -> Fit:
    """Return the fit of each class against the rest, with weights (M, K) of its own.

    The results are normalised. `fit` must give a `Weighted`.
    """

    def fit_all(probs: Floats, truth: Ints) -> Combine:
        columns = []
        for k in range(probs.shape[2]):
            pair = np.stack([1 - probs[:, :, k], probs[:, :, k]], axis=2)
            combine: Any = fit(pair, (truth == k).astype(np.int64))
            columns.append(combine.weights)
        return Weighted(np.stack(columns, axis=1))

    return fit_all


def weights_of(combine: Combine) -> Floats | None:
    """Return the weights (M,) of a blend that has one for each model, else None."""
    weights: Floats | None = getattr(combine, "weights", None)
    return weights if weights is not None and weights.ndim == 1 else None
