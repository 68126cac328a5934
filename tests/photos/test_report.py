from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from house import encoded, striped
from podium.evaluation.predictions import rows
from podium.evaluation.scores import ACCURACY, LOG_LOSS
from podium.evaluation.table_kinds import Classes, kind_named
from podium.photos.calibration_by_kind import apply_calibration, fit_calibration
from podium.photos.crossval import Split, TrainRows
from podium.photos.figures import ladder_png, write_pictures
from podium.photos.mistakes import answer_lines, mistakes_png
from podium.photos.report import (
    confused_pairs,
    indicators,
    reliability,
    row_losses,
    write_tables,
)
from podium.photos.scoring import fold_scores, mean_oof

TRUTH = np.array([0, 1, 1, 0])
PROBS = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.65, 0.35]])


def data() -> TrainRows:
    none = np.zeros(4, dtype=bool)
    return TrainRows(
        ["a", "b", "c", "d"],
        TRUTH,
        Classes(["cat", "dog"]),
        [Split(0, 0, ~none, none)],
        [],
        np.arange(4),
        [],
    )


def table(seed=0, shift=0.0):
    probs = PROBS + [[shift, -shift]]
    return rows(list("abcd"), "oof", np.array([0, 0, 1, 1]), seed, probs, ["cat", "dog"])


def test_mean_over_seeds_in_the_order_of_the_rows():
    both = pd.concat([table(0, 0.05).iloc[::-1], table(1, -0.05)])
    np.testing.assert_allclose(mean_oof(both, data()), PROBS)


def test_reliability_by_hand():
    # class 1: .1 false, .8 true, .4 true, .35 false; class 0: .9 true, .2 false, .6 false, .65 true
    found = reliability(PROBS, indicators(data()), n_bins=2)
    assert found["count"].tolist() == [4, 4]
    assert found["predicted"].tolist() == pytest.approx([(0.1 + 0.4 + 0.35 + 0.2) / 4, 2.95 / 4])
    assert found["true_share"].tolist() == pytest.approx([0.25, 0.75])


def test_fold_scores_by_hand():
    found = fold_scores({"m": table()}, data(), [LOG_LOSS, ACCURACY]).set_index("fold")
    assert found.loc[0, "log_loss"] == pytest.approx(-(np.log(0.9) + np.log(0.8)) / 2)
    assert found.loc[1, "accuracy"] == 0.5


def test_curves(tmp_path):
    write_tables(tmp_path, PROBS, data())
    confusion = pd.read_csv(tmp_path / "confusion.csv").to_numpy().tolist()
    assert confusion == [["cat", "cat"], ["dog", "dog"], ["dog", "cat"], ["cat", "cat"]]
    roc = pd.read_csv(tmp_path / "roc.csv")
    # dogs score .8 and .4, cats .1 and .35: a perfect ranking passes through (0, 1)
    assert ((roc["fpr"] == 0) & (roc["tpr"] == 1)).any()
    assert set(roc["class"]) == {"dog"}


def test_curves_of_three_classes_name_each(tmp_path, rng):
    truth = np.arange(30) % 3
    three = TrainRows(
        [str(n) for n in range(30)], truth, Classes(["x", "y", "z"]), [], [], np.arange(30), []
    )
    write_tables(tmp_path, rng.dirichlet([1, 1, 1], 30), three)
    assert set(pd.read_csv(tmp_path / "precision_recall.csv")["class"]) == {"x", "y", "z"}


def test_pictures_open_and_the_worst_mistake_comes_first(tmp_path):
    good = {"log_loss": {"value": 0.1, "low": 0.08, "high": 0.13}, "accuracy": {"value": 0.99}}
    found = {"good": good, "bad": good | {"log_loss": {"value": 0.7}}}
    ladder_png(tmp_path / "ladder.png", found, [LOG_LOSS, ACCURACY])
    with Image.open(tmp_path / "ladder.png") as image:
        assert image.size[0] > 500
    asked = []

    def load(name):
        asked.append(name)
        return encoded(striped("cat", ord(name)))

    mistakes_png(tmp_path / "mistakes.png", PROBS, data(), load, 89.0)
    assert asked == ["c", "d", "b", "a"]  # losses -ln .4, -ln .65, -ln .8, -ln .9
    with Image.open(tmp_path / "mistakes.png") as image:
        assert image.size == (1200, 306)


def of_kind(kind, names, truth) -> TrainRows:
    ids = [str(n) for n in range(len(truth))]
    return TrainRows(ids, truth, kind_named(kind, names), [], [], np.arange(len(truth)), [])


CURVE = pd.DataFrame({"epoch": [0, 1], "train_loss": [2.0, 1.0], "stop_loss": [2.0, 1.5]})


@pytest.mark.parametrize(
    ("kind", "n_names", "files"),
    [
        ("classes", 2, {"curves.png", "confusion.png"}),
        ("classes", 40, {"curves.png", "confusion.png"}),
        ("labels", 3, {"curves.png", "labels.png"}),
        ("labels", 1, {"curves.png"}),  # a single bar says no more than the ladder
        ("number", 1, {"curves.png"}),
    ],
)
def test_each_kind_has_its_pictures_and_tables(tmp_path, rng, kind, n_names, files):
    names = [f"name {k}" for k in range(n_names)]
    truth = {
        "classes": np.arange(80) % n_names,
        "labels": rng.integers(0, 2, (80, n_names)),
        "number": rng.normal(size=80),
    }[kind]
    rows = of_kind(kind, names, truth)
    values = rng.random((80, n_names))
    if kind == "classes":
        values /= values.sum(1, keepdims=True)
    write_pictures(tmp_path, CURVE, values, rows)
    assert {path.name for path in tmp_path.glob("*.png")} == files
    write_tables(tmp_path, values, rows)
    tables = {path.name for path in tmp_path.glob("*.csv")}
    curves = {"roc.csv", "precision_recall.csv", "calibration.csv"}
    assert tables == {
        "classes": curves | {"confusion.csv"}, "labels": curves, "number": {"predicted.csv"}
    }[kind]  # fmt: skip


def test_confused_pairs_by_hand():
    rows = of_kind("classes", ["a", "b", "c"], np.array([0, 0, 0, 1, 1, 2]))
    said = np.eye(3)[[1, 1, 0, 1, 0, 2]]
    assert confused_pairs(said, rows).to_numpy().tolist() == [
        ["a", "b", 2, 2 / 3], ["b", "a", 1, 1 / 2],
    ]  # fmt: skip


def test_a_label_that_no_row_has_draws_no_curve(tmp_path):
    truth = np.stack([np.arange(20) % 2, np.zeros(20, dtype=int)], axis=1)
    rows = of_kind("labels", ["some", "none"], truth)
    write_tables(tmp_path, np.full((20, 2), 0.5), rows)
    assert set(pd.read_csv(tmp_path / "roc.csv")["class"]) == {"some"}


@pytest.mark.parametrize(
    ("kind", "truth", "values", "said"),
    [
        ("classes", np.array([1]), [0.8, 0.2], ("true: 0.200 b", "said: 0.800 a", True)),
        ("classes", np.array([0]), [0.8, 0.2], ("true: 0.800 a", "said: 0.800 a", False)),
        ("labels", np.array([[1, 0]]), [0.2, 0.7], ("missed: a", "wrong: b", True)),
        ("labels", np.array([[1, 0]]), [0.9, 0.1], ("missed: -", "wrong: -", False)),
        ("number", np.array([2.5]), [3.0], ("true: 2.5", "said: 3", True)),
    ],
    ids=["wrong class", "right class", "wrong labels", "right labels", "number"],
)
def test_a_mistake_says_what_is_true_and_what_was_said(kind, truth, values, said):
    assert answer_lines(np.array(values), of_kind(kind, ["a", "b"], truth), 0) == said


@pytest.mark.parametrize("kind", ["classes", "labels", "number"])
def test_calibration_of_the_artefact_is_no_worse_on_its_rows(rng, kind):
    logits = rng.normal(size=(400, 2)) * 2
    probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    if kind == "classes":
        truth = (rng.random(400) < probs[:, 1]).astype(int)
        wild = probs**3 / (probs**3).sum(1, keepdims=True)
    elif kind == "labels":
        truth = (rng.random((400, 2)) < 1 / (1 + np.exp(-logits))).astype(int)
        wild = 1 / (1 + np.exp(-3 * logits))
    else:
        truth = logits[:, 0]
        wild = 2 * logits[:, :1] + 5 + rng.normal(0, 0.1, (400, 1))
    rows = of_kind(kind, ["a", "b"], truth)
    calm = apply_calibration(kind, wild, fit_calibration(kind, wild, truth))
    assert calm.shape == wild.shape
    assert row_losses(calm, rows).mean() < 0.9 * row_losses(wild, rows).mean()
    if kind == "classes":
        np.testing.assert_allclose(calm.sum(1), 1)
    np.testing.assert_array_equal(apply_calibration(kind, wild, {}), wild)
