"""Scores: by hand, and by scikit-learn; perfect, worst, empty and misshapen."""

import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from podium.evaluation.metrics import (
    TINY,
    mean_scores,
    row_log_losses,
    scores,
)


def two(*second):
    """Rows of two classes, given the probability of the second."""
    return np.array([(1 - value, value) for value in second])


def test_log_losses_by_hand():
    # -ln(1/2) = 0.6931472, -ln(1/4) = 1.3862944, -ln(1/e) = 1
    probs = np.array([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0, 1 / math.e, 1 - 1 / math.e]])
    found = row_log_losses(probs, np.array([0, 2, 1]))
    np.testing.assert_allclose(found, [0.6931472, 1.3862944, 1.0], rtol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_scores_are_scikit_learns(rng, n_classes):
    probs = rng.dirichlet(np.ones(n_classes), 50)
    truth = rng.integers(0, n_classes, 50)
    found = scores(probs, truth)
    every = list(range(n_classes))
    assert found["log_loss"] == pytest.approx(log_loss(truth, probs, labels=every), rel=1e-12)
    assert found["accuracy"] == accuracy_score(truth, probs.argmax(1))
    assert ("auc" in found) == (n_classes == 2)
    if n_classes == 2:
        assert found["auc"] == pytest.approx(roc_auc_score(truth, probs[:, 1]), rel=1e-12)


def test_scores_by_hand():
    # true classes get 0.9, 0.6, 0.35, 0.8: -ln = .1053605, .5108256, 1.0498221, .2231436
    # mean = .4722880; squared deviations .1346357 + .0014851 + .3335455 + .0620730 = .5317393
    # over 3 = .1772464, root .4210065, over sqrt(4) = .2105032
    # ranks: the positives .35 and .8 beat .1 and (only .8) .4: 3 of 4 pairs
    found = scores(two(0.1, 0.4, 0.35, 0.8), np.array([0, 0, 1, 1]))
    assert found == pytest.approx(
        {"log_loss": 0.4722880, "log_loss_se": 0.2105032, "accuracy": 0.75, "auc": 0.75}, abs=1e-7
    )


def test_perfect():
    found = scores(two(0, 1, 1, 0), np.array([0, 1, 1, 0]))
    assert found["log_loss"] == pytest.approx(-math.log(1 - TINY), abs=1e-18)
    assert found["log_loss_se"] == 0
    assert (found["accuracy"], found["auc"]) == (1, 1)


def test_worst():
    found = scores(two(1, 0, 0, 1), np.array([0, 1, 1, 0]))
    assert found["log_loss"] == pytest.approx(15 * math.log(10), rel=1e-12)  # Kaggle's clip: 1e-15
    assert (found["accuracy"], found["auc"]) == (0, 0)


def test_no_idea():
    found = scores(two(0.5, 0.5, 0.5, 0.5), np.array([0, 1, 1, 1]))
    assert found["log_loss"] == pytest.approx(math.log(2), rel=1e-12)
    assert found["auc"] == 0.5
    assert found["accuracy"] == 0.25  # a tie goes to the first class


def test_one_class_alone_has_no_auc():
    assert set(scores(two(0.2, 0.3), np.array([1, 1]))) == {"log_loss", "log_loss_se", "accuracy"}


def test_three_classes_have_no_auc_even_if_two_occur():
    assert "auc" not in scores(np.full((2, 3), 1 / 3), np.array([0, 1]))


@pytest.mark.parametrize("score", [row_log_losses, scores])
@pytest.mark.parametrize(
    ("probs", "truth", "shapes"),
    [
        (np.empty((0, 2)), np.empty(0, dtype=int), r"\(0, 2\) probabilities for \(0,\)"),
        (np.array([0.5, 0.5]), np.array([0, 1]), r"\(2,\) probabilities for \(2,\)"),
        (two(0.5, 0.5), np.array([0]), r"\(2, 2\) probabilities for \(1,\)"),
        (two(0.5), np.array([0, 1]), r"\(1, 2\) probabilities for \(2,\)"),
        (two(0.5, 0.5), np.eye(2, dtype=int), r"\(2, 2\) probabilities for \(2, 2\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(score, probs, truth, shapes):
    with pytest.raises(ValueError, match=f"^{shapes} truths$"):
        score(probs, truth)


def test_a_class_outside_the_table_is_refused():
    with pytest.raises(IndexError):
        row_log_losses(two(0.5), np.array([2]))


def test_mean_scores_key_by_key():
    each = [{"log_loss": 0.2, "accuracy": 1.0}, {"log_loss": 0.4, "accuracy": 0.5}]
    assert mean_scores(each) == pytest.approx({"log_loss": 0.3, "accuracy": 0.75})
    assert mean_scores(each[:1]) == each[0]
