"""Ensemble selection (Caruana et al. 2004, 2006): greedy, with replacement, bagged over models.

Of a mixture only the probabilities of the true classes matter for log loss, so a model is one row
of a matrix (M, N), whatever the number of classes. A step need not try every model: log loss is
convex, so its tangent at an earlier mixture bounds from below what a model can bring, and most are
passed over unseen. The picks are those of the exhaustive search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from podium.evaluation.metrics import TINY

Floats = NDArray[np.float64]
_TREE = 8  # rows multiplied before one logarithm is taken: 1e-15 ** 8 does not underflow
_SLACK = 1e-9  # of a bound, for rounding
_RENEW = 8  # a tangent is laid anew once the mixture has grown by an eighth


@dataclass(frozen=True)
class Picks:
    """The picks of one bag: models in order, and the mean log loss after each pick."""

    models: list[int]
    losses: list[float]

    @property
    def best(self) -> list[int]:
        """The picks up to the lowest loss, the first of equals."""
        return self.models[: int(np.argmin(self.losses)) + 1]


def select(
    probs: Floats, n_picks: int, n_bags: int = 1, share: float = 1.0, seed: int = 0
) -> Floats:
    """Return the weights (M,) of models, summing to 1: how often bags picked them.

    Args:
        probs: (M, N) each model's probability of the true class of each row.
        n_picks: of each bag; it keeps those up to its lowest loss.
        n_bags: each over a random `share` of the models; the bags are averaged.
        share: of the models, one at least.
        seed: of the bags.
    """
    weights = np.zeros(len(probs))
    for picks in pick(probs, n_picks, bags_of(len(probs), n_bags, share, seed)):
        weights += np.bincount(picks.best, minlength=len(probs)) / len(picks.best)
    return weights / n_bags


def select_by_loss(
    predictions: Floats,
    loss: Callable[[Floats], float],
    n_picks: int,
    n_bags: int = 1,
    share: float = 1.0,
    seed: int = 0,
) -> Floats:
    """Return weights (M,) as `select` does, for any loss, by trying every model at each step.

    Args:
        predictions: (M, N, K) of each model.
        loss: of predictions (N, K), lower is better.
        n_picks: of each bag; it keeps those up to its lowest loss.
        n_bags: each over a random `share` of the models; the bags are averaged.
        share: of the models, one at least.
        seed: of the bags.
    """
    weights = np.zeros(len(predictions))
    for members in bags_of(len(predictions), n_bags, share, seed):
        picks = Picks([], [])
        total = np.zeros_like(predictions[0])
        for n_models in range(1, n_picks + 1):
            losses = [loss((total + predictions[m]) / n_models) for m in members]
            best = int(np.argmin(losses))
            picks.models.append(int(members[best]))
            picks.losses.append(float(losses[best]))
            total += predictions[members[best]]
        weights += np.bincount(picks.best, minlength=len(weights)) / len(picks.best)
    return weights / n_bags


def bags_of(n_models: int, n_bags: int, share: float, seed: int) -> list[NDArray[np.int64]]:
    """Return the models (m,), in order, that each bag may pick from.

    Args:
        n_models: how many there are.
        n_bags: how many bags.
        share: of the models in each, one at least.
        seed: of the drawing.
    """
    rng = np.random.default_rng(seed)
    size = max(1, round(share * n_models))
    return [np.sort(rng.permutation(n_models)[:size]) for _ in range(n_bags)]


@dataclass
class _Bag:
    """One bag on its way: its picks, and a tangent of log loss at a mixture it had.

    Attributes:
        members: the models (m,) it may pick from.
        total: the summed probabilities (N,) of its picks.
        models, losses: its picks, and the log loss after each.
        height: of the tangent above nothing.
        slopes: (m,) the tangent's gradient times each member.
        slope: the gradient times `total`.
    """

    members: NDArray[np.int64]
    total: Floats
    models: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    height: float = 0.0
    slopes: Floats = field(default_factory=lambda: np.empty(0))
    slope: float = 0.0

    def add(self, model: int, loss: float, probs: Floats) -> None:
        """Pick `model`."""
        self.models.append(model)
        self.losses.append(loss)
        self.total += probs[model]

    def bounds(self) -> Floats:
        """Return a lower bound (m,) of the log loss after picking each member."""
        return self.height + (self.slope + self.slopes) / (len(self.models) + 1)


def pick(probs: Floats, n_picks: int, bags: Sequence[NDArray[np.int64]]) -> list[Picks]:
    """Return what each bag picks: step by step the model that lowers the log loss most.

    Of equals the first. All bags take a step together, so that their tangents are one product.

    Args:
        probs: (M, N) each model's probability of the true class of each row.
        n_picks: 1 or more.
        bags: the models (m,) that each may pick from.
    """
    n_rows = probs.shape[1]
    padded = np.ones((len(probs), -(-n_rows // _TREE) * _TREE))
    np.clip(probs, TINY, 1, out=padded[:, :n_rows])
    alone = np.array([_loss(row, n_rows, 1) for row in padded])
    running = [_Bag(members, np.zeros(padded.shape[1])) for members in bags]
    for bag in running:
        first = int(bag.members[np.argmin(alone[bag.members])])
        bag.add(first, float(alone[first]), padded)
    renew_at = 1
    for step in range(1, n_picks):
        if step == renew_at:
            _renew(padded, running, n_rows)
            renew_at = step + 1 + step // _RENEW
        for bag in running:
            _take(bag, padded, n_rows)
    return [Picks(bag.models, bag.losses) for bag in running]


def _renew(probs: Floats, bags: Sequence[_Bag], n_rows: int) -> None:
    """Lay each bag's tangent at its present mixture."""
    gradients = np.stack([bag.total for bag in bags])
    sizes = np.array([len(bag.models) for bag in bags])
    np.divide(-sizes[:, None] / n_rows, gradients, out=gradients)
    slopes = probs @ gradients.T  # (M, bags)
    for bag, gradient, column in zip(bags, gradients, slopes.T, strict=True):
        height = len(gradient) / n_rows
        bag.height, bag.slope = bag.losses[-1] + height, -height * len(bag.models)
        bag.slopes = column[bag.members]


def _take(bag: _Bag, probs: Floats, n_rows: int) -> None:
    """Pick the best member, trying those with the lowest bounds until no other can be better."""
    bounds, mixture = bag.bounds(), np.empty_like(bag.total)
    best, place = np.inf, -1
    for at in np.argsort(bounds, kind="stable"):
        if bounds[at] > best + _SLACK * (1 + best):
            break
        np.add(bag.total, probs[bag.members[at]], out=mixture)
        loss = _loss(mixture, n_rows, len(bag.models) + 1)
        if loss < best or (loss == best and at < place):
            best, place = loss, int(at)
    bag.add(int(bag.members[place]), best, probs)
    bag.slope += float(bag.slopes[place])


def _loss(total: Floats, n_rows: int, n_models: int) -> float:
    """The mean log loss of the mean of `n_models` that sum to `total` (N padded rows)."""
    products = np.multiply.reduce(total.reshape(_TREE, -1), axis=0)
    return float((len(total) * np.log(n_models) - np.log(products).sum()) / n_rows)
