"""Scores, spreads and standard errors of tables, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from podium.core.errors import PodiumError
from podium.core.files import write_table
from podium.evaluation.metric_terms import (
    by_id,
    fold_scores,
    pooled_score,
    standard_error,
    terms_of_counts,
    terms_of_table,
)
from podium.evaluation.predictions import (
    Reading,
    RowFacts,
    rows,
    text_rows,
    value_rows,
    write_predictions,
    write_text_predictions,
)
from podium.evaluation.scores import (
    ACCURACY,
    LOG_LOSS,
    MAE,
    RMSE,
    SLIDE_LOG_LOSS,
    TUMOUR_F1,
    WHOLE_STRING,
)
from podium.evaluation.table_kinds import Labels, Number

PHOTOS, SLIDES = (LOG_LOSS, ACCURACY), (TUMOUR_F1, SLIDE_LOG_LOSS)
# -ln: .1053605, .5108256, 1.0498221, .2231436; see tests/test_metrics.py
SECOND, TRUTH = (0.1, 0.4, 0.35, 0.8), ("cat", "cat", "dog", "dog")


def photos(path, groups="abcd", folds=(0, 0, 1, 1), seeds=(0,), second=SECOND, truth=TRUTH):
    probs = np.array([(1 - p, p) for p in second])
    known = RowFacts(list(groups), list(truth))
    of = np.array(folds)
    each = [rows(list("abcd"), "oof", of, seed, probs, ["cat", "dog"], known) for seed in seeds]
    leaked = RowFacts(["t"], truth[:1])
    test = rows(["t"], "test", -1, 0, np.array([[0.5, 0.5]]), ["cat", "dog"], leaked)
    write_predictions(path, pd.concat([*each, test], ignore_index=True), {})
    return path


def test_log_loss_and_accuracy_by_hand(tmp_path):
    found = terms_of_table(photos(tmp_path / "dense.csv"), PHOTOS)
    losses = found["log loss"]
    assert losses["id"].tolist() == list("abcd")  # no test row, whatever it says
    assert fold_scores(losses) == pytest.approx([0.3080931, 0.6364829], abs=1e-7)
    assert fold_scores(losses).std(ddof=1) == pytest.approx(0.3283898 / 2**0.5, abs=1e-7)
    assert pooled_score(by_id(losses)) == pytest.approx(0.4722880, abs=1e-7)
    assert standard_error(by_id(losses)) == pytest.approx(0.2105032, abs=1e-7)
    assert pooled_score(found["accuracy"]) == 0.75
    assert fold_scores(found["accuracy"]).tolist() == [1, 0.5]


def test_look_alikes_count_together_in_the_standard_error(tmp_path):
    # off the mean: a + c .2106066, b .0385376, d -.2491443; squares .1079132, times 3 / 2, root
    # .4023304, over 4 rows
    losses = terms_of_table(photos(tmp_path / "dense.csv", groups="xbxd"), PHOTOS)["log loss"]
    assert standard_error(by_id(losses)) == pytest.approx(0.1005826, abs=1e-6)
    one = terms_of_table(photos(tmp_path / "dense.csv", groups="xxxx"), PHOTOS)["log loss"]
    assert standard_error(by_id(one)) == 0


def test_seeds_are_averaged_before_anything_is_pooled(tmp_path):
    losses = terms_of_table(photos(tmp_path / "dense.csv", seeds=(0, 1)), PHOTOS)["log loss"]
    assert len(fold_scores(losses)) == 4
    assert len(by_id(losses)) == 4
    assert standard_error(by_id(losses)) == pytest.approx(0.2105032, abs=1e-7)


def test_texts_are_right_as_a_whole(tmp_path):
    readings = [Reading("AB", -0.1), Reading("A0", -0.2), Reading("", 0.0)]
    parts_ = [
        text_rows(["1", "2", "3"], "holdout", 0, readings, ["AB", "AO", "C"]),
        text_rows(["4"], "test", 0, [Reading("D", -1)]),
    ]
    write_text_predictions(tmp_path / "crnn.csv", parts_, {})
    found = terms_of_table(tmp_path / "crnn.csv", [WHOLE_STRING])
    assert list(found) == ["whole string"]
    assert pooled_score(by_id(found["whole string"])) == pytest.approx(1 / 3)


def counts(path, *lines):
    names = ["slide", "patient", "fold", "model"]
    names += ["true_positive", "false_positive", "false_negative", "true_negative"]
    write_table(path, pd.DataFrame(lines, columns=names))
    return path


def test_f1_is_pooled_over_pixels(tmp_path):
    path = counts(
        tmp_path / "counts.csv",
        ("s1", "p1", 0, "network", 8, 2, 0, 10),
        ("s2", "p2", 1, "network", 1, 1, 4, 14),
        ("s3", "p2", 2, "network", 0, 0, 0, 20),
        ("s1", "p1", 0, "hed_otsu", 8, 12, 0, 0),
    )
    found = terms_of_counts(path)
    assert list(found) == ["fcn", "hed_otsu"]
    rows_ = found["fcn"]["tumour F1"]
    assert pooled_score(by_id(rows_)) == 18 / 25
    assert fold_scores(rows_) == pytest.approx(
        [16 / 18, 2 / 7, 1]
    )  # nothing there, nothing marked: 1
    assert rows_["truth"].tolist() == ["8 of 20", "5 of 20", "0 of 20"]
    # p1: 16 - .72 * 18 = 3.04; p2: 2 - .72 * 7 = -3.04; squares 18.4832, times 2, root, over 25
    assert standard_error(by_id(rows_)) == pytest.approx((2 * 18.4832) ** 0.5 / 25)


def test_slides_without_pixels_have_a_log_loss_only(tmp_path):
    assert list(terms_of_table(photos(tmp_path / "fcn.csv"), SLIDES)) == ["log loss of slides"]


def test_numbers_and_labels(tmp_path):
    known = RowFacts(["g"] * 2, ["3.0", "4"])
    values = np.array([[1.0], [5.0]])
    table = value_rows(Number(), ["a", "b"], "oof", np.array([0, 1]), 0, values, known)
    write_predictions(tmp_path / "size.csv", table, {})
    found = terms_of_table(tmp_path / "size.csv", [MAE, RMSE])
    assert pooled_score(by_id(found["mean absolute error"])) == 1.5
    rooted = found["root mean squared error"]
    assert pooled_score(by_id(rooted), RMSE) == 2.5**0.5
    assert fold_scores(rooted, RMSE).tolist() == [2, 1]
    known = RowFacts(["g"] * 2, ["cat;dog", "-"])
    probs = np.array([[0.5, 0.5], [0.25, 0.25]])
    table = value_rows(Labels(["cat", "dog"]), ["a", "b"], "oof", np.array([0, 1]), 0, probs, known)
    write_predictions(tmp_path / "tags.csv", table, {})
    found = terms_of_table(tmp_path / "tags.csv", [LOG_LOSS])
    losses = by_id(found["log loss"])["numerator"]
    assert losses.tolist() == pytest.approx([0.6931472, 0.2876821])


def test_a_table_without_truth_says_so(tmp_path):
    path = photos(tmp_path / "dense.csv", truth=[""] * 4)
    with pytest.raises(PodiumError, match="no row has a known truth\nremedy: "):
        terms_of_table(path, PHOTOS)
    with pytest.raises(PodiumError, match="column fold, model"):
        terms_of_counts(_without(tmp_path / "counts.csv"))


def _without(path):
    path.write_text("slide,patient,true_positive,false_positive,false_negative,true_negative\n")
    return path
