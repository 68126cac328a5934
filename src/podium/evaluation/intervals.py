"""Uncertainty of scores: one bootstrap over whole groups, one Wilson interval, one standard error.

A score is a ratio of sums over rows, so a group of rows (look-alikes, slides of one patient) enters
it by the sums of its numerators and denominators alone; drawing groups is drawing such sums.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from podium.evaluation.scores import Metric, Score

CHUNK = 5_000_000  # numbers that a part of the bootstrap holds at once

Floats = NDArray[np.float64]
Terms = tuple[Floats, Floats]  # numerator (N,) and denominator (N,) of each row
Groups = ArrayLike  # (N,) names or numbers; rows of one group are not independent


def ratio(numerator: Floats, denominator: Floats, root: bool = False) -> Floats:
    """Return `numerator` / `denominator`, elementwise; 1 where both are nothing.

    Args:
        numerator: sums (D,) or (D, S).
        denominator: sums, of that shape.
        root: return the square root.
    """
    ratios = np.divide(numerator, denominator, out=np.ones_like(numerator), where=denominator > 0)
    return np.sqrt(ratios) if root else ratios


def value_of(terms: Terms, root: bool = False) -> float:
    """Return the score of all rows together."""
    sums = [np.array([part.sum()], dtype=np.float64) for part in terms]
    return float(ratio(sums[0], sums[1], root)[0])


def group_sums(columns: Floats, groups: Groups) -> Floats:
    """Return the sums (G, C) of `columns` (N, C) over the rows of each group, groups sorted."""
    number = np.unique(np.asarray(groups), return_inverse=True)[1]
    sums = np.zeros((number.max() + 1, columns.shape[1]))
    np.add.at(sums, number, columns)
    return sums


def resampled_sums(sums: Floats, n_draws: int, seed: int) -> Floats:
    """Return the totals (n_draws, C) of as many rows of `sums`, drawn with replacement.

    Args:
        sums: (G, C) of G groups.
        n_draws: how often.
        seed: of the drawing.
    """
    n, rng, totals = len(sums), np.random.default_rng(seed), []
    step = max(1, CHUNK // n)
    for start in range(0, n_draws, step):
        rows = min(step, n_draws - start)
        chosen = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        times = np.bincount(chosen.ravel(), minlength=rows * n).reshape(rows, n)
        totals.append(times @ sums)
    return np.concatenate(totals)


def bootstrap(
    sides: Sequence[Terms], groups: Groups, n_draws: int, seed: int, root: bool = False
) -> Floats:
    """Return the scores (n_draws, S) of S sides on groups drawn with replacement (Efron 1979).

    All sides are scored on the same draws, so that their differences are paired.

    Args:
        sides: the terms of each side, all of the same rows.
        groups: (N,) the group of each row; groups are drawn whole.
        n_draws: how often.
        seed: of the drawing.
        root: the score is the square root of the ratio.
    """
    columns = np.stack([part for terms in sides for part in terms], axis=1)
    totals = resampled_sums(group_sums(columns, groups), n_draws, seed)
    return ratio(totals[:, 0::2], totals[:, 1::2], root)


def interval(draws: Floats) -> tuple[float, float, float]:
    """Return the standard error, and the ends of the 95 % interval, of bootstrap `draws` (D,)."""
    low, high = np.quantile(draws, [0.025, 0.975])
    se = draws.std(ddof=1) if len(draws) > 1 else 0.0
    return float(se), float(low), float(high)


def bootstrap_scores(
    sides: Sequence[Terms], groups: Groups, n_draws: int, seed: int, root: bool = False
) -> list[Score]:
    """Return the score of each side with its bootstrap interval; arguments as of `bootstrap`.

    Args:
        sides: the terms of each side, all of the same rows.
        groups: (N,) the group of each row.
        n_draws: how often groups are drawn.
        seed: of the drawing.
        root: the score is the square root of the ratio.
    """
    draws = bootstrap(sides, groups, n_draws, seed, root)
    return [
        Score(value_of(terms, root), *interval(draws[:, k]), n=len(terms[0]))
        for k, terms in enumerate(sides)
    ]


def bootstrap_difference(
    sides: tuple[Terms, Terms], groups: Groups, n_draws: int, seed: int, root: bool = False
) -> Score:
    """Return the score of the first side less that of the second, paired on the same draws.

    Args:
        sides: the terms of both, of the same rows.
        groups: (N,) the group of each row.
        n_draws: how often groups are drawn.
        seed: of the drawing.
        root: the score is the square root of the ratio.
    """
    draws = bootstrap(sides, groups, n_draws, seed, root)
    gap = value_of(sides[0], root) - value_of(sides[1], root)
    return Score(gap, *interval(draws[:, 0] - draws[:, 1]), n=len(sides[0][0]))


def standard_error(terms: Terms, groups: Groups, root: bool = False) -> float:
    """Return the standard error of a score without drawing: of a ratio of sums, to first order.

    Cochran 1977, 6.4; with a row in each group and denominators of 1 it is the standard error of a
    mean. That of a root is divided by twice the root. 0 for one group.

    Args:
        terms: numerator (N,) and denominator (N,) of each row.
        groups: (N,) the group of each row.
        root: the score is the square root of the ratio.
    """
    sums = group_sums(np.stack(terms, axis=1), groups)
    n, total = len(sums), float(sums[:, 1].sum())
    if n < 2 or not total:
        return 0.0
    residuals = sums[:, 0] - value_of(terms) * sums[:, 1]
    error = float(np.sqrt(n / (n - 1) * (residuals**2).sum()) / total)
    return error / (2 * value_of(terms, root)) if root and error else error


def score(metric: Metric, terms: Terms, groups: Groups, n_draws: int, seed: int = 0) -> Score:
    """Return the score of `metric` with its bootstrap interval.

    Args:
        metric: which score.
        terms: numerator (N,) and denominator (N,) of each row.
        groups: (N,) the group of each row.
        n_draws: how often groups are drawn.
        seed: of the drawing.
    """
    return bootstrap_scores([terms], groups, n_draws, seed, metric.root)[0]


def wilson(n_right: int, n: int) -> Score:
    """Return the share `n_right` / `n` with its 95 % interval (Wilson 1927)."""
    ends = binomtest(n_right, n).proportion_ci(method="wilson")
    share = n_right / n
    se = (share * (1 - share) / n) ** 0.5
    return Score(share, round(se, 6), round(float(ends.low), 6), round(float(ends.high), 6), n)
