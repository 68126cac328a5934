"""Mistakes, calibration and confusions of held-out rows, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from podium.page.held_out import calibration, commonest, confusion, decisions, mistakes


def classes(**more):
    return pd.DataFrame(
        {"id": ["a", "b", "c", "d"], "truth": ["cat", "dog", "dog", "cat"],
         "p_cat": [0.95, 0.65, 0.85, 0.45], "p_dog": [0.05, 0.35, 0.15, 0.55], **more}
    )  # fmt: skip


TEXTS = pd.DataFrame({"id": ["a", "b"], "truth": ["12", "34"], "text": ["12", "35"],
                      "log_prob": np.log([0.5, 0.75])})  # fmt: skip
LABELS = pd.DataFrame({"id": ["a", "b"], "truth": ["sun;sea", "-"], "l_sea": [0.9, 0.8],
                       "l_sun": [0.7, 0.1]})  # fmt: skip
NUMBERS = pd.DataFrame({"id": ["a", "b", "c"], "truth": ["1.0", "2.0", "3.0"],
                        "y": [1.5, 2.0, 1.0]})  # fmt: skip


@pytest.mark.parametrize(
    ("table", "n", "worst"),
    [
        pytest.param(classes(), 3, ["c", "b", "d"], id="classes"),
        pytest.param(TEXTS, 1, ["b"], id="texts"),
        pytest.param(LABELS, 1, ["b"], id="labels"),
        pytest.param(NUMBERS, 3, ["c", "a", "b"], id="numbers"),
    ],
)
def test_the_most_confident_mistakes_come_first(table, n, worst):
    n_wrong, each = mistakes(table, 5)
    assert n_wrong == n
    assert [mistake.id for mistake in each] == worst
    assert len(mistakes(table, 1)[1]) == 1


def test_a_decision_counts_where_there_is_one():
    said, sure = decisions(classes(decision=["cat", "dog", "dog", "cat"]))
    assert said == ["cat", "dog", "dog", "cat"]
    assert sure.tolist() == [0.95, 0.35, 0.15, 0.45]
    assert mistakes(classes(decision=["cat", "dog", "dog", "cat"]), 5) == (0, [])


def test_calibration_by_hand():
    bins = calibration(classes())
    assert bins["rows"].tolist() == [1, 1, 1, 1]
    assert bins["confidence"].tolist() == pytest.approx([0.55, 0.65, 0.85, 0.95])
    assert bins["right"].tolist() == [0, 0, 0, 1]


def test_calibration_of_labels_counts_each_label():
    assert calibration(LABELS)["rows"].sum() == 4


def test_confusions_by_hand():
    assert confusion(classes()).to_numpy().tolist() == [[1, 1], [2, 0]]
    pairs = pd.DataFrame({"actual": list("aabbc"), "predicted": list("bbaab")})
    assert commonest(pairs, 2) == [("a", "b", 2), ("b", "a", 2)]
