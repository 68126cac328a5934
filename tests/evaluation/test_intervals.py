"""Intervals of scores: the bootstrap over groups, Wilson's, and the standard error."""

import itertools

import numpy as np
import pytest

from podium.evaluation.finals import ratio, root_of_ratio
from podium.evaluation.intervals import (
    bootstrap,
    bootstrap_difference,
    bootstrap_scores,
    interval,
    standard_error,
    value_of,
    wilson,
)
from podium.evaluation.scores import RATIO, RMSE


def terms(values):
    """The terms of a mean."""
    return np.asarray(values, dtype=float), np.ones(len(values))


def means(values, groups, n_draws, seed):
    return bootstrap([terms(values)], groups, n_draws, seed)[:, 0]


def test_two_groups_enumerated():
    # 1 1 1 and 0 drawn twice: both of the first 1/4, one of each 3/4 by rows, both of the other 0
    found = means(np.array([1.0, 0, 1, 1]), np.array([5, 9, 5, 5]), 20_000, 0)
    values, counts = np.unique(found, return_counts=True)
    np.testing.assert_allclose(values, [0, 0.75, 1])
    np.testing.assert_allclose(counts / 20_000, [0.25, 0.5, 0.25], atol=0.015)


def test_three_groups_enumerated():
    values, groups = np.array([0.5, 2.0, 1.0, 4.0, -1.0, 0.3]), np.array([2, 0, 2, 1, 1, 1])
    wanted = {}
    for drawn in itertools.product(range(3), repeat=3):
        mean = round(float(np.concatenate([values[groups == g] for g in drawn]).mean()), 9)
        wanted[mean] = wanted.get(mean, 0) + 1 / 27
    found, counts = np.unique(means(values, groups, 20_000, 1).round(9), return_counts=True)
    np.testing.assert_allclose(found, sorted(wanted))
    np.testing.assert_allclose(counts / 20_000, [wanted[m] for m in sorted(wanted)], atol=0.012)


def test_draws_follow_the_seed(rng):
    values, groups = rng.normal(size=30), np.arange(30) // 3
    first, again, other = (means(values, groups, 50, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_whole_groups_widen_the_interval(rng):
    values = np.repeat(rng.normal(size=40), 10)  # ten copies say no more than one
    whole = means(values, np.repeat(np.arange(40), 10), 2000, 0).std()
    assert whole == pytest.approx(values.std() / np.sqrt(40), rel=0.1)
    assert means(values, np.arange(400), 2000, 0).std() < whole / 2


def test_one_group_has_an_interval_without_width():
    (score,) = bootstrap_scores([terms([0.0, 0.5, 1.0])], ["p", "p", "p"], 50, 0)
    assert (score.value, score.low, score.high, score.se) == (0.5, 0.5, 0.5, 0)


def test_the_interval_is_that_of_a_mean():
    # 400 patients, heads or tails: 0.5 +- 1.96 sqrt(0.25 / 400) = 0.049; four slides of each
    # patient, all alike, must not halve it
    values = [k % 2 for k in range(400)] * 4
    (score,) = bootstrap_scores([terms(values)], [f"p{k}" for k in range(400)] * 4, 400, 0)
    assert (score.low, score.high) == pytest.approx((0.451, 0.549), abs=0.012)


def test_an_interval_by_hand():
    # 41 draws 0 ... 40: 2.5 % of 40 is 1; their variance with n - 1 is 41 * 42 / 12 = 143.5
    assert interval(np.arange(41.0)[::-1]) == (pytest.approx(143.5**0.5), 1, 39)


def test_nothing_over_nothing_is_right():
    assert ratio(np.array([[0.0, 0.0], [1.0, 4.0]])).tolist() == [1, 0.25]
    assert root_of_ratio(np.array([[4.0, 1.0]])).tolist() == [2]


def test_a_score_of_ratios_is_pooled(rng):
    # 2 TP over 2 TP + wrong: 16 / 18, 2 / 7, nothing: together 18 / 25
    f1 = np.array([16.0, 2.0, 0.0]), np.array([18.0, 7.0, 0.0])
    (score,) = bootstrap_scores([f1], ["p1", "p2", "p2"], 400, 0)
    assert (score.value, score.n) == (18 / 25, 3)
    assert (score.low, score.high) == (2 / 7, 16 / 18)  # either patient twice


def test_a_root_is_taken_of_the_ratio_and_its_draws():
    errors = terms([1.0, 9.0, 25.0])
    assert value_of(errors, RMSE) == pytest.approx((35 / 3) ** 0.5)
    plain, rooted = (bootstrap([errors], np.arange(3), 30, 0, way)[:, 0] for way in (RATIO, RMSE))
    np.testing.assert_allclose(rooted**2, plain)
    slope = standard_error(errors, np.arange(3)) / (2 * (35 / 3) ** 0.5)
    assert standard_error(errors, np.arange(3), RMSE) == pytest.approx(slope)


def test_a_difference_is_paired(rng):
    noise = rng.normal(size=50)
    gap = bootstrap_difference((terms(noise + 1), terms(noise)), np.arange(50), 200, 0)
    assert gap.value == pytest.approx(1)
    assert (gap.low, gap.high) == (pytest.approx(1), pytest.approx(1))  # the noise is the same
    apart = bootstrap_difference((terms(noise + 1), terms(-noise)), np.arange(50), 200, 0)
    assert apart.high - apart.low > 0.5


def test_the_standard_error_of_a_mean():
    # 1 2 3 4: deviations 1.5 0.5 0.5 1.5, squares 5, over 3, root 1.2909944, over 2
    assert standard_error(terms([1, 2, 3, 4]), range(4)) == pytest.approx(0.6454972244)
    assert standard_error(terms([5]), [0]) == 0
    assert standard_error(terms([5, 5, 5]), range(3)) == 0


def test_the_standard_error_and_the_bootstrap_agree(rng):
    values, groups = rng.normal(size=300), np.arange(300) // 3
    (drawn,) = bootstrap_scores([terms(values)], groups, 4000, 0)
    assert standard_error(terms(values), groups) == pytest.approx(drawn.se, rel=0.05)


@pytest.mark.parametrize("k", [0, 1, 7, 20])
def test_wilson_by_its_formula(k):
    n, z = 20, 1.959964
    p = k / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    score = wilson(k, n)
    assert (score.value, score.n) == (p, n)
    assert score.low == pytest.approx(middle - half, abs=2e-6)
    assert score.high == pytest.approx(middle + half, abs=2e-6)
    assert score.se == pytest.approx((p * (1 - p) / n) ** 0.5, abs=1e-6)
