"""Blends: by hand, and weights against another optimiser."""

import numpy as np
import pytest
from scipy.optimize import minimize

from competition import simulated
from podium.ensemble import blend
from podium.ensemble.blend import Geometric, Ranked, Weighted, normalised, simplex

TWO = np.array([[[0.8, 0.2], [0.6, 0.4]], [[0.5, 0.5], [0.0, 1.0]]])  # two models, two rows
TRUTH = np.array([0, 1])


def log_loss(probs, truth):
    return -np.log(probs[np.arange(len(truth)), truth]).mean()


# ---- by hand


def test_the_mean_by_hand():
    np.testing.assert_allclose(blend.mean(TWO, TRUTH)(TWO), [[0.65, 0.35], [0.3, 0.7]])


def test_weights_by_hand():
    found = Weighted(np.array([0.25, 0.75]))(TWO)
    np.testing.assert_allclose(found, [[0.575, 0.425], [0.15, 0.85]])


def test_the_geometric_mean_by_hand():
    # sqrt(.8 * .5) : sqrt(.2 * .5) = 2 : 1; sqrt(.8 * .2) : sqrt(.2 * .8) = 1 : 1
    probs = np.array([[[0.8, 0.2], [0.8, 0.2]], [[0.5, 0.5], [0.2, 0.8]]])
    found = blend.geometric(probs, TRUTH)(probs)
    np.testing.assert_allclose(found, [[2 / 3, 1 / 3], [0.5, 0.5]])


def test_geometric_weights_by_hand():
    # 16 : 1 to the power of a quarter is 2 : 1, and an even model changes nothing
    probs = np.array([[[16 / 17, 1 / 17]], [[0.5, 0.5]]])
    np.testing.assert_allclose(Geometric(np.array([0.25, 0.75]))(probs), [[2 / 3, 1 / 3]])


def test_one_certain_model_does_not_make_the_geometric_mean_infinite():
    found = blend.geometric(TWO, TRUTH)(TWO)
    assert np.isfinite(found).all()
    assert 0 < found[1, 0] < 1e-6
    np.testing.assert_allclose(found.sum(1), 1)


def test_ranks_by_hand():
    # among .1 .2 .2 .4 a .2 ranks at 2 / 4, a .3 at 3 / 4, a 0 at 0; likewise .6 .8 .8 .9
    known = np.array([[[0.2, 0.8], [0.4, 0.6], [0.1, 0.9], [0.2, 0.8]]])
    found = blend.rank(known, np.zeros(4, int))
    rows = np.array([[[0.2, 0.8], [0.3, 0.7], [0.0, 1.0]]])
    np.testing.assert_allclose(found(rows), [[0.5, 0.5], [0.75, 0.25], [0, 1]])


def test_ranks_of_three_classes_by_hand():
    # .2 at 2 / 4 as above, .7 among .6 .8 .8 .9 at 1 / 4, .1 among zeros at 4 / 4
    known = np.array([[[0.2, 0.8, 0], [0.4, 0.6, 0], [0.1, 0.9, 0], [0.2, 0.8, 0]]])
    found = blend.rank(known, np.zeros(4, int))(np.array([[[0.2, 0.7, 0.1]]]))
    np.testing.assert_allclose(found, [[2 / 7, 1 / 7, 4 / 7]])


def test_ranks_are_the_mean_over_models():
    known = np.sort([[[0.2, 0.8], [0.4, 0.6]], [[0.5, 0.5], [0.1, 0.9]]], axis=1)
    # .3 ranks at 1 / 2 and 1 / 2, .7 too; .45 at 2 / 2 and 1 / 2, .55 at 0 / 2 and 1 / 2
    rows = np.array([[[0.3, 0.7], [0.45, 0.55]], [[0.3, 0.7], [0.45, 0.55]]])
    np.testing.assert_allclose(Ranked(known)(rows), [[0.5, 0.5], [0.75, 0.25]])


def test_a_rank_depends_on_no_neighbour_and_no_scale():
    library, _ = simulated(0, n_test=30, n_classes=3)
    fitted = blend.rank(library.oof, library.truth)
    together = fitted(library.test)
    alone = [fitted(library.test[:, [row]])[0] for row in range(30)]
    np.testing.assert_array_equal(together, alone)
    squared = blend.rank(library.oof**2, library.truth)(library.test**2)
    np.testing.assert_allclose(squared, together)


def test_rows_are_normalised_and_rows_of_zeros_are_even():
    found = normalised(np.array([[1.0, 3.0], [0, 0], [0, 2]]))
    np.testing.assert_array_equal(found, [[0.25, 0.75], [0.5, 0.5], [0, 1]])


# ---- single


def test_the_best_single_model_and_of_equals_the_first():
    good, bad = np.array([[0.7, 0.3], [0.3, 0.7]]), np.array([[0.6, 0.4], [0.4, 0.6]])
    for order, place in (([bad, good, bad], 1), ([good, bad, good], 0), ([bad, bad, bad], 0)):
        chosen = blend.single()(np.array(order), TRUTH)
        np.testing.assert_array_equal(blend.weights_of(chosen), np.eye(3)[place])
        np.testing.assert_array_equal(chosen(np.array(order)), order[place])


def test_a_certain_mistake_does_not_hide_a_better_model():
    probs = np.array([[[0.0, 1.0], [0.0, 1.0]], [[0.4, 0.6], [0.6, 0.4]]])
    np.testing.assert_array_equal(blend.weights_of(blend.single()(probs, TRUTH)), [0, 1])


# ---- simplex


def slsqp(chances):
    """The lowest log loss of a mixture, found another way."""
    n = len(chances)
    return minimize(
        lambda w: -np.log(w @ chances).mean(),
        np.full(n, 1 / n),
        jac=lambda w: -(chances / (w @ chances)).mean(1),
        method="SLSQP",
        bounds=[(0, 1)] * n,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-12, "maxiter": 500},
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_weights_are_the_best_there_are(seed):
    rng = np.random.default_rng(seed)
    n_models, n_rows = int(rng.integers(2, 8)), int(rng.integers(20, 200))
    chances = rng.beta(rng.uniform(0.5, 4, (n_models, 1)), 1, (n_models, n_rows))
    chances = np.clip(chances, 1e-6, 1)
    found = simplex(chances)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert (found >= 0).all()
    loss, other = -np.log(found @ chances).mean(), slsqp(chances)
    assert loss == pytest.approx(other.fun, abs=1e-6)
    # Karush, Kuhn, Tucker: no model would gain by more weight, and none with weight by less
    gain = (chances / (found @ chances)).mean(1)
    assert gain.max() < 1 + 1e-6
    assert abs(gain - 1)[found > 0.01].max() < 1e-3


def test_weights_by_hand_of_two_models():
    # right with .9 on three rows of four, and the other with .9 on the fourth: w in
    # 3 ln(.1 + .8 w) + ln(.9 - .8 w): 3 (.9 - .8 w) = .1 + .8 w: w = 2.6 / 3.2
    chances = np.array([[0.9, 0.9, 0.9, 0.1], [0.1, 0.1, 0.1, 0.9]])
    np.testing.assert_allclose(simplex(chances), [2.6 / 3.2, 0.6 / 3.2], atol=1e-4)


def test_weighted_takes_the_chances_of_the_true_class():
    library, _ = simulated(1, n_classes=3)
    true = [[one[n, k] for n, k in enumerate(library.truth)] for one in library.oof]
    found = blend.weighted(library.oof, library.truth)
    np.testing.assert_array_equal(blend.weights_of(found), simplex(np.array(true)))
    probs = found(library.oof)
    np.testing.assert_allclose(probs.sum(1), 1)
    each = [log_loss(one, library.truth) for one in library.oof]
    assert log_loss(probs, library.truth) <= min(each) + 1e-7


def test_rows_that_no_model_gets_right_do_not_matter():
    chances = np.array([[0.9, 0.9, 0.9, 0.1, 0], [0.1, 0.1, 0.1, 0.9, 0]])
    np.testing.assert_allclose(simplex(chances), simplex(chances[:, :4]), atol=1e-3)


# ---- caruana, per_class


def test_caruana_is_selection_on_the_true_class():
    # the picks worked out in test_selection: half of each of two models
    chances = np.array([[0.9, 0.9, 0.1, 0.1], [0.2, 0.2, 0.8, 0.8], [0.3, 0.3, 0.3, 0.3]])
    truth = np.array([0, 1, 0, 1])
    probs = np.where(np.eye(2)[truth] == 1, chances[:, :, None], 1 - chances[:, :, None])
    found = blend.caruana(3, 1, 1.0, 0)(probs, truth)
    np.testing.assert_array_equal(blend.weights_of(found), [0.5, 0.5, 0])


@pytest.mark.parametrize("fit", [blend.weighted, blend.caruana(10, 2, 0.7, 1)])
def test_each_class_has_the_weights_of_its_own_question(fit):
    library, _ = simulated(2, n_classes=3)
    found = blend.per_class(fit)(library.oof, library.truth)
    assert found.weights.shape == (5, 3)
    assert blend.weights_of(found) is None
    np.testing.assert_allclose(found.weights.sum(0), 1)
    for k in range(3):
        yes = library.truth == k
        against = np.stack([1 - library.oof[:, :, k], library.oof[:, :, k]], 2)
        wanted = fit(against, yes.astype(int)).weights
        np.testing.assert_array_equal(found.weights[:, k], wanted)
    assert len(np.unique(found.weights.round(6), axis=1).T) == 3


def test_weights_per_class_by_hand():
    weights = np.array([[1, 0, 0.5], [0, 1, 0.5]])
    probs = np.array([[[0.6, 0.3, 0.1]], [[0.2, 0.5, 0.3]]])
    np.testing.assert_allclose(Weighted(weights)(probs), [[0.6 / 1.3, 0.5 / 1.3, 0.2 / 1.3]])
    nothing = np.array([[[0.0, 1.0]], [[1.0, 0.0]]])
    np.testing.assert_array_equal(Weighted(np.eye(2))(nothing), [[0.5, 0.5]])


def test_only_plain_weights_are_the_weights_of_models():
    assert blend.weights_of(blend.rank(TWO, TRUTH)) is None
    np.testing.assert_array_equal(blend.weights_of(blend.mean(TWO, TRUTH)), [0.5, 0.5])
