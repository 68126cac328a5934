"""The slide submission: its rows, what is refused, and scores with an answer key."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import MultiPolygon

from podium.core.errors import PodiumError
from podium.evaluation.predictions import rows as table_rows
from podium.slides import rle, submission
from podium.slides.annotations import geojson
from podium.slides.slide_classification import CLASSES
from podium.submission import writing
from slide_networks import row

ROWS = [row(name, split="test", fold=-1, label="", annotation="") for name in ("a", "b", "c")]


def predicted(**chances):
    p = np.array(list(chances.values()))
    found = table_rows(list(chances), "test", -1, 0, np.stack([1 - p, p], axis=1), CLASSES)
    train = table_rows(["a", "d"], "oof", 0, 0, np.full((2, 2), 0.5), CLASSES)
    return pd.concat([train, found], ignore_index=True)


def put(folder, **runs):
    for name, text in runs.items():
        (folder / f"{name}.rle").write_text(text)


def handed(*cells):
    return pd.DataFrame(list(cells), columns=submission.COLUMNS)


def test_rows_are_in_the_samples_order(tmp_path):
    put(tmp_path, a="1 4", b="", c="5 2 9 1")
    table = predicted(b=0.25, c=2 / 3, a=0.75)
    found, filled = submission.frame(["c", "a", "b"], table, tmp_path, 0.5)
    assert found.to_numpy().tolist() == [
        ["c", 0.666667, "5 2 9 1"], ["a", 0.75, "1 4"], ["b", 0.25, ""],
    ]  # fmt: skip
    assert found.columns.tolist() == ["slide", "probability", "rle"]
    assert filled == []


def test_a_slide_handed_in_as_free_of_tumour_has_nothing_marked(tmp_path):
    put(tmp_path, a="1 4", b="1 4")
    found, _ = submission.frame(["a", "b"], predicted(a=0.49, b=0.5), tmp_path, 0.5)
    assert found["rle"].tolist() == ["", "1 4"]


def test_slides_without_prediction_hold_the_prior(tmp_path):
    put(tmp_path, b="1 4", d="1 4")  # d was predicted out of fold only, a has no mask
    found, filled = submission.frame(list("abd"), predicted(a=0.9, b=0.2), tmp_path, 2 / 3)
    assert found.to_numpy().tolist() == [
        ["a", 0.666667, ""], ["b", 0.2, ""], ["d", 0.666667, ""],
    ]  # fmt: skip
    assert filled == ["a", "d"]


@pytest.mark.parametrize(("names", "reason"), [
    ("ab", "1 ids are missing, namely c"),
    ("abcz", "1 ids are unknown, namely z"),
    ("abz", "1 ids are missing, namely c; 1 ids are unknown, namely z"),
])  # fmt: skip
def test_a_sample_with_other_slides(tmp_path, names, reason):
    sample = tmp_path / "sample_submission.csv"
    sample.write_text("slide,probability,rle\n" + "".join(f"{one},0,\n" for one in names))
    with pytest.raises(PodiumError, match=re.escape(reason)):
        writing.ordered_ids(sample, submission.COLUMNS, list("abc"))


def test_a_submission_that_fits(tmp_path):
    # slides of 8 x 4 pixels: 32 of them
    fits = handed(("a", 0.0, ""), ("b", 1.0, "1 32"), ("lost", 0.5, ""), ("c", 0.5, "31 2"))
    submission.check(tmp_path, fits, ROWS)


@pytest.mark.parametrize(("cells", "reason"), [
    (("b", 1.01, ""), "the probability of b is 1.01"),
    (("b", -0.01, ""), "the probability of b is -0.01"),
    (("b", float("nan"), ""), "the probability of b is nan"),
    (("b", 0.5, "31 3"), "b: a run ends at pixel 33, the slide has 32"),
    (("b", 0.5, "1 2 3"), "b: a run-length encoding has 3 numbers"),
    (("b", 0.5, "4 2 1 1"), "b: the runs of a run-length encoding overlap"),
])  # fmt: skip
def test_a_submission_that_does_not_fit(tmp_path, cells, reason):
    with pytest.raises(PodiumError, match=re.escape(f"x.csv: {reason}")):
        submission.check(tmp_path / "x.csv", handed(("a", 0.5, ""), cells), ROWS)


# ---- answer key


def outlined(folder, name, *boxes):
    (folder / submission.KEY).mkdir(exist_ok=True)
    regions = MultiPolygon([shapely.box(*one) for one in boxes])
    geojson.write(folder / submission.KEY / f"{name}.geojson", regions)


def marked(x0, y0, x1, y1):
    mask = np.zeros((4, 8), dtype=np.uint8)
    mask[y0:y1, x0:x1] = 1
    return rle.encode(mask)


def test_no_answer_key_no_scores(tmp_path):
    assert submission.test_scores(tmp_path, handed(("a", 0.5, "")), ROWS, 5, None) == {}


def test_no_readable_slide_no_scores(tmp_path):
    outlined(tmp_path, "a", (0, 0, 4, 4))
    assert submission.test_scores(tmp_path, handed(("lost", 0.5, "")), ROWS, 5, None) == {}


def test_scores_counted_by_hand(tmp_path):
    outlined(tmp_path, "a", (0, 0, 4, 4))  # 16 of 32 pixels
    outlined(tmp_path, "c", (6, 0, 8, 2))  # 4
    cells = (
        ("c", 0.75, ""),  # 4 missed
        ("a", 0.5, marked(2, 0, 6, 4)),  # 8 right, 8 wrong, 8 missed
        ("lost", 0.9, ""),  # not readable: not counted
        ("b", 0.6, marked(0, 0, 1, 2)),  # 2 wrong
    )
    found = submission.test_scores(tmp_path, handed(*cells), ROWS, 30, None)
    assert (found["n_slides"], found["n_patients"]) == (3, 3)
    network = found["network"]
    assert network["tumour_f1"] == pytest.approx(16 / 38)
    assert network["tumour_f1_macro"] == pytest.approx((0 + 0.5 + 0) / 3)
    assert network["iou"] == pytest.approx(8 / 30)
    assert network["precision"] == pytest.approx(8 / 18)
    assert network["recall"] == pytest.approx(8 / 20)
    assert network["background_f1"] == pytest.approx(2 * 66 / (2 * 66 + 22))
    assert network["tumour_f1_low"] == 0
    assert network["tumour_f1_high"] <= 0.5
    nothing = found["all_background"]
    assert nothing["tumour_f1"] == 0
    assert nothing["tumour_f1_macro"] == pytest.approx(1 / 3)
    assert nothing["background_f1"] == pytest.approx(2 * 76 / (2 * 76 + 20))
    assert found["slide_auc"] == 0.5  # c before b, a behind it


def test_one_kind_of_slides_has_no_auc(tmp_path):
    outlined(tmp_path, "a", (0, 0, 4, 4))
    whole = handed(("a", 0.5, marked(0, 0, 4, 4)))
    found = submission.test_scores(tmp_path, whole, ROWS, 5, None)
    assert "slide_auc" not in found
    assert found["network"]["tumour_f1"] == found["network"]["tumour_f1_low"] == 1


def test_a_tall_slide_is_counted_band_by_band(tmp_path):
    tall = row("t", split="test", width=3, height=1300)
    outlined(tmp_path, "t", (1, 500, 2, 1100))
    mask = np.zeros((1300, 3), dtype=np.uint8)
    mask[600:1200, 1:] = 1
    whole = handed(("t", 0.5, rle.encode(mask)))
    found = submission.test_scores(tmp_path, whole, [tall], 2, None)["network"]
    assert found["precision"] == pytest.approx(500 / 1200)
    assert found["recall"] == pytest.approx(500 / 600)
