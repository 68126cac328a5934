"""Bad tables, samples and settings get one clear message at ingestion, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from photos.competitions import CLASSES, TEST, TRAIN, cactus, plant, put, table
from podium.core.errors import PodiumError
from podium.core.params import Photos
from podium.evaluation.task import SampleStyle, usual_classes
from podium.photos.dataset import Dataset
from podium.photos.layout import NO_TABLE, places_of, read_dataset
from podium.pictures.source import PictureSource

NAMES = [f"p{k:03d}.jpg" for k in range(TRAIN + TEST)]
CACTUS = {"train": "train", "test": "test", "table": "train.csv", "id": "id",
          "targets": ["has_cactus"], "sample": "sample_submission.csv"}  # fmt: skip
PLANT = {"train": "images", "test": "images", "table": "train.csv", "id": "image_id",
         "test_table": "test.csv", "targets": ["rust", "healthy", "scab"],
         "sample": "sample_submission.csv"}  # fmt: skip


def read(
    root: Path, layout: dict[str, object], metric: str = "auc", target: str = "auto",
    tolerance: float = 0.05, source: str = "raw",
) -> Dataset:  # fmt: skip
    settings = NO_TABLE.model_copy(update=layout)
    photos = Photos(
        source=source, max_megapixels=9.0, metric=metric, target=target, layout=settings
    )
    return read_dataset(PictureSource(root, places_of(photos)), photos, tolerance)


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def raw(tmp_path):
    cactus(tmp_path)
    return tmp_path


def refusal(root, layout=CACTUS, **options) -> PodiumError:
    with pytest.raises(PodiumError) as caught:
        read(root, layout, **options)
    message = str(caught.value)
    assert message.count("\n") <= 2
    assert "\nremedy: " in message or ": an id is" in message
    return caught.value


def test_the_raw_folder_is_fine(raw):
    dataset = read(raw, CACTUS)
    assert [entry.label for _, entry in dataset.entries][:3] == ["0", "1", "0"]
    assert dataset.left_out == []


def test_ids_that_match_no_picture_show_three_of_each_side(raw):
    table(raw / "train.csv", ["id", "has_cactus"], [(f"q{k}", k % 2) for k in range(9)])
    error = refusal(raw)
    assert str(error).splitlines() == [
        f"{raw}/train.csv: column id names no picture: it holds 'q0', 'q1', 'q2'; the pictures are "
        "'p000.jpg', 'p001.jpg', 'p002.jpg'",
        "likely rule: an id is the file name, with or without suffix and folder",
        "remedy: name the column (podium inspect photos --id COLUMN --write), or rename the files",
    ]


def test_ids_that_are_there_twice(raw):
    rewrite(raw / "train.csv", "p003.jpg,1", "p002.jpg,1")
    assert "train.csv: 1 ids occur more than once, namely p002.jpg" in str(refusal(raw))


def test_two_rows_of_one_picture_written_two_ways(raw):
    rewrite(raw / "train.csv", "p003.jpg,1", "a/p002.jpg,1")
    rewrite(raw / "train.csv", "p004.jpg", "a/p004.jpg")
    assert "'p002.jpg' and 'a/p002.jpg' mean one picture" in str(refusal(raw))


def test_rows_without_a_picture_and_pictures_without_a_row_are_listed(raw):
    (raw / "train/p003.jpg").unlink()
    put(raw / "train/extra.jpg", 1)
    dataset = read(raw, CACTUS)
    assert [(split, entry.id, entry.path, entry.fault) for split, entry in dataset.left_out] == [
        ("", "p003.jpg", "", "row of train.csv without a picture"),
        ("", "extra", "train/extra.jpg", "picture without a row in train.csv"),
    ]
    error = refusal(raw, tolerance=0.01)
    assert "1 of 24 rows have no picture (e.g. p003.jpg); 1 pictures have no row (e.g. extra);" in (
        str(error)
    )
    assert "ingest_photos.max_unreadable = 0.01" in str(error)


def test_test_rows_are_never_dropped(raw):
    (raw / "test/p030.jpg").unlink()
    dataset = read(raw, CACTUS, tolerance=0.2)
    assert [(split, entry.id) for split, entry in dataset.left_out] == [("test", "p030.jpg")]
    error = refusal(raw)
    assert "sample_submission.csv: 1 ids are unknown, namely p030.jpg" in str(error)


def test_a_sample_that_names_other_pictures(raw):
    rows = [(f"q{k}", 0.5) for k in range(TEST)]
    table(raw / "sample_submission.csv", ["id", "has_cactus"], rows)
    assert "sample_submission.csv: column id names no picture: it holds 'q0'" in str(refusal(raw))
    rows = [(name, 0.5) for name in NAMES[TRAIN:-2]]
    table(raw / "sample_submission.csv", ["id", "has_cactus"], rows)
    assert "2 ids are missing, namely p030, p031" in str(refusal(raw))


@pytest.mark.parametrize(
    ("layout", "says", "code"),
    [
        ({"table": "no.csv"}, "photos.layout.table: {raw}/no.csv: no such table", 2),
        ({"id": "name"}, "{raw}/train.csv: no column 'name'; it has id, has_cactus", 2),
        ({"targets": ["label"]}, "{raw}/train.csv: no column 'label'", 2),
        ({"group": "patient"}, "{raw}/train.csv: no column 'patient'", 2),
        ({"id": ""}, "photos.layout.id: empty, but photos.layout.table is train.csv", 2),
        ({"targets": []}, "photos.layout.targets: empty, but photos.layout.table is", 2),
        ({"table": ""}, "photos.layout.id: says something of a table, but photos.layout.tab", 2),
        ({"train": "pictures"}, "photos.layout.train: {raw} has no folder and no zip 'pict", 2),
        ({"sample": "s.zip!s.csv"}, "photos.layout.sample: {raw}/s.zip!s.csv: no such table", 2),
        ({"sample": "no.csv"}, "photos.layout.sample: {raw}/no.csv: no such table", 2),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_settings_that_name_what_is_not_there(raw, layout, says, code):
    error = refusal(raw, {**CACTUS, **layout})
    assert str(error).startswith(says.format(raw=raw))
    assert error.exit_code == code


@pytest.mark.parametrize(
    ("metric", "target", "says", "code"),
    [
        ("auto", "auto", "photos.metric: auto, but the labels are in {raw}/train.csv: no file", 2),
        ("rmse", "class", "photos.metric: rmse is for number, the target is classes", 2),
        ("aucc", "auto", "photos.metric: aucc: no such metric; did you mean auc?", 2),
    ],
)
def test_a_metric_that_does_not_fit(raw, metric, target, says, code):
    error = refusal(raw, metric=metric, target=target)
    assert str(error).startswith(says.format(raw=raw))
    assert error.exit_code == code


@pytest.mark.parametrize("cell", ["NaN", "", "many", "1_0", "inf"])
def test_text_among_numbers(raw, cell):
    rewrite(raw / "train.csv", "p003.jpg,1", f"p003.jpg,{cell}")
    says = "is empty in row 'p003.jpg'" if not cell else f"e.g. {cell!r} (row 'p003.jpg')"
    assert says in str(refusal(raw, metric="rmse"))


def test_one_label_only(raw):
    table(raw / "train.csv", ["id", "has_cactus"], [(name, 1) for name in NAMES[:TRAIN]])
    assert "train.csv: all train pictures are of one class, '1'" in str(refusal(raw))


ODD = ["NA", "007", "1.0", "two words", 'a,"b"', "Ärger", "🐱", "-1"]


def test_labels_stay_texts(raw):
    rows = [(name, ODD[k % 8]) for k, name in enumerate(NAMES[:TRAIN])]
    table(raw / "train.csv", ["id", "has_cactus"], rows)
    dataset = read(raw, CACTUS, metric="accuracy")
    assert [entry.label for _, entry in dataset.entries][:8] == ODD
    assert dataset.task(set(ODD)).names == tuple(sorted(ODD))


def test_a_class_in_the_sample_that_train_lacks(raw):
    rows = [(name, 0.5, 0.5) for name in NAMES[TRAIN:]]
    table(raw / "sample_submission.csv", ["id", "1", "maybe"], rows)
    error = refusal(raw, metric="log_loss")
    assert "1 of its columns are no class of the train pictures, e.g. maybe; those are 0, 1" in (
        str(error)
    )
    table(raw / "sample_submission.csv", ["id", "1", "0"], rows)
    table(
        raw / "train.csv", ["id", "has_cactus"], [(n, k % 3) for k, n in enumerate(NAMES[:TRAIN])]
    )
    assert "no column for 1 classes of the train pictures, e.g. 2" in str(
        refusal(raw, metric="log_loss")
    )


def test_a_sample_and_a_metric_that_do_not_go_together(raw):
    rows = [(n, "abc"[k % 3]) for k, n in enumerate(NAMES[:TRAIN])]
    table(raw / "train.csv", ["id", "has_cactus"], rows)
    error = refusal(raw, metric="log_loss")
    assert "it wants one class in column 'has_cactus', but photos.metric is log_loss" in str(error)
    table(raw / "sample_submission.csv", ["id"], [(name,) for name in NAMES[TRAIN:]])
    assert "its only column is 'id'; what to predict is missing" in str(refusal(raw))


@pytest.mark.parametrize(
    ("metric", "cell", "cells"),
    [
        ("rmse", "1", "number"),
        ("own.code:score", "1", "whole"),
        ("own.code:score", "1.5", "number"),
    ],
)
def test_whole_numbers_are_handed_in_where_all_are_whole(raw, metric, cell, cells):
    rows = [(name, cell) for name in NAMES[TRAIN:]]
    table(raw / "sample_submission.csv", ["id", "has_cactus"], rows)
    dataset = read(raw, CACTUS, metric=metric, target="number")
    assert dataset.task(set()).sample == SampleStyle(("id", "has_cactus"), cells)


def test_a_picture_that_no_table_names(tmp_path):
    plant(tmp_path)
    put(tmp_path / "images/odd.jpg", 3)
    (tmp_path / "images/p003.jpg").unlink()
    dataset = read(tmp_path, PLANT, metric="mean_auc", tolerance=0.2)
    assert [(split, entry.id) for split, entry in dataset.left_out] == [("", "p003"), ("", "odd")]
    put(tmp_path / "images/p003.jpg", 3)
    assert "1 pictures have no row (e.g. odd)" in str(refusal(tmp_path, PLANT, metric="mean_auc"))


def test_folders_without_a_table_stay_as_they_were(tmp_path):
    for k, name in enumerate(NAMES[:TRAIN]):
        put(tmp_path / "train" / CLASSES[k % 3] / name, k)
    put(tmp_path / "test/1.jpg", 99)
    dataset = read(tmp_path, {}, metric="auto")
    assert dataset.task(set(CLASSES)) == usual_classes(tuple(sorted(CLASSES)))
    assert list(dataset.columns.columns) == ["id"]
    assert dataset.entries[-1][1].id == "1"


@pytest.mark.parametrize(
    ("metric", "names", "says"),
    [
        ("quadratic_kappa", ("0", "1", "10"), ("ordered", ("0", "1", "10"))),
        ("rmse", ("0", "1.5", "10"), ("number", ())),
        ("accuracy", ("apple rust", "pear rust", "rust"), ("class", ("apple rust", "pear rust",
                                                                     "rust"))),
    ],
)  # fmt: skip
def test_folders_may_be_named_by_grades_and_numbers(tmp_path, metric, names, says):
    for k, name in enumerate(NAMES[:TRAIN]):
        put(tmp_path / "train" / names[k % 3] / name, k)
    found = read(tmp_path, {}, metric=metric).targets
    assert (found.answer, found.names) == says


@pytest.mark.parametrize(
    ("header", "cell", "metric", "style"),
    [
        (["id", "label"], "0.5", "auto", SampleStyle(("id", "label"), "probabilities", ("dog",))),
        (["id", "cat"], "0.5", "auto", SampleStyle(("id", "cat"), "probabilities", ("cat",))),
        (["file", "kind"], "cat", "accuracy", SampleStyle(("file", "kind"), "class")),
        (["id", "dog", "cat"], "1", "auc",
         SampleStyle(("id", "dog", "cat"), "probabilities", ("dog", "cat"))),
        (["id", "best"], "cat dog", "map@2", SampleStyle(("id", "best"), "best", k=2)),
    ],
)  # fmt: skip
def test_a_sample_of_class_folders_is_obeyed(tmp_path, header, cell, metric, style):
    for k, name in enumerate(NAMES[:TRAIN]):
        put(tmp_path / "train" / ("cat", "dog")[k % 2] / name, k)
    put(tmp_path / "test/t.1.jpg", 99)
    row = ("t.1.jpg" if header[0] == "file" else "t.1", *([cell] * (len(header) - 1)))
    table(tmp_path / "sample_submission.csv", header, [row])
    dataset = read(tmp_path, {}, metric=metric)
    assert dataset.task({"cat", "dog"}).sample == style
    assert dataset.entries[-1][1].id == row[0]


def test_class_names_for_log_loss_are_refused_without_a_table_too(tmp_path):
    for k, name in enumerate(NAMES[:TRAIN]):
        put(tmp_path / "train" / ("cat", "dog")[k % 2] / name, k)
    put(tmp_path / "test/1.jpg", 99)
    table(tmp_path / "sample_submission.csv", ["id", "kind"], [("1", "cat")])
    assert "it wants one class in column 'kind'" in str(refusal(tmp_path, {}, metric="auto"))


def test_the_layout_is_of_raw_pictures_only(tmp_path):
    for k, name in enumerate(NAMES[:TRAIN]):
        put(tmp_path / "train" / ("cat", "dog")[k % 2] / name, k)
    assert len(read(tmp_path, CACTUS, metric="auto", source="standin").entries) == TRAIN


def test_unreadable_rows_keep_their_ids(raw):
    (raw / "test/p030.jpg").unlink()
    (raw / "test/p030.heic").write_bytes(b"x")
    entries = {entry.id: entry for split, entry in read(raw, CACTUS).entries if split == "test"}
    assert entries["p030.jpg"].fault.startswith(".heic pictures are not read")
