"""The slide submission: its rows, what is refused, and scores with an answer key."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import MultiPolygon

from podium.competitions import SLIDES
from podium.core.errors import PodiumError
from podium.evaluation.predictions import rows as table_rows
from podium.slides import dataset, rle
from podium.slides.annotations import geojson
from podium.slides.slide_classification import CLASSES
from podium.slides.submission import SlideSubmission
from podium.submission.cells import ordered_ids, read_submission
from podium.submission.checking import faults
from podium.submission.format import FormatInputs
from slide_networks import row

KEY, COLUMNS = "test_annotations", ["slide", "probability", "rle"]
TRAIN = [row(f"t{k}", split="train", label=str(int(k > 0))) for k in range(3)]
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
    return pd.DataFrame(list(cells), columns=COLUMNS)


def form(folder, rows=ROWS):
    """The format of a project that ingested `rows`; masks lie in the folder itself."""
    items = folder / "slides.csv", folder / "quarantine.csv"
    dataset.table_of(rows).to_csv(items[0], index=False)
    return SlideSubmission(FormatInputs(SLIDES, items, predictions=folder))


def test_rows_are_in_the_samples_order(tmp_path):
    put(tmp_path, a="1 4", b="", c="5 2 9 1")
    table = predicted(b=0.25, c=2 / 3, a=0.75)
    found, filled = form(tmp_path).frame(["c", "a", "b"], table)
    assert found.to_numpy().tolist() == [
        ["c", 0.666667, "5 2 9 1"], ["a", 0.75, "1 4"], ["b", 0.25, ""],
    ]  # fmt: skip
    assert found.columns.tolist() == ["slide", "probability", "rle"]
    assert filled == []


def test_a_slide_handed_in_as_free_of_tumour_has_nothing_marked(tmp_path):
    put(tmp_path, a="1 4", b="1 4")
    found, _ = form(tmp_path).frame(["a", "b"], predicted(a=0.49, b=0.5))
    assert found["rle"].tolist() == ["", "1 4"]


def test_slides_without_prediction_hold_the_prior(tmp_path):
    put(tmp_path, b="1 4", d="1 4")  # d was predicted out of fold only, a has no mask
    made = form(tmp_path, [*TRAIN, *ROWS])  # two of three train slides have tumour
    found, filled = made.frame(list("abd"), predicted(a=0.9, b=0.2))
    assert found.to_numpy().tolist() == [
        ["a", 0.666667, ""], ["b", 0.2, ""], ["d", 0.666667, ""],
    ]  # fmt: skip
    assert filled == ["a", "d"]
    found, _ = form(tmp_path).frame(["a"], predicted(b=0.2))
    assert found["probability"].tolist() == [0.5]  # no train slide has a label


@pytest.mark.parametrize(("names", "reason"), [
    ("ab", "1 ids are missing, namely c"),
    ("abcz", "1 ids are unknown, namely z"),
    ("abz", "1 ids are missing, namely c; 1 ids are unknown, namely z"),
])  # fmt: skip
def test_a_sample_with_other_slides(tmp_path, names, reason):
    sample = tmp_path / "sample_submission.csv"
    sample.write_text("slide,probability,rle\n" + "".join(f"{one},0,\n" for one in names))
    with pytest.raises(PodiumError, match=re.escape(reason)):
        ordered_ids(sample, COLUMNS, list("abc"))


def checked(folder, *cells):
    """The faults of a submission as it stands in its file."""
    table = handed(*cells)
    table.to_csv(folder / "x.csv", index=False)
    return faults(read_submission(folder / "x.csv"), form(folder), table["slide"].tolist())


def test_a_submission_that_fits(tmp_path):
    # slides of 8 x 4 pixels: 32 of them
    fits = (("a", 0.0, ""), ("b", 1.0, "1 32"), ("lost", 0.5, ""), ("c", 0.5, "31 2"))
    assert checked(tmp_path, *fits) == []


@pytest.mark.parametrize(("cells", "reason"), [
    (("b", 1.01, ""), "column probability: 1 cell outside 0 to 1, namely id b: '1.01'"),
    (("b", -0.01, ""), "column probability: 1 cell outside 0 to 1, namely id b: '-0.01'"),
    (("b", float("nan"), ""), "column probability: 1 cell empty, namely id b: ''"),
    (("b", 0.5, "31 3"), "b: a run ends at pixel 33, the slide has 32"),
    (("b", 0.5, "1 2 3"), "b: a run-length encoding has 3 numbers"),
    (("b", 0.5, "4 2 1 1"), "b: the runs of a run-length encoding overlap"),
])  # fmt: skip
def test_a_submission_that_does_not_fit(tmp_path, cells, reason):
    (fault,) = checked(tmp_path, ("a", 0.5, ""), cells)
    assert reason in fault


# ---- answer key


def outlined(folder, name, *boxes):
    (folder / KEY).mkdir(exist_ok=True)
    regions = MultiPolygon([shapely.box(*one) for one in boxes])
    geojson.write(folder / KEY / f"{name}.geojson", regions)


def marked(x0, y0, x1, y1):
    mask = np.zeros((4, 8), dtype=np.uint8)
    mask[y0:y1, x0:x1] = 1
    return rle.encode(mask)


def test_no_answer_key_no_scores(tmp_path):
    assert form(tmp_path).score(handed(("a", 0.5, "")), tmp_path / KEY) == {}


def test_no_readable_slide_no_scores(tmp_path):
    outlined(tmp_path, "a", (0, 0, 4, 4))
    assert form(tmp_path).score(handed(("lost", 0.5, "")), tmp_path / KEY) == {}


def test_scores_counted_by_hand(tmp_path):
    outlined(tmp_path, "a", (0, 0, 4, 4))  # 16 of 32 pixels
    outlined(tmp_path, "c", (6, 0, 8, 2))  # 4
    cells = (
        ("c", 0.75, ""),  # 4 missed
        ("a", 0.5, marked(2, 0, 6, 4)),  # 8 right, 8 wrong, 8 missed
        ("lost", 0.9, ""),  # not readable: not counted
        ("b", 0.6, marked(0, 0, 1, 2)),  # 2 wrong
    )
    found = form(tmp_path).score(handed(*cells), tmp_path / KEY)
    assert {score.n for score in found.values()} == {3}
    value = {name: score.value for name, score in found.items()}
    assert value["tumour_f1"] == pytest.approx(16 / 38)
    assert value["tumour_f1_macro"] == pytest.approx((0 + 0.5 + 0) / 3)
    assert value["iou"] == pytest.approx(8 / 30)
    assert value["precision"] == pytest.approx(8 / 18)
    assert value["recall"] == pytest.approx(8 / 20)
    assert value["background_f1"] == pytest.approx(2 * 66 / (2 * 66 + 22))
    assert found["tumour_f1"].low == 0
    assert found["tumour_f1"].high <= 0.5
    assert value["all_background_tumour_f1"] == 0
    assert value["all_background_tumour_f1_macro"] == pytest.approx(1 / 3)
    assert value["all_background_background_f1"] == pytest.approx(2 * 76 / (2 * 76 + 20))
    assert value["slide_auc"] == 0.5  # c before b, a behind it
    # -ln of .75, .5, .4
    assert value["log_loss"] == pytest.approx((0.2876821 + 0.6931472 + 0.9162907) / 3)


def test_one_kind_of_slides_has_no_auc(tmp_path):
    outlined(tmp_path, "a", (0, 0, 4, 4))
    whole = handed(("a", 0.5, marked(0, 0, 4, 4)))
    found = form(tmp_path).score(whole, tmp_path / KEY)
    assert "slide_auc" not in found
    assert found["tumour_f1"].value == found["tumour_f1"].low == 1


def test_a_tall_slide_is_counted_band_by_band(tmp_path):
    tall = row("t", split="test", width=3, height=1300)
    outlined(tmp_path, "t", (1, 500, 2, 1100))
    mask = np.zeros((1300, 3), dtype=np.uint8)
    mask[600:1200, 1:] = 1
    whole = handed(("t", 0.5, rle.encode(mask)))
    found = form(tmp_path, [tall]).score(whole, tmp_path / KEY)
    assert found["precision"].value == pytest.approx(500 / 1200)
    assert found["recall"].value == pytest.approx(500 / 600)


def test_plain_lines_are_without_run_lengths(tmp_path):
    assert form(tmp_path).plain_lines(handed(("a", 0.5, "1 4"), ("b", 1.0, ""))) == "a 0.5\nb 1.0\n"
