"""Calibration: a known sharpening undone, curves by hand, and no certainty beyond the rows."""

import math

import numpy as np
import pytest

from podium.evaluation.calibration import (
    Calibration,
    clipped,
    fit,
    fit_isotonic,
    fixed_clip,
    unfitted,
)
from podium.evaluation.metrics import scores


def power(probs, exponent):
    raised = probs**exponent
    return raised / raised.sum(1, keepdims=True)


def simulated(rng, n_rows, n_classes):
    """Honest probabilities, and classes drawn from them."""
    probs = rng.dirichlet(np.full(n_classes, 1.5), n_rows)
    truth = (rng.random((n_rows, 1)) > probs.cumsum(1)).sum(1)
    return probs, truth


# ---- clipped, apply


def test_clipped_by_hand_for_two_classes():
    probs = np.array([[0.999, 0.001], [0.4, 0.6], [0.0, 1.0], [0.995, 0.005]])
    wanted = [[0.995, 0.005], [0.4, 0.6], [0.005, 0.995], [0.995, 0.005]]
    np.testing.assert_allclose(clipped(probs, 0.005), wanted, atol=1e-15)


def test_clipped_by_hand_for_three_classes():
    # lowest 0, clip 0.01: share 0.01 / (1/3) = 0.03 of the uniform row:
    # 0.98 + 0.03 (1/3 - 0.98) = 0.9606; 0.02 + 0.03 (1/3 - 0.02) = 0.0294; 0.01
    found = clipped(np.array([[0.98, 0.02, 0.0], [0.5, 0.3, 0.2]]), 0.01)
    np.testing.assert_allclose(found, [[0.9606, 0.0294, 0.01], [0.5, 0.3, 0.2]], atol=1e-15)


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_clipped_rows_sum_to_one_and_keep_their_order(rng, n_classes):
    probs = rng.dirichlet(np.full(n_classes, 0.05), 200)
    found = clipped(probs, 0.02)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-12)
    assert found.min() == pytest.approx(0.02, abs=1e-12)
    np.testing.assert_array_equal(found.argmax(1), probs.argmax(1))


def test_a_clip_beyond_uniform_is_uniform():
    np.testing.assert_allclose(clipped(np.array([[0.9, 0.1]]), 0.7), [[0.5, 0.5]], atol=1e-15)
    np.testing.assert_allclose(clipped(np.full((1, 4), 0.25), 0.3), np.full((1, 4), 0.25))


def test_temperature_by_hand():
    # roots: 0.9, 0.1 -> 3 : 1; 16, 9, 1 -> 4 : 3 : 1. Squares: .81 : .01
    soft = Calibration(temperature=2.0)
    np.testing.assert_allclose(soft.apply(np.array([[0.9, 0.1]])), [[0.75, 0.25]])
    rows = np.array([[16, 9, 1]]) / 26
    np.testing.assert_allclose(soft.apply(rows), [[0.5, 0.375, 0.125]])
    sharp = Calibration(temperature=0.5)
    np.testing.assert_allclose(sharp.apply(np.array([[0.9, 0.1]])), [[0.81 / 0.82, 0.01 / 0.82]])


def test_the_clip_comes_after_the_temperature():
    # squares of .9 and .1: .9878, .0122, then no closer than .05
    found = Calibration(temperature=0.5, clip=0.05).apply(np.array([[0.9, 0.1]]))
    np.testing.assert_allclose(found, [[0.95, 0.05]])


def test_the_default_changes_nothing(rng):
    probs = rng.dirichlet(np.ones(3), 20)
    np.testing.assert_allclose(Calibration().apply(probs), probs, rtol=1e-12)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_certainty_stays_finite(temperature):
    found = Calibration(temperature, 0.001).apply(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(1), 1)
    assert found[0, 0] > 0.9
    assert found[1, 1] > 0.9


def test_as_dict_goes_both_ways():
    calibration = Calibration(1.25, 0.004)
    assert calibration.as_dict() == {"temperature": 1.25, "clip": 0.004}
    assert Calibration(**calibration.as_dict()) == calibration


# ---- fit


@pytest.mark.parametrize(("sharpened", "n_classes"), [(3.0, 2), (0.4, 2), (1.0, 3), (2.0, 4)])
def test_the_temperature_undoes_a_known_sharpening(rng, sharpened, n_classes):
    honest, truth = simulated(rng, 20_000, n_classes)
    shown = power(honest, sharpened)
    found = fit(shown, truth)
    assert found.temperature == pytest.approx(sharpened, rel=0.06)
    assert found.clip < 0.01
    np.testing.assert_allclose(found.apply(shown), honest, atol=0.03)


def test_a_perfect_model_is_not_made_certain():
    # 100 rows, none wrong: a tenth of a mistake among 102 is invented, 0.1 / 102 = 0.00098,
    # and that is what the best probabilities keep for the other class
    truth = np.arange(100) % 2
    shown = np.where(np.eye(2)[truth] == 1, 0.999999, 0.000001)
    found = fit(shown, truth).apply(shown)
    np.testing.assert_allclose(found[truth == 0, 1], 0.1 / 102, rtol=0.1)
    unsure = np.where(np.eye(2)[truth] == 1, 0.7, 0.3)  # sharpened, and no further than that
    np.testing.assert_allclose(fit(unsure, truth).apply(unsure)[truth == 1, 0], 0.1 / 102, rtol=0.1)


def test_more_rows_allow_more_certainty():
    def lowest(n_rows):
        truth = np.arange(n_rows) % 2
        shown = np.where(np.eye(2)[truth] == 1, 0.99, 0.01)
        return fit(shown, truth).apply(shown).min()

    assert lowest(1000) == pytest.approx(0.1 / 1002, rel=0.1)
    assert lowest(50) == pytest.approx(0.1 / 52, rel=0.1)


def test_an_overconfident_model_loses_what_its_mistakes_cost(rng):
    # certain, and wrong once in fifty: the best there is is the entropy of 1 in 50,
    # -(0.98 ln 0.98 + 0.02 ln 0.02) = 0.0980
    truth = np.arange(5000) % 2
    said = np.where(np.arange(5000) % 50 == 7, 1 - truth, truth)
    shown = np.where(np.eye(2)[said] == 1, 1 - 1e-9, 1e-9)
    assert scores(shown, truth)["log_loss"] == pytest.approx(0.02 * 9 * math.log(10), rel=1e-3)
    assert scores(fit(shown, truth).apply(shown), truth)["log_loss"] == pytest.approx(
        0.098, abs=1e-3
    )


def test_a_few_wild_mistakes_are_clipped(rng):
    # honest rows, but one in a hundred certain and wrong: softening all would cost more
    honest, truth = simulated(rng, 5000, 2)
    shown = honest.copy()
    wild = np.arange(5000) % 100 == 0
    shown[wild] = np.where(np.eye(2)[1 - truth[wild]] == 1, 1 - 1e-12, 1e-12)
    found = fit(shown, truth)
    assert found.clip > 0.01
    assert scores(found.apply(shown), truth)["log_loss"] < scores(shown, truth)["log_loss"] - 0.1


def test_a_clip_is_never_above_half_of_uniform():
    # as wrong as can be, in six classes: the highest clip is .5 / 6
    truth = np.arange(60) % 6
    shown = np.where(np.eye(6)[(truth + 1) % 6] == 1, 1 - 5e-9, 1e-9)
    assert fit(shown, truth).clip == pytest.approx(0.5 / 6, abs=1e-6)


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_a_few_rows_are_enough(n_rows):
    found = fit(np.tile([[0.7, 0.3]], (n_rows, 1)), np.zeros(n_rows, dtype=int))
    assert np.isfinite(found.apply(np.array([[1.0, 0.0]]))).all()


# ---- fit_isotonic


def pooled(values, hits):
    """The rising step-wise line (N,) nearest to hits, sorted by values: neighbours are pooled."""
    blocks = []
    for place in np.argsort(values, kind="stable"):
        blocks.append([float(hits[place]), 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, size = blocks.pop()
            blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + size]
    return np.concatenate([np.full(size, total / size) for total, size in blocks])


def test_an_isotonic_curve_by_hand():
    # class 1 by rising chance: 0 | 1 0 | 1 0 1 -> 0, 1/2, 1/2, 1/2, 1/2, 1; class 0 is its mirror;
    # six rows allow no more certainty than .5 / 7
    chance = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.9])
    truth = np.array([0, 1, 0, 1, 0, 1])
    found = fit_isotonic(np.stack([1 - chance, chance], axis=1), truth)
    applied = found.apply(np.stack([1 - chance, chance], axis=1))[:, 1]
    np.testing.assert_allclose(applied, [0.5 / 7, 0.5, 0.5, 0.5, 0.5, 1 - 0.5 / 7])


def test_between_and_beyond_the_rows_the_curve_is_drawn_on():
    shown = np.array([[0.8, 0.2], [0.8, 0.2], [0.4, 0.6], [0.4, 0.6]])
    found = fit_isotonic(shown, np.array([0, 0, 1, 1]))
    rows = np.array([[0.6, 0.4], [0.7, 0.3], [1.0, 0.0], [0.1, 0.9]])
    # 0 at .2 and 1 at .6: 1/2 at .4, 1/4 at .3; beyond them .1, since .5 / 5 is the clip
    np.testing.assert_allclose(found.apply(rows)[:, 1], [0.5, 0.25, 0.1, 0.9])


@pytest.mark.parametrize("seed", range(5))
def test_isotonic_is_pooling_of_neighbours(seed):
    probs, truth = simulated(np.random.default_rng(seed), 80, 2)
    found = fit_isotonic(probs, truth).apply(probs)[:, 1]
    wanted = np.clip(pooled(probs[:, 1], truth == 1), 0.5 / 81, 1 - 0.5 / 81)
    np.testing.assert_allclose(found[np.argsort(probs[:, 1])], wanted, atol=1e-9)


def test_isotonic_undoes_a_known_sharpening(rng):
    honest, truth = simulated(rng, 20_000, 3)
    shown = power(honest, 3.0)
    found = fit_isotonic(shown, truth).apply(shown)
    np.testing.assert_allclose(found.sum(1), 1)
    assert scores(found, truth)["log_loss"] < scores(shown, truth)["log_loss"] - 0.1
    assert scores(found, truth)["log_loss"] < scores(honest, truth)["log_loss"] + 0.05


def test_isotonic_forgives_the_first_exception(rng):
    probs, truth = simulated(rng, 50, 2)
    found = fit_isotonic(probs, truth)
    lowest = found.apply(np.array([[1.0, 0.0], [0.0, 1.0]])).min()
    assert lowest == pytest.approx(0.5 / 51)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_isotonic_where_there_is_little_to_fit(n_classes):
    rows = np.vstack([np.eye(n_classes), np.full((1, n_classes), 1 / n_classes)])
    for n_rows in (1, 4):
        shown = np.full((n_rows, n_classes), 1 / n_classes)
        found = fit_isotonic(shown, np.zeros(n_rows, dtype=int)).apply(rows)
        # class 0 alone was seen, whatever was shown: as certain as n rows allow
        np.testing.assert_allclose(found[:, 1:], 0.5 / (n_rows + 1), atol=1e-9)
        np.testing.assert_allclose(found.sum(1), 1)


def test_a_row_that_no_class_wants_is_even():
    # each class is 0 where .1 is shown and 1 where .8 is: of three times .1 none is wanted
    found = fit_isotonic(0.7 * np.eye(3) + 0.1, np.arange(3))
    np.testing.assert_allclose(found.apply(np.array([[0.1, 0.1, 0.1]])), [[1 / 3] * 3])
    np.testing.assert_allclose(found.apply(np.array([[0.8, 0.1, 0.1]])), [[0.75, 0.125, 0.125]])


# ---- unfitted, fixed_clip


def test_unfitted_and_a_fixed_clip_learn_nothing(rng):
    probs, truth = simulated(rng, 30, 2)
    for answers in (truth, 1 - truth):
        assert unfitted(probs, answers) == Calibration(1.0, 0.0)
        assert fixed_clip(0.005)(probs, answers) == Calibration(1.0, 0.005)
    shown = np.array([[0.999, 0.001], [0.4, 0.6]])
    found = fixed_clip(0.005)(probs, truth).apply(shown)
    np.testing.assert_allclose(found, [[0.995, 0.005], [0.4, 0.6]])
    np.testing.assert_allclose(unfitted(probs, truth).apply(shown), shown)
