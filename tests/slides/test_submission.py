"""The slide submission: its rows, what is refused, and scores with an answer key."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import MultiPolygon

from podium.competitions import SLIDES
from podium.core.errors import PodiumError
from podium.evaluation.predictions import rows as table_rows
from podium.slides import dataset, marked_classes, rle
from podium.slides.annotations import geojson
from podium.slides.sample import check_columns, read_sample_ids
from podium.slides.slide_classification import CLASSES
from podium.slides.submission import SlideSubmission
from podium.submission.cells import ordered_ids, read_submission
from podium.submission.checking import faults
from podium.submission.format import FormatInputs
from slide_networks import PARAMS, row

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


def test_a_sample_may_ask_for_id_and_rle_only(tmp_path):
    sample = tmp_path / "sample_submission.csv"
    sample.write_text("id,rle\nb,\na,\n")
    assert read_sample_ids(sample) == ["b", "a"]
    put(tmp_path, a="1 4", b="2 3")
    plain = form(tmp_path)
    short = SlideSubmission(replace(plain.inputs, sample=sample))
    found, filled = short.frame(["b", "a"], predicted(a=0.75, b=0.25))
    assert found.to_dict("list") == {"id": ["b", "a"], "rle": ["", "1 4"]}
    assert filled == []
    assert list(short.faults(found)) == []
    (fault,) = short.faults(found.assign(rle=["", "1 999"]))
    assert fault.startswith("1 slide with run")
    (tmp_path / KEY).mkdir()
    geojson.write(tmp_path / KEY / "a.geojson", MultiPolygon([shapely.box(0, 0, 1, 4)]))
    assert short.score(found, tmp_path / KEY)["tumour_f1"].value == 1


def test_several_classes_have_a_column_of_runs_each(tmp_path):
    classes = {"tumour": ["Tumor"], "fat": ["Fat"]}
    params = PARAMS.model_copy(
        update={"slides": PARAMS.slides.model_copy(update={"classes": classes})}
    )
    whole = SlideSubmission(replace(form(tmp_path).inputs, params=params))
    assert whole.columns == ["slide", "probability", "rle tumour", "rle fat"]
    put(tmp_path, a="1 4\n5 4", b="1 2\n")
    with pytest.raises(PodiumError, match=r"json: masks are not of tumour, fat, as .*\nremedy: "):
        whole.frame(["a"], predicted(a=0.75))
    marked_classes.write(tmp_path, ["fat", "tumour"])
    turned, _ = whole.frame(["a", "b"], predicted(a=0.75, b=0.25))
    assert turned.iloc[:, 2:].to_numpy().tolist() == [["5 4", "1 4"], ["", ""]]
    with pytest.raises(PodiumError, match="masks are not of tumour, as"):
        form(tmp_path).frame(["a"], predicted(a=0.75))
    marked_classes.write(tmp_path, ["tumour", "fat"])
    found, _ = whole.frame(["a", "b"], predicted(a=0.75, b=0.25))
    assert found.iloc[:, 2:].to_numpy().tolist() == [["1 4", "5 4"], ["", ""]]
    assert list(whole.faults(found.astype(str))) == []
    (tmp_path / KEY).mkdir()
    boxes = [("Tumor", shapely.box(0, 0, 1, 4)), ("Fat", shapely.box(1, 0, 2, 2))]
    objects = [geojson.Object(shape, name, (0, 0, 0)) for name, shape in boxes]
    geojson.write_objects(tmp_path / KEY / "a.geojson", objects)
    scores = whole.score(found, tmp_path / KEY)
    assert scores["f1_tumour"].value == 1
    assert scores["f1_fat"].value == pytest.approx(2 * 2 / (2 + 4))
    assert scores["tumour_f1"].value == pytest.approx(12 / 14)


def test_training_does_not_name_classes_in_another_order_than_ingestion():
    image, words = "0" * 64, ["a=1", "b=2"]
    content = "-".join([image, image, *words, image])
    rows = [row("x", content=content, annotation="x.geojson"), row("y", annotation="none")]
    marked_classes.refuse_another_order(Path("slides.csv"), rows, words)
    marked_classes.refuse_another_order(Path("slides.csv"), rows[1:], ["a=2", "b=1"])
    with pytest.raises(PodiumError, match=r"^slides\.csv: .* in another order\nremedy: run dvc"):
        marked_classes.refuse_another_order(Path("slides.csv"), rows, ["a=2", "b=1"])


def test_the_area_of_a_test_slide_and_labels_that_nobody_knows(tmp_path):
    outlined(tmp_path, "a", (0, 0, 4, 4))  # of which the right half was looked at
    outlined(tmp_path, "b", (0, 0, 4, 4))
    rows = [row("a", split="test", label="", area="4 0 4 4"), *ROWS[1:]]
    cells = ("a", 0.9, marked(0, 0, 4, 4)), ("b", 0.75, marked(0, 0, 4, 4)), ("c", 0.5, "")
    found = form(tmp_path, rows).score(handed(*cells), tmp_path / KEY)
    assert found["tumour_f1"].value == 1
    assert found["slide_auc"].n == 2
    assert found["log_loss"].value == pytest.approx((0.2876821 + 0.6931472) / 2)
    nobody = form(tmp_path, rows).score(handed(cells[0]), tmp_path / KEY)
    assert not {"slide_auc", "log_loss"} & set(nobody)


@pytest.mark.parametrize(("header", "classes", "wanted"), [
    ("id,rle", ["a", "b"], "slide, probability, rle a, rle b"),
    ("slide,probability,rle", ["a", "b"], "slide, probability, rle a, rle b"),
    ("slide,probability,rle b,rle a", ["a", "b"], "slide, probability, rle a, rle b"),
    ("slide,probability,rle a,rle b", ["tumour"], "slide, probability, rle"),
    ("id,rle", ["tumour"], ""),
    ("slide,probability,rle", ["tumour"], ""),
    ("slide,probability,rle a,rle b", ["a", "b"], ""),
])  # fmt: skip
def test_a_sample_that_asks_for_other_classes(tmp_path, header, classes, wanted):
    sample = tmp_path / "sample_submission.csv"
    check_columns(sample, classes)  # no sample
    sample.write_text(f"{header}\n")
    if not wanted:
        return check_columns(sample, classes)
    with pytest.raises(PodiumError) as caught:
        check_columns(sample, classes)
    first, remedy = str(caught.value).splitlines()
    columns = ", ".join(header.split(","))
    assert first == f"{sample}: its columns are {columns}; those of slides.classes are {wanted}"
    assert remedy.startswith("remedy: name the classes of slides.classes as the sample does")
