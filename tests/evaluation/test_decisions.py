"""Decisions: by hand, against all there are, and never fitted on the rows they are scored on."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from podium.core.errors import PodiumError
from podium.evaluation.decisions import (
    Cuts,
    Favoured,
    Thresholds,
    best_threshold,
    cells_of,
    fit_cuts,
    fit_favoured,
    fit_of,
    fit_one_threshold,
    fit_thresholds,
    in_table,
    likeliest,
    out_of_fold,
)
from podium.evaluation.predictions import read_predictions
from podium.evaluation.scores import METRICS
from podium.evaluation.table_kinds import Classes, Labels


def grades(rng, n=300, k=5, blur=0.7):
    """Probabilities of grades that lean to the middle, and the true grades."""
    truth = rng.integers(0, k, n)
    logits = -((np.arange(k) - truth[:, None] - rng.normal(size=(n, 1)) * blur) ** 2) / 3
    raised = np.exp(logits)
    return raised / raised.sum(1, keepdims=True), truth


def rare_labels(rng, n=400):
    truth = (rng.random((n, 3)) < (0.05, 0.2, 0.5)).astype(np.int64)
    return 1 / (1 + np.exp(3 - 2 * truth - rng.normal(size=truth.shape))), truth


@pytest.mark.parametrize(
    ("name", "kind", "fit"),
    [
        ("accuracy", "classes", likeliest), ("micro_f1", "classes", likeliest),
        ("macro_f1", "classes", fit_favoured), ("quadratic_kappa", "classes", fit_cuts),
        ("macro_f1", "labels", fit_thresholds), ("micro_f1", "labels", fit_one_threshold),
        ("log_loss", "classes", None), ("mean_auc", "labels", None), ("rmse", "number", None),
    ],
)  # fmt: skip
def test_which_metric_takes_which_decision(name, kind, fit):
    assert fit_of(METRICS[name], kind) is fit


# ---- thresholds


def test_a_threshold_by_hand():
    # F1 from .9 on 2 / 3, .8: 2 / 4, .6: 4 / 5, .1: 4 / 6; between .6 and .1 lies .35
    probs, truth = np.array([0.1, 0.9, 0.6, 0.8]), np.array([0, 1, 1, 0])
    assert best_threshold(probs, truth) == pytest.approx(0.35)


def test_no_threshold_lies_between_equals():
    assert best_threshold(np.array([0.5, 0.5, 0.2]), np.array([1, 0, 0])) == pytest.approx(0.35)


def test_a_label_that_never_occurs_keeps_one_half():
    assert best_threshold(np.array([0.1, 0.9]), np.array([0, 0])) == 0.5


@pytest.mark.parametrize(
    ("fit", "average"), [(fit_thresholds, "macro"), (fit_one_threshold, "micro")]
)
def test_no_other_thresholds_are_better(rng, fit, average):
    probs, truth = rare_labels(rng)
    found = fit(probs, truth)
    reached = f1_score(truth, found.apply(probs), average=average, zero_division=0)
    assert reached > f1_score(truth, probs >= 0.5, average=average, zero_division=0) + 0.02
    if average == "micro":
        others = np.linspace(0.01, 0.99, 99)[:, None] * np.ones(3)
    else:  # of one label, the others held
        others = [np.where(np.arange(3) == k, x, found.thresholds)
                  for k in range(3) for x in np.linspace(0.01, 0.99, 99)]  # fmt: skip
    for thresholds in others:
        said = probs >= thresholds
        assert f1_score(truth, said, average=average, zero_division=0) <= reached + 1e-12


def test_a_row_without_a_label_gets_the_nearest_where_every_train_row_has_one():
    probs, thresholds = np.array([[0.3, 0.1], [0.5, 0.1], [0.0, 0.3]]), np.array([0.4, 0.2])
    assert Thresholds(thresholds, False).apply(probs).tolist() == [[0, 0], [1, 0], [0, 1]]
    assert Thresholds(thresholds, True).apply(probs).tolist() == [[1, 0], [1, 0], [0, 1]]
    every = fit_thresholds(probs, np.array([[1, 0], [0, 1], [1, 1]]))
    assert every.never_none
    assert not fit_one_threshold(probs, np.array([[1, 0], [0, 0], [1, 1]])).never_none


# ---- cuts and weights


def test_cuts_by_hand():
    probs = np.array([[1, 0, 0], [0.6, 0.4, 0], [0, 0.9, 0.1], [0, 0, 1.0]])  # 0, .4, 1.1, 2
    assert Cuts(np.array([0.3, 1.5])).apply(probs).argmax(1).tolist() == [0, 1, 1, 2]


def test_cuts_reach_what_a_grid_reaches(rng):
    probs, truth = grades(rng, k=3)
    found = fit_cuts(probs, truth)
    assert (np.diff(found.cuts) > 0).all()

    def kappa(cuts):
        said = np.searchsorted(cuts, probs @ np.arange(3), "right")
        return cohen_kappa_score(said, truth, weights="quadratic")

    grid = np.linspace(0.05, 1.95, 39)
    best = max(kappa(pair) for pair in itertools.combinations(grid, 2))
    assert kappa(found.cuts) >= best - 0.005
    assert kappa(found.cuts) > kappa((0.5, 1.5)) + 0.02


def test_rare_classes_are_favoured(rng):
    truth = (rng.random(600) < 0.1).astype(np.int64)
    second = 1 / (1 + np.exp(2.5 - 2 * truth - rng.normal(size=600)))
    probs = np.stack([1 - second, second], axis=1)
    found = fit_favoured(probs, truth)
    assert found.weights[1] > found.weights[0]
    plain, favoured = probs.argmax(1), found.apply(probs).argmax(1)
    assert f1_score(truth, favoured, average="macro") > f1_score(truth, plain, average="macro")


def test_the_likeliest():
    assert Favoured(np.ones(3)).apply(np.array([[0.2, 0.5, 0.3]])).tolist() == [[0, 1, 0]]


# ---- out of fold, and in a table


def test_a_fold_has_no_say_in_its_own_decisions(rng):
    probs, truth = rare_labels(rng, 90)
    folds = np.arange(90) % 3
    before = out_of_fold(fit_thresholds, probs, truth, folds)
    turned = np.where((folds == 1)[:, None], 1 - truth, truth)
    after = out_of_fold(fit_thresholds, probs, turned, folds)
    np.testing.assert_array_equal(before[folds == 1], after[folds == 1])
    assert (before[folds != 1] != after[folds != 1]).any()
    alone = out_of_fold(fit_thresholds, probs, truth, np.zeros(90, dtype=int))
    np.testing.assert_array_equal(alone, fit_thresholds(probs, truth).apply(probs))


@pytest.mark.parametrize(
    ("kind", "decided", "cells"),
    [
        (Classes(["a", "b"]), [[0, 1], [1, 0]], ["b", "a"]),
        (Labels(["a", "b"]), [[1, 1], [0, 0]], ["a;b", "-"]),
    ],
    ids=["classes", "labels"],
)
def test_decisions_are_written_and_read(kind, decided, cells):
    decided = np.array(decided, dtype=float)
    assert cells_of(kind, decided) == cells
    np.testing.assert_array_equal(in_table(kind, pd.DataFrame({"decision": cells})), decided)


@pytest.mark.parametrize("column", ["p", "l"])
def test_an_unknown_decision_is_refused(tmp_path, column):
    path = tmp_path / "t.csv"
    head = f"id,split,fold,seed,truth,{column}_a,{column}_b,decision"
    path.write_text(f"{head}\nr,oof,0,0,a,0.5,0.5,c\n")
    with pytest.raises(PodiumError, match=r"t\.csv: decision 'c' is none of its"):
        read_predictions(path)
