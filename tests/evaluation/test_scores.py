"""Scores and metrics as files hold them, and as people read them."""

import numpy as np
import pytest

from podium.evaluation.scores import (
    ACCURACY,
    LOG_LOSS,
    MAE,
    RMSE,
    TUMOUR_F1,
    WHOLE_STRING,
    Score,
    as_dicts,
    score_from,
)


def test_a_score_is_read_back():
    score = Score(0.25, 0.01, 0.2, 0.3, 80)
    held = {"value": 0.25, "se": 0.01, "low": 0.2, "high": 0.3, "n": 80}
    assert (score.as_dict(), score_from(held)) == (held, score)
    assert as_dicts({"auc": Score(0.5, n=3)}) == {"auc": {"value": 0.5, "n": 3}}
    assert score_from({"value": 1}) == Score(1)


@pytest.mark.parametrize(
    "odd", [None, 0.5, "0.5", {}, {"value": "x"}, {"value": float("nan")}, {"value": True}, [1]]
)
def test_what_is_no_score(odd):
    assert score_from(odd) is None


def test_a_score_in_words():
    assert Score(0.25).in_words() == "0.2500"
    score = Score(0.75, 0.1, 0.30064, 0.954413, 20_000)
    assert score.in_words(6) == "0.750000  (95 %: 0.300640 to 0.954413)  n = 20,000"


def test_the_direction_of_a_metric():
    assert LOG_LOSS.is_better(0.1, 0.2)
    assert ACCURACY.is_better(0.2, 0.1)
    assert not WHOLE_STRING.is_better(0.1, 0.1)


@pytest.mark.parametrize(
    ("metric", "predictions", "truth", "numerators"),
    [
        (LOG_LOSS, np.array([[0.5, 0.5], [0.75, 0.25]]), np.array([0, 1]), [0.6931472, 1.3862944]),
        (ACCURACY, np.array([[0.6, 0.4], [0.75, 0.25]]), np.array([0, 1]), [1, 0]),
        # -ln of .5 and .25, halved; -ln of .9 and .8
        (LOG_LOSS, np.array([[0.5, 0.75], [0.1, 0.8]]), np.array([[1, 0], [0, 1]]),
         [1.0397208, 0.164252]),
        (MAE, np.array([[1.0], [5.0]]), np.array([3.0, 4.0]), [2, 1]),
        (RMSE, np.array([[1.0], [5.0]]), np.array([3.0, 4.0]), [4, 1]),
        (WHOLE_STRING, ["AB", "A0"], ["AB", "AO"], [1, 0]),
    ],
)  # fmt: skip
def test_terms_by_hand(metric, predictions, truth, numerators):
    top, bottom = metric.row_terms(predictions, truth)
    assert top == pytest.approx(numerators, abs=1e-6)
    assert bottom.tolist() == [1, 1]


def test_a_metric_of_counts_has_no_terms_of_tables():
    assert TUMOUR_F1.terms == ""
