"""Uncertainty of scores: one bootstrap over whole groups, one Wilson interval, one standard error.

Most scores are made of sums over rows, so a group of rows (look-alikes, slides of one patient)
enters them by the sums of its terms alone; drawing groups is drawing such sums. Scores of ranks
take the rows themselves, each as often as its group was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from podium.core.errors import PodiumError
from podium.evaluation.scores import RATIO, RMSE, Metric, Score

CHUNK = 5_000_000  # numbers that a part of the bootstrap holds at once
N_DRAWS = 500  # of the bootstrap, where nobody says it

Floats = NDArray[np.float64]
Terms = tuple[Floats, ...]  # columns (N,) of each row: as a rule numerator and denominator
Weights = NDArray[np.int64]
Groups = ArrayLike  # (N,) names or numbers; rows of one group are not independent


def value_of(terms: Terms, metric: Metric = RATIO) -> float:
    """Return the score of all rows together."""
    if metric.by_rank:
        return float(metric.of_rows(np.stack(terms, axis=1), np.ones((1, len(terms[0]))))[0])
    sums = np.array([[part.sum() for part in terms]], dtype=np.float64)
    return float(metric.of_sums(sums)[0])


def group_sums(columns: Floats, groups: Groups) -> Floats:
    """Return the sums (G, C) of `columns` (N, C) over the rows of each group, groups sorted."""
    number = np.unique(np.asarray(groups), return_inverse=True)[1]
    sums = np.zeros((number.max() + 1, columns.shape[1]))
    np.add.at(sums, number, columns)
    return sums


def drawn(n: int, n_draws: int, seed: int, width: int = 0) -> Iterator[Weights]:
    """Yield how often (D, n) each of n groups is drawn with replacement, part by part.

    Args:
        n: groups, and how many are drawn each time.
        n_draws: how often, over all parts.
        seed: of the drawing.
        width: numbers that a draw needs, if more than n.
    """
    rng = np.random.default_rng(seed)
    step = max(1, CHUNK // max(n, width))
    for start in range(0, n_draws, step):
        rows = min(step, n_draws - start)
        chosen = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(chosen.ravel(), minlength=rows * n).reshape(rows, n)


def resampled_sums(sums: Floats, n_draws: int, seed: int) -> Floats:
    """Return the totals (n_draws, C) of as many rows of `sums`, drawn with replacement.

    Args:
        sums: (G, C) of G groups.
        n_draws: how often.
        seed: of the drawing.
    """
    return np.concatenate([times @ sums for times in drawn(len(sums), n_draws, seed)])


def bootstrap(
    sides: Sequence[Terms], groups: Groups, n_draws: int, seed: int, metric: Metric = RATIO
) -> Floats:
    """Return the scores (n_draws, S) of S sides on groups drawn with replacement (Efron 1979).

    All sides are scored on the same draws, so that their differences are paired.

    Args:
        sides: the terms of each side, all of the same rows.
        groups: (N,) the group of each row; groups are drawn whole.
        n_draws: how often.
        seed: of the drawing.
        metric: which score.
    """
    if metric.by_rank:
        return _of_ranks(sides, groups, n_draws, seed, metric)
    columns = np.stack([part for terms in sides for part in terms], axis=1)
    totals = resampled_sums(group_sums(columns, groups), n_draws, seed)
    each = totals.reshape(n_draws, len(sides), -1)
    return np.stack([metric.of_sums(each[:, side]) for side in range(len(sides))], axis=1)


def _of_ranks(
    sides: Sequence[Terms], groups: Groups, n_draws: int, seed: int, metric: Metric
) -> Floats:
    number = np.unique(np.asarray(groups), return_inverse=True)[1]
    columns = [np.stack(terms, axis=1) for terms in sides]
    scores = []
    for times in drawn(int(number.max()) + 1, n_draws, seed, len(number)):
        weights = times[:, number].astype(np.float64)
        scores.append(np.stack([metric.of_rows(each, weights) for each in columns], axis=1))
    return np.concatenate(scores)


def interval(draws: Floats) -> tuple[float, float, float]:
    """Return the standard error, and the ends of the 95 % interval, of bootstrap `draws` (D,)."""
    draws = draws[np.isfinite(draws)]
    if not len(draws):
        raise PodiumError(
            "the metric is no finite number for any draw of groups\n"
            "remedy: score more groups, with every class among them, or choose another metric"
        )
    low, high = np.quantile(draws, [0.025, 0.975])
    se = draws.std(ddof=1) if len(draws) > 1 else 0.0
    return float(se), float(low), float(high)


def bootstrap_scores(
    sides: Sequence[Terms], groups: Groups, n_draws: int, seed: int, metric: Metric = RATIO
) -> list[Score]:
    """Return the score of each side with its bootstrap interval; arguments as of `bootstrap`.

    Args:
        sides: the terms of each side, all of the same rows.
        groups: (N,) the group of each row.
        n_draws: how often groups are drawn.
        seed: of the drawing.
        metric: which score.
    """
    draws = bootstrap(sides, groups, n_draws, seed, metric)
    return [
        Score(value_of(terms, metric), *interval(draws[:, k]), n=len(terms[0]))
        for k, terms in enumerate(sides)
    ]


def bootstrap_difference(
    sides: tuple[Terms, Terms], groups: Groups, n_draws: int, seed: int, metric: Metric = RATIO
) -> Score:
    """Return the score of the first side less that of the second, paired on the same draws.

    Args:
        sides: the terms of both, of the same rows.
        groups: (N,) the group of each row.
        n_draws: how often groups are drawn.
        seed: of the drawing.
        metric: which score.
    """
    draws = bootstrap(sides, groups, n_draws, seed, metric)
    gap = value_of(sides[0], metric) - value_of(sides[1], metric)
    return Score(gap, *interval(draws[:, 0] - draws[:, 1]), n=len(sides[0][0]))


def standard_error(terms: Terms, groups: Groups, metric: Metric = RATIO) -> float:
    """Return the standard error of a score; of a ratio of sums without drawing, to first order.

    Cochran 1977, 6.4; with a row in each group and denominators of 1 it is the standard error of a
    mean. That of a root is divided by twice the root. Of other scores it is that of the bootstrap.
    0 for one group.

    Args:
        terms: columns (N,) of each row.
        groups: (N,) the group of each row.
        metric: which score.
    """
    if not metric.is_ratio:
        return interval(bootstrap([terms], groups, N_DRAWS, 0, metric)[:, 0])[0]
    sums = group_sums(np.stack(terms, axis=1), groups)
    n, total = len(sums), float(sums[:, 1].sum())
    if n < 2 or not total:
        return 0.0
    residuals = sums[:, 0] - value_of(terms) * sums[:, 1]
    error = float(np.sqrt(n / (n - 1) * (residuals**2).sum()) / total)
    rooted = metric.final == RMSE.final and error
    return error / (2 * value_of(terms, metric)) if rooted else error


def score(metric: Metric, terms: Terms, groups: Groups, n_draws: int, seed: int = 0) -> Score:
    """Return the score of `metric` with its bootstrap interval.

    Args:
        metric: which score.
        terms: columns (N,) of each row.
        groups: (N,) the group of each row.
        n_draws: how often groups are drawn.
        seed: of the drawing.
    """
    return bootstrap_scores([terms], groups, n_draws, seed, metric)[0]


def wilson(n_right: int, n: int) -> Score:
    """Return the share `n_right` / `n` with its 95 % interval (Wilson 1927)."""
    from scipy.stats import binomtest

    ends = binomtest(n_right, n).proportion_ci(method="wilson")
    share = n_right / n
    se = (share * (1 - share) / n) ** 0.5
    return Score(share, round(se, 6), round(float(ends.low), 6), round(float(ends.high), 6), n)
