"""Scores of masks: by hand, by scikit-learn, and by trying every threshold on raw pixels."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from podium.slides.scoring import (
    LEVELS,
    Counts,
    auc,
    best_level,
    heat_histogram,
    level_of,
    mask_terms,
    pooled,
    score_masks,
    threshold_curve,
    threshold_of,
)


def of(truth, predicted):
    return Counts.of(np.array(truth, dtype=bool), np.array(predicted, dtype=bool))


def all_of(one):
    return one.f1, one.iou, one.precision, one.recall


def test_four_pixels_by_hand():
    one = of([[1, 1], [0, 0]], [[1, 0], [1, 0]])
    assert one == Counts(1, 1, 1, 1)
    assert all_of(one) == (0.5, 1 / 3, 0.5, 0.5)
    assert of([1, 1, 1, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0, 0]) == Counts(1, 1, 2, 3)
    assert Counts(1, 1, 2, 3).negatives == Counts(3, 2, 1, 1)


@pytest.mark.parametrize(("truth", "predicted", "wanted"), [
    ([1, 1, 0, 0], [1, 1, 0, 0], (1, 1, 1, 1)),  # perfect
    ([1, 1, 0, 0], [0, 0, 1, 1], (0, 0, 0, 0)),  # worst
    ([0, 0, 0, 0], [0, 0, 0, 0], (1, 1, 1, 1)),  # nothing there, nothing marked
    ([0, 0, 0, 0], [0, 0, 0, 1], (0, 0, 0, 1)),  # nothing there, something marked
    ([1, 0, 0, 0], [0, 0, 0, 0], (0, 0, 1, 0)),  # something there, nothing marked
    ([1, 1, 1, 1], [1, 1, 1, 1], (1, 1, 1, 1)),
])  # fmt: skip
def test_perfect_worst_and_empty(truth, predicted, wanted):
    assert all_of(of(truth, predicted)) == wanted


def test_masks_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"truth of \(2, 3\) and a prediction of \(3, 2\)"):
        of(np.ones((2, 3)), np.ones((3, 2)))


def test_scikit_learn_agrees(rng):
    for share in (0.1, 0.5, 0.9):
        truth, predicted = rng.random((2, 500)) < share
        one = Counts.of(truth, predicted)
        names = (metrics.f1_score, metrics.jaccard_score, metrics.precision_score)
        wanted = [score(truth, predicted) for score in (*names, metrics.recall_score)]
        assert all_of(one) == pytest.approx(wanted, abs=1e-12)
        background = metrics.f1_score(~truth, ~predicted)
        assert one.negatives.f1 == pytest.approx(background, abs=1e-12)


def test_pooled_adds_pixels_and_macro_means_slides():
    large, small, empty = Counts(90, 0, 10, 900), Counts(1, 3, 0, 6), Counts(0, 0, 0, 10)
    counts = {"network": [large, small, empty]}
    scores = score_masks(counts, ["p1", "p2", "p3"], 5)["network"]
    found = {name: score.value for name, score in scores.items()}
    assert pooled([large, small, empty]) == Counts(91, 3, 10, 916)
    assert found["tumour_f1"] == pytest.approx(182 / 195)
    assert found["tumour_f1_macro"] == pytest.approx((180 / 190 + 2 / 5 + 1) / 3)
    assert found["iou"] == pytest.approx(91 / 104)
    assert found["precision"] == pytest.approx(91 / 94)
    assert found["recall"] == pytest.approx(91 / 101)
    assert found["background_f1"] == pytest.approx(1832 / 1845)


def test_no_counts_at_all_are_empty():
    assert pooled([]) == Counts()
    assert all_of(Counts()) == (1, 1, 1, 1)


# ---- heat


def test_levels_at_the_edges():
    below = np.nextafter(np.float32(0.5), np.float32(0))
    heat = np.array([0, 1, 0.5, below, 1 / 256, 255 / 256], dtype=np.float32)
    assert level_of(heat).tolist() == [0, 255, 128, 127, 1, 255]
    found = heat_histogram(heat, np.array([0, 1, 1, 0, 0, 1], dtype=np.uint8))
    assert found.shape == (2, LEVELS)
    assert {k: n for k, n in enumerate(found[0].tolist()) if n} == {0: 1, 1: 1, 127: 1}
    assert {k: n for k, n in enumerate(found[1].tolist()) if n} == {128: 1, 255: 2}


def test_a_threshold_on_the_histogram_is_one_on_the_pixels(rng):
    heat = rng.random((40, 50)).astype(np.float32)
    heat[0] = rng.integers(0, 257, 50) / np.float32(256)  # just at a threshold
    truth = rng.random((40, 50)) < heat
    histogram = heat_histogram(heat, truth.astype(np.uint8))
    for level in range(LEVELS + 1):
        wanted = Counts.of(truth, heat >= np.float32(threshold_of(level)))
        assert Counts.at_level(histogram, level) == wanted
    assert Counts.at_level(histogram, LEVELS).f1 == 0  # the mask that marks nothing
    assert Counts.at_level(histogram, LEVELS).true_negative == int((~truth).sum())


def test_nothing_is_marked_by_the_threshold_above_all():
    assert threshold_of(128) == 0.5
    assert not (np.ones(3, dtype=np.float32) >= np.float32(threshold_of(LEVELS))).any()


def test_the_best_level_by_trying_all_on_raw_pixels(rng):
    truth = rng.random(400) < 0.3
    heat = np.clip(rng.normal(0.35 + 0.25 * truth, 0.15), 0, 1).astype(np.float32)
    level = best_level(heat_histogram(heat, truth.astype(np.uint8)))
    f1 = [metrics.f1_score(truth, heat >= k / 256) for k in range(1, 256)]
    assert f1[level - 1] == pytest.approx(max(f1), abs=1e-12)
    assert min(f1) < max(f1) - 0.1


def test_the_middle_of_equal_levels_is_taken():
    # background at level 64, tumour at 192: 65 to 192 are perfect, and 128 is their middle
    heat = np.array([0.25, 0.25, 0.75, 0.75], dtype=np.float32)
    assert best_level(heat_histogram(heat, np.array([0, 0, 1, 1], dtype=np.uint8))) == 128


def test_the_curve_by_every_eighth_threshold(rng):
    truth = rng.random(300) < 0.4
    heat = rng.random(300).astype(np.float32)
    rows = threshold_curve(heat_histogram(heat, truth.astype(np.uint8)))
    assert [row["threshold"] for row in rows] == [k / 32 for k in range(1, 32)]
    for row in rows[:-1]:
        marked = heat >= row["threshold"]
        assert row["precision"] == pytest.approx(metrics.precision_score(truth, marked))
        assert row["recall"] == pytest.approx(metrics.recall_score(truth, marked))
        assert row["f1"] == pytest.approx(metrics.f1_score(truth, marked))


# ---- slides


def test_auc():
    labels, chances = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    assert auc(labels, chances) == 0.75  # three of four pairs are in order
    assert auc(labels, -chances) == 0.25
    assert auc(labels[:2], chances[:2]) is None
    assert auc(labels[2:], chances[2:]) is None
    assert auc(labels[:0], chances[:0]) is None


def test_the_terms_of_f1_are_those_of_the_pooled_score():
    counts = [Counts(8, 2, 0, 10), Counts(1, 1, 4, 14), Counts(0, 0, 0, 20)]
    numerator, denominator = mask_terms(counts)["tumour_f1"]
    assert (numerator.tolist(), denominator.tolist()) == ([16, 2, 0], [18, 7, 0])
    assert numerator.sum() / denominator.sum() == pooled(counts).f1


def test_the_interval_of_a_network_draws_patients_whole():
    counts = [Counts(8, 2, 0, 10), Counts(1, 1, 4, 14), Counts(0, 0, 0, 20)]
    f1 = score_masks({"network": counts}, ["p1", "p2", "p2"], 200)["network"]["tumour_f1"]
    assert (f1.low, f1.high, f1.n) == (2 / 7, 16 / 18, 3)  # either patient twice
    f1 = score_masks({"network": counts}, ["p", "p", "p"], 20)["network"]["tumour_f1"]
    assert f1.low == f1.high == f1.value


def test_every_model_is_scored_on_the_same_draws():
    counts = [Counts(8, 2, 0, 10), Counts(1, 1, 4, 14)]
    both = score_masks({"network": counts, "hed_otsu": counts}, ["p1", "p2"], 50)
    assert both["network"] == both["hed_otsu"]
    nothing = score_masks({"x": [each.unmarked for each in counts]}, ["p1", "p2"], 50)["x"]
    assert (nothing["tumour_f1"].value, nothing["precision"].value) == (0, 1)
