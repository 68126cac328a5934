"""Votes: one text for each picture out of those of several readers.

A reader says a text and how sure it is. A vote gives every text a weight; the heaviest wins, of
equals the one read by the reader that is named first. Nothing read is no text: an empty one wins
only where there is no other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.evaluation.predictions import Reading

Readings = Sequence[Sequence[Reading]]  # of R readers, N pictures each
Vote = Callable[[Readings], list[Reading]]
VoteFit = Callable[[Readings, Sequence[str]], Vote]
_FAR = 1e-6  # no reader is surer than this, either way


@dataclass(frozen=True)
class WeightedVote:
    """A vote in which a text weighs what `weights`, one per reader, make of its probabilities."""

    weights: Sequence[Callable[[float], float]]

    def __call__(self, readings: Readings) -> list[Reading]:
        """Return the texts (N,) that win, with their share of all the weight there could be."""
        return [self._winner(votes) for votes in zip(*readings, strict=True)]

    def _winner(self, votes: Sequence[Reading]) -> Reading:
        weight: dict[str, float] = {}
        for reading, weigh in zip(votes, self.weights, strict=True):
            weight[reading.text] = weight.get(reading.text, 0.0) + weigh(math.exp(reading.log_prob))
        text = max(weight, key=lambda name: (bool(name), weight[name]))
        share = min(1.0, weight[text] / len(votes))
        return Reading(text, math.log(share) if share else -math.inf)


def is_correct(readings: Sequence[Reading], truth: Sequence[str]) -> NDArray[np.bool_]:
    """Return which (N,) texts are the true ones, bool."""
    pairs = zip(readings, truth, strict=True)
    return np.array([reading.text == text for reading, text in pairs])


def single(readings: Readings, truth: Sequence[str]) -> Vote:
    """Return the one reader that is right most often, the first of equals."""
    best = int(np.argmax([is_correct(each, truth).sum() for each in readings]))
    return lambda others: list(others[best])


def majority(readings: Readings, truth: Sequence[str]) -> Vote:
    """Return the vote in which every reader counts one; of equals the likelier text wins."""
    return WeightedVote([lambda p: 1 - _FAR + _FAR * p] * len(readings))


def confidence(readings: Readings, truth: Sequence[str]) -> Vote:
    """Return the vote in which a text weighs the sum of its readers' probabilities."""
    return WeightedVote([lambda p: p] * len(readings))


def calibrated(readings: Readings, truth: Sequence[str]) -> Vote:
    """Return the vote in which a text weighs how often its readers are right when so sure.

    Platt's logistic of the logit of each reader's probability; a reader that was never, or always,
    right counts for that share.
    """
    return WeightedVote([_trust(each, is_correct(each, truth)) for each in readings])


def _trust(readings: Sequence[Reading], hit: NDArray[np.bool_]) -> Callable[[float], float]:
    from sklearn.linear_model import LogisticRegression

    share = float((hit.sum() + 0.5) / (len(hit) + 1))
    if hit.all() or not hit.any():
        return lambda p: share
    x = np.array([[_logit(math.exp(reading.log_prob))] for reading in readings])
    model = LogisticRegression().fit(x, hit)
    slope, intercept = max(0.0, float(model.coef_[0, 0])), float(model.intercept_[0])
    if not slope:
        return lambda p: share
    return lambda p: 1 / (1 + math.exp(-(slope * _logit(p) + intercept)))


def _logit(p: float) -> float:
    inside = min(max(p, _FAR), 1 - _FAR)
    return math.log(inside / (1 - inside))


VOTES: dict[str, VoteFit] = {
    "single": single,
    "majority": majority,
    "confidence": confidence,
    "calibrated": calibrated,
}


def cross_fitted(
    fit: VoteFit, readings: Readings, truth: Sequence[str], folds: NDArray[np.int64]
) -> list[Reading]:
    """Return the texts (N,) that win, each fold's by a vote fitted on the other folds' pictures.

    Args:
        fit: the vote.
        readings: (R, N) of R readers.
        truth: (N,) true texts.
        folds: (N,) of the pictures.
    """
    out: list[Reading | None] = [None] * len(truth)
    for fold in np.unique(folds):
        rest, mine = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        vote = fit(_at(readings, rest), [truth[int(row)] for row in rest])
        for row, reading in zip(mine, vote(_at(readings, mine)), strict=True):
            out[row] = reading
    return [reading for reading in out if reading is not None]


def best(fits: dict[str, VoteFit], n_folds: int, seed: int) -> VoteFit:
    """Return the vote among `fits` that is right most often on pictures it was not fitted on.

    Args:
        fits: votes by name.
        n_folds: of the pictures it is fitted on.
        seed: of the folds.
    """

    def fit(readings: Readings, truth: Sequence[str]) -> Vote:
        folds = folds_of(len(truth), n_folds, seed)
        return fits[chosen(fits, readings, truth, folds)](readings, truth)

    return fit


def chosen(
    fits: dict[str, VoteFit], readings: Readings, truth: Sequence[str], folds: NDArray[np.int64]
) -> str:
    """Return the name of the vote that is right most often when cross-fitted; first of equals.

    Args:
        fits: votes by name.
        readings: (R, N) of R readers.
        truth: (N,) true texts.
        folds: (N,) of the pictures.
    """

    def score(name: str) -> int:
        return int(is_correct(cross_fitted(fits[name], readings, truth, folds), truth).sum())

    return max(fits, key=score) if len(fits) > 1 else next(iter(fits))


def folds_of(n_rows: int, n_folds: int, seed: int) -> NDArray[np.int64]:
    """Return folds (N,) of pictures that have none, as even as can be, in random order.

    Args:
        n_rows: how many pictures.
        n_folds: how many folds.
        seed: of the order.
    """
    return np.random.default_rng(seed).permutation(n_rows) % n_folds


def _at(readings: Readings, rows: NDArray[np.int64]) -> list[list[Reading]]:
    return [[each[row] for row in rows] for each in readings]
