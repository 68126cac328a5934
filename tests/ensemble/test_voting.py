"""Votes of readers: by hand, and never fitted on the pictures they are scored on."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from podium.ensemble import voting
from podium.ensemble.voting import (
    VOTES,
    chosen,
    cross_fitted,
    folds_of,
    is_correct,
)
from podium.evaluation.predictions import Reading


def said(*pairs):
    """Readings of texts and probabilities."""
    return [Reading(text, math.log(p) if p else -math.inf) for text, p in pairs]


def elected(name, *readers, truth=None):
    """Texts and probabilities of one vote fitted on `truth`."""
    fitted = VOTES[name](readers, truth or [""] * len(readers[0]))
    return [(one.text, pytest.approx(math.exp(one.log_prob))) for one in fitted(readers)]


def test_right_by_hand():
    np.testing.assert_array_equal(is_correct(said(("a", 1), ("b", 1)), ["a", "c"]), [True, False])


# ---- majority


def test_two_readers_outvote_one():
    found = elected("majority", said(("a", 0.1)), said(("b", 0.99)), said(("a", 0.1)))
    assert found == [("a", pytest.approx(2 / 3, abs=1e-5))]


def test_a_majority_ties_by_certainty():
    found = elected("majority", said(("a", 0.3)), said(("b", 0.4)))
    assert found[0][0] == "b"
    # two against two: .2 + .2 loses against .1 + .5
    two = [said((text, p)) for text, p in (("a", 0.2), ("b", 0.1), ("b", 0.5), ("a", 0.2))]
    assert elected("majority", *two)[0][0] == "b"


@pytest.mark.parametrize("name", ["majority", "confidence"])
def test_of_equals_the_first_reader_is_followed(name):
    for first, second in (("a", "b"), ("b", "a")):
        assert elected(name, said((first, 0.4)), said((second, 0.4)))[0][0] == first


# ---- nothing read


@pytest.mark.parametrize("name", ["majority", "confidence", "calibrated"])
def test_an_empty_text_wins_only_where_there_is_no_other(name):
    found = elected(
        name, said(("", 0.9), ("", 0.9)), said(("", 0.9), ("", 0.9)), said(("a", 0.1), ("", 0.2))
    )
    assert [text for text, _ in found] == ["a", ""]


def test_a_text_of_no_weight_still_beats_nothing_read():
    found = voting.confidence([said(("", 0.9)), said(("a", 0))], [""])
    one = found([said(("", 0.9)), said(("a", 0))])[0]
    assert (one.text, one.log_prob) == ("a", -math.inf)


# ---- confidence


def test_confidence_by_hand():
    # .7 beats .6; .3 + .35 beats .6; shares are of all readers
    first = said(("a", 0.6), ("a", 0.3), ("a", 1))
    second = said(("b", 0.7), ("b", 0.6), ("a", 1))
    third = said(("", 0.9), ("a", 0.35), ("a", 1))
    found = elected("confidence", first, second, third)
    assert found == [("b", 0.7 / 3), ("a", 0.65 / 3), ("a", 1)]


def test_a_probability_a_hair_above_one_is_one():
    one = [Reading("a", 1e-7)]
    assert voting.confidence([one], [""])([one]) == [Reading("a", 0.0)]


# ---- single


def test_the_reader_that_is_right_most_often_is_followed_as_sure_as_it_is():
    bad, good = said(("x", 0.9), ("b", 0.9)), said(("a", 0.2), ("b", 0.3))
    assert elected("single", bad, good, bad, truth=["a", "b"]) == [("a", 0.2), ("b", 0.3)]
    other = said(("x", 0.5), ("b", 0.5))  # of equals the first
    assert elected("single", other, bad, truth=["a", "b"]) == [("x", 0.5), ("b", 0.5)]


# ---- calibrated


def sure_liar_and_two(n=40):
    """One reader always sure and mostly wrong, two hardly sure and mostly right."""
    truth = [f"t{row}" for row in range(n)]
    liar = [(f"x{row}" if row % 4 else f"t{row}", 0.99) for row in range(n)]
    one = [(f"t{row}" if row % 10 else "o", 0.4) for row in range(n)]
    two = [(f"t{row}" if row % 10 != 5 else "p", 0.3) for row in range(n)]
    return [said(*liar), said(*one), said(*two)], truth


def test_a_sure_reader_that_is_often_wrong_loses_against_two_that_are_right():
    readings, truth = sure_liar_and_two()
    trusting = voting.confidence(readings, truth)(readings)
    wiser = voting.calibrated(readings, truth)(readings)
    assert is_correct(trusting, truth).mean() < 0.4
    assert is_correct(wiser, truth).mean() >= 0.9


def test_a_reader_never_or_always_right_counts_for_that_share():
    # half a picture more on either side: .5 / 5 and 4.5 / 5
    never, always = said(*[("x", 0.9)] * 4), said(*[("a", 0.2)] * 4)
    found = elected("calibrated", never, always, truth=["a"] * 4)
    assert found == [("a", 0.9 / 2)] * 4
    only = elected("calibrated", never, truth=["a"] * 4)
    assert only == [("x", 0.1)] * 4


def test_calibration_is_platts_logistic_of_the_logit():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.99, 60)
    hit = rng.random(60) < p
    truth = ["a"] * 60
    readings = said(*[("a" if one else "b", q) for one, q in zip(hit, p, strict=True)])
    logits = np.log(p / (1 - p))[:, None]
    wanted = LogisticRegression().fit(logits, hit).predict_proba(logits)[:, 1]
    found = voting.calibrated([readings], truth)([readings])
    np.testing.assert_allclose([math.exp(one.log_prob) for one in found], wanted, rtol=1e-6)


def test_a_reader_surer_when_wrong_counts_for_how_often_it_is_right():
    pairs = [("a", 0.2), ("a", 0.3), ("x", 0.9), ("x", 0.95), ("a", 0.25), ("x", 0.8)]
    found = elected("calibrated", said(*pairs), truth=["a"] * 6)
    assert [share for _, share in found] == [pytest.approx(3.5 / 7)] * 6


def test_certain_readers_are_calibrated_without_a_warning():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        p = rng.choice([0.0, 1.0, 1e-9, 1 - 1e-9, 0.5], 30)
        hit = rng.random(30) < 0.7
        readings = said(*[("a" if one else "b", q) for one, q in zip(hit, p, strict=True)])
        found = voting.calibrated([readings], ["a"] * 30)([readings])
        assert all(0 < math.exp(one.log_prob) <= 1 for one in found)


# ---- every vote


@pytest.mark.parametrize("name", VOTES)
def test_one_reader_says_what_it_says(name):
    readings, truth = sure_liar_and_two()
    for one in readings:
        found = VOTES[name]([one], truth)([one])
        assert [each.text for each in found] == [each.text for each in one]


@pytest.mark.parametrize("name", VOTES)
def test_no_pictures_elect_no_texts(name):
    readings, truth = sure_liar_and_two()
    assert VOTES[name](readings, truth)([[], [], []]) == []


@pytest.mark.parametrize("name", VOTES)
def test_probabilities_are_shares(name):
    rng = np.random.default_rng(5)
    truth = [str(n) for n in rng.integers(0, 3, 50)]
    readings = [
        said(*[(str(n), p) for n, p in zip(rng.integers(0, 3, 50), rng.random(50), strict=True)])
        for _ in range(4)
    ]
    for one in VOTES[name](readings, truth)(readings):
        assert -math.inf < one.log_prob <= 0


# ---- cross_fitted, best, folds_of


def memorising(readings, truth):
    """Right about every picture it was given, by its probability, and silent on all others."""
    told = {one.log_prob: text for one, text in zip(readings[0], truth, strict=True)}
    return lambda others: [Reading(told.get(one.log_prob, ""), -1.0) for one in others[0]]


def numbered(n=20):
    """One reader whose readings differ in their probabilities, and other truths."""
    return [[Reading("x", -0.01 * row) for row in range(n)]], [f"t{row}" for row in range(n)]


def test_a_vote_never_sees_its_own_fold():
    readings, truth = numbered()
    folds = folds_of(20, 4, 0)
    assert is_correct(memorising(readings, truth)(readings), truth).all()
    found = cross_fitted(memorising, readings, truth, folds)
    assert [one.text for one in found] == [""] * 20


def test_each_fold_is_elected_by_the_others_in_the_order_of_pictures():
    readings, truth = sure_liar_and_two()
    folds = folds_of(40, 4, 1)
    found = cross_fitted(voting.calibrated, readings, truth, folds)
    for fold in range(4):
        rest, mine = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        fitted = voting.calibrated(
            [[one[row] for row in rest] for one in readings], [truth[row] for row in rest]
        )
        wanted = fitted([[one[row] for row in mine] for one in readings])
        assert [found[row] for row in mine] == wanted


def test_the_vote_that_is_best_on_pictures_it_was_not_fitted_on():
    readings, truth = numbered()
    truth = ["x" if row % 2 else text for row, text in enumerate(truth)]  # half are read right
    fits = {"memory": memorising, "single": voting.single}
    folds = folds_of(20, 4, 0)
    assert chosen(fits, readings, truth, folds) == "single"
    found = voting.best(fits, 4, 0)(readings, truth)(readings)
    assert [one.text for one in found] == ["x"] * 20
    equal = {"b": voting.single, "a": voting.single}
    assert chosen(equal, readings, truth, folds) == "b"  # of equals the first


def test_the_choice_is_nested_too():
    readings, truth = numbered()
    step = voting.best({"memory": memorising, "again": memorising}, 4, 0)
    found = cross_fitted(step, readings, truth, folds_of(20, 4, 0))
    assert [one.text for one in found] == [""] * 20


def test_folds_are_even_and_follow_the_seed():
    found = folds_of(23, 5, 7)
    assert sorted(np.bincount(found).tolist()) == [4, 4, 5, 5, 5]
    np.testing.assert_array_equal(found, folds_of(23, 5, 7))
    assert (found != folds_of(23, 5, 8)).any()
    assert sorted(folds_of(3, 5, 0).tolist()) == [0, 1, 2]  # no fold is empty
    assert folds_of(0, 5, 0).tolist() == []


@pytest.mark.parametrize("name", VOTES)
def test_a_single_picture_is_elected_too(name):
    readings, truth = [said(("a", 0.5)), said(("b", 0.6))], ["b"]
    found = cross_fitted(VOTES[name], readings, truth, folds_of(1, 5, 0))
    assert found[0].text in ("a", "b")
