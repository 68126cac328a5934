"""Stacks: beside scikit-learn fitted directly, and a closed form."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from competition import simulated, softmax
from podium.ensemble.stacking import inputs, logistic, ridge


def by_loops(probs):
    """Centred logarithms (N, M * K), one number at a time."""
    n_models, n_rows, n_classes = probs.shape
    x = np.empty((n_rows, n_models * n_classes))
    for m in range(n_models):
        for n in range(n_rows):
            logs = [np.log(p) for p in probs[m, n]]
            for k in range(n_classes):
                x[n, m * n_classes + k] = logs[k] - sum(logs) / n_classes
    return x


def test_inputs_by_hand():
    # ln(.8 / .2) / 2 = ln 2; ln 1 = 0
    found = inputs(np.array([[[0.8, 0.2], [0.5, 0.5]], [[0.2, 0.8], [0.8, 0.2]]]))
    two = np.log(2)
    np.testing.assert_allclose(found, [[two, -two, -two, two], [0, 0, two, -two]], atol=1e-12)


def test_certainty_is_a_finite_input():
    found = inputs(np.array([[[1.0, 0.0]]]))
    np.testing.assert_allclose(found, [[np.log(1e6) / 2, -np.log(1e6) / 2]], rtol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("c", [0.01, 1.0])
def test_logistic_is_scikit_learns(n_classes, c):
    library, _ = simulated(3, n_rows=90, n_test=20, n_classes=n_classes)
    direct = LogisticRegression(C=c, max_iter=2000).fit(by_loops(library.oof), library.truth)
    found = logistic(c)(library.oof, library.truth)(library.test)
    np.testing.assert_allclose(found, direct.predict_proba(by_loops(library.test)), atol=1e-6)


def test_logistic_of_two_classes_is_one_of_logits():
    # of two inputs +-l / 2 with weights b, -b the penalty is 2 b^2 / 2: that of C / 2 on l
    library, _ = simulated(4, n_rows=90, n_test=20)
    logits = np.log(library.oof[:, :, 1] / library.oof[:, :, 0]).T
    other = np.log(library.test[:, :, 1] / library.test[:, :, 0]).T
    direct = LogisticRegression(C=0.5, tol=1e-8).fit(logits, library.truth)
    found = logistic(1.0)(library.oof, library.truth)(library.test)
    np.testing.assert_allclose(found, direct.predict_proba(other), atol=2e-3)


def test_logistic_of_three_classes_is_at_the_lowest_penalised_loss():
    library, _ = simulated(5, n_models=2, n_rows=60, n_classes=3)
    x, truth = by_loops(library.oof), library.truth

    def loss(flat):
        weights, intercepts = flat[:18].reshape(6, 3), flat[18:]
        chances = softmax(x @ weights + intercepts)[np.arange(60), truth]
        return -np.log(chances).sum() + 0.5 * (weights**2).sum() / 0.1

    best = minimize(loss, np.zeros(21)).x
    wanted = softmax(x @ best[:18].reshape(6, 3) + best[18:])
    found = logistic(0.1)(library.oof, truth)(library.oof)
    np.testing.assert_allclose(found, wanted, atol=2e-3)


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_with_a_class_absent_logistic_is_the_mean(absent):
    library, _ = simulated(6, n_test=9, n_classes=3)
    rows = library.truth != absent
    found = logistic(1.0)(library.oof[:, rows], library.truth[rows])
    np.testing.assert_allclose(found(library.test), library.test.mean(0))


@pytest.mark.parametrize(("n_classes", "alpha"), [(2, 0.5), (3, 10.0)])
def test_ridge_is_the_closed_form(n_classes, alpha):
    library, _ = simulated(7, n_models=3, n_rows=50, n_test=30, n_classes=n_classes)
    x, y = by_loops(library.oof), np.eye(n_classes)[library.truth]
    centred = x - x.mean(0)
    weights = np.linalg.solve(
        centred.T @ centred + alpha * np.eye(x.shape[1]), centred.T @ (y - y.mean(0))
    )
    raw = (by_loops(library.test) - x.mean(0)) @ weights + y.mean(0)
    wanted = np.clip(raw, 1e-6, 1)
    wanted /= wanted.sum(1, keepdims=True)
    found = ridge(alpha)(library.oof, library.truth)(library.test)
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_ridge_far_out_is_clipped_and_sums_to_one():
    library, _ = simulated(8, n_models=2)
    far = np.array([[[1.0, 0.0], [0.0, 1.0]]] * 2)
    found = ridge(0.1)(library.oof, library.truth)(far)
    np.testing.assert_allclose(found.sum(1), 1)
    assert found.min() > 0
    assert found[0, 0] > 0.9
    assert found[1, 1] > 0.9


def test_ridge_gives_an_absent_class_next_to_nothing():
    library, _ = simulated(9, n_test=12, n_classes=3)
    rows = library.truth != 2
    found = ridge(1.0)(library.oof[:, rows], library.truth[rows])(library.test)
    assert found[:, 2].max() < 1e-5
    np.testing.assert_allclose(found.sum(1), 1)
