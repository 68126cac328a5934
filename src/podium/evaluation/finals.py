"""What makes a score of the terms of rows: a function of their sums, or of the weighted rows.

Functions of `sums` (D, C) take the sums of C columns in each of D draws of rows; functions of
`columns` (N, C) and `weights` (D, N) take the rows themselves, and how often each draw holds them.
All return the scores (D,).
"""

from __future__ import annotations

from pkgutil import resolve_name

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError

Floats = NDArray[np.float64]
_MEND = "correct the function, docs/any-competition.md says what it is given"
NO_PAIR = 0.5  # the area under the ROC where no row has, or every row has, the label: a guess's


def divided(numerator: Floats, denominator: Floats) -> Floats:
    """Return `numerator` / `denominator`, (D,) or (D, K) each; 1 where both are nothing."""
    return np.divide(numerator, denominator, out=np.ones_like(numerator), where=denominator > 0)


def ratio(sums: Floats) -> Floats:
    """Return the first of two sums (D, 2) over the second; 1 where both are nothing."""
    return divided(sums[:, 0], sums[:, 1])


def root_of_ratio(sums: Floats) -> Floats:
    """Return the square root of the `ratio` of sums (D, 2)."""
    return np.sqrt(ratio(sums))


def mean_of_ratios(sums: Floats) -> Floats:
    """Return the mean of those of K ratios whose denominator is not 0.

    Args:
        sums: (D, C) of K numerators, then K denominators.
    """
    numerators, denominators = np.split(sums, 2, axis=1)
    each = np.where(denominators > 0, divided(numerators, denominators), 0)
    return divided(each.sum(1), (denominators > 0).sum(1).astype(np.float64))


def quadratic_kappa(sums: Floats) -> Floats:
    """Return Cohen's kappa with quadratic weights of grades a and b; 1 where all are one grade.

    The weights are squares of differences, so that moments say it all: 1 less the mean of
    (a - b) ** 2 over rows, over its mean over all pairs of an a and a b (Cohen 1968).

    Args:
        sums: (D, 6) of 1, a, b, a * a, b * b and a * b.
    """
    n, a, b, aa, bb, ab = sums.T
    apart, by_chance = aa + bb - 2 * ab, aa + bb - 2 * a * b / np.maximum(n, 1)
    return np.where(by_chance > 0, 1 - apart / np.where(by_chance > 0, by_chance, 1), 1.0)


def mean_area(columns: Floats, weights: Floats) -> Floats:
    """Return the mean area under the ROC of L labels, of those that some rows have and some not.

    Args:
        columns: (N, 2 L) what is predicted of each label, then 1 where a row has it, else 0.
        weights: (D, N) of the rows.
    """
    values, truth = np.split(columns, 2, axis=1)
    areas = np.stack([_areas(*pair, weights) for pair in zip(values.T, truth.T, strict=True)])
    defined = np.isfinite(areas)
    count = defined.sum(0)
    total = np.where(defined, areas, 0).sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), NO_PAIR)


def _areas(values: Floats, truth: Floats, weights: Floats) -> Floats:
    """The area (D,) of one label: the share of pairs in the right order, ties count half."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=-np.inf) > 0)
    has = weights[:, order] * truth[order]
    positive = np.add.reduceat(has, starts, axis=1)
    negative = np.add.reduceat(weights[:, order] - has, starts, axis=1)
    right = (positive * (np.cumsum(negative, axis=1) - negative / 2)).sum(1)
    pairs = positive.sum(1) * negative.sum(1)
    return np.divide(right, pairs, out=np.full_like(right, np.nan), where=pairs > 0)


def own_scores(columns: Floats, weights: Floats, name: str) -> Floats:
    """Return what a function of one's own makes of the rows; NaN of draws that it cannot score.

    Args:
        columns: (N, 1 + K + T) K in every row, K predictions, the truth.
        weights: (D, N) whole numbers.
        name: of the function, module:function.

    Raises:
        PodiumError: it cannot score all rows together.
    """
    function, n_values = resolve_name(name), int(columns[0, 0])
    values, truth = columns[:, 1 : n_values + 1], columns[:, n_values + 1 :]
    truth = truth[:, 0] if truth.shape[1] == 1 else truth
    truth = truth.astype(np.int64) if n_values > 1 else truth
    scores = np.full(len(weights), np.nan)
    for draw, times in enumerate(weights):
        rows = np.repeat(np.arange(len(columns)), times.astype(np.int64))
        try:
            scores[draw] = float(function(values[rows], truth[rows]))
        except Exception as error:
            if (times == 1).all():
                raise PodiumError(
                    f"metric {name}: {type(error).__name__}: {error}\nremedy: {_MEND}"
                ) from error
    if (weights == 1).all() and not np.isfinite(scores).all():
        raise PodiumError(
            f"metric {name}: its score of all rows is no finite number\nremedy: {_MEND}"
        )
    return scores
