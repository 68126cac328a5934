from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from house import encoded, striped
from podium.evaluation.predictions import rows
from podium.evaluation.scores import ACCURACY, LOG_LOSS
from podium.evaluation.table_kinds import Classes
from podium.photos.crossval import Split, TrainRows
from podium.photos.figures import ladder_png
from podium.photos.mistakes import mistakes_png
from podium.photos.report import indicators, reliability, write_tables
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
