"""From the files of a competition to its settings, its items and its task, without another step."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from house import House, make_params, make_photos
from photos.competitions import CLASSES, SHOWN, TEST, TRAIN, put, table
from pictures.test_idx import mnist
from podium.cli import app
from podium.core.params import load_params
from podium.evaluation.task import PictureTask, SampleStyle, read_task
from podium.photos.inspection.places import pattern_of
from podium.photos.inspection.targets import choose_beside, group_candidates
from podium.pictures.dataset import read_items


class Place:
    """A competition's files in the raw folder of a project of its own."""

    def __init__(self, root: Path, name: str = "") -> None:
        self.root, self.raw = root, root / "data/raw/photos"
        self.raw.mkdir(parents=True)
        if name:
            SHOWN[name][0](self.raw)
        self.metric = SHOWN[name][1] if name else ""
        self.params = make_params(root, photos__source="standin")
        self.house = House(root, self.raw, self.params)

    def inspect(self, *words: str) -> tuple[int, str]:
        places = ["--source", self.raw, "--params", self.params, "--sheet", self.root / "s.png"]
        command = ["inspect", "photos", *places, *words]
        result = CliRunner().invoke(app, [str(word) for word in command])
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result.exit_code, result.output

    def settle(self, *words: str) -> str:
        words = words or ("--metric", self.metric)
        code, text = self.inspect(*words, "--write")
        assert code == 0, text
        return text

    def layout(self) -> dict[str, Any]:
        photos = load_params(self.params).photos
        assert photos.source == "raw"
        return {key: value for key, value in photos.layout.model_dump().items() if value}

    def ingest(self) -> tuple[PictureTask, list[dict[str, str]]]:
        self.house.ingest()
        rows = read_items(self.house.items).to_dict("records")
        return read_task(self.house.task), rows

    def rows(self, path: Path) -> list[list[str]]:
        with path.open(newline="") as file:
            return list(csv.reader(file))


@pytest.fixture
def place(tmp_path):
    return lambda name="": Place(tmp_path, name)


def labels(rows: list[dict[str, str]]) -> list[str]:
    return [row["label"] for row in rows if row["split"] == "train"]


def ids(rows: list[dict[str, str]], split: str) -> list[str]:
    return [row["id"] for row in rows if row["split"] == split]


TWO = SampleStyle(("id", "has_cactus"), "probabilities", ("1",))
TASKS = {
    "cactus": PictureTask("classes", ("0", "1"), "auc", TWO),
    "breed": PictureTask(
        "classes", tuple(sorted(CLASSES)), "log_loss",
        SampleStyle(("id", "chêne", "ash", "Birke"), "probabilities", ("chêne", "ash", "Birke")),
    ),
    "histo": PictureTask(
        "classes", ("0", "1"), "auc", SampleStyle(("id", "label"), "probabilities", ("1",))
    ),
    "plant": PictureTask(
        "classes", ("healthy", "rust", "scab"), "mean_auc",
        SampleStyle(("image_id", "rust", "healthy", "scab"), "probabilities",
                    ("rust", "healthy", "scab")),
    ),
    "aptos": PictureTask(
        "classes", ("0", "1", "2"), "quadratic_kappa",
        SampleStyle(("id_code", "diagnosis"), "class"), ordered=True,
    ),
    "cassava": PictureTask(
        "classes", ("0", "1", "2"), "accuracy", SampleStyle(("image_id", "label"), "class")
    ),
    "catheters": PictureTask(
        "labels", ("ETT - Normal", "NGT", "CVC"), "mean_auc",
        SampleStyle(("StudyInstanceUID", "ETT - Normal", "NGT", "CVC"), "probabilities",
                    ("ETT - Normal", "NGT", "CVC")),
    ),
    "melanoma": PictureTask(
        "classes", ("0", "1"), "auc",
        SampleStyle(("image_name", "target"), "probabilities", ("1",)), columns=("sex", "age"),
    ),
    "seedlings": PictureTask(
        "classes", ("Common wheat", "Maize", "Sugar beet"), "micro_f1",
        SampleStyle(("file", "species"), "class"),
    ),
    "herbarium": PictureTask(
        "classes", ("100", "101", "102"), "macro_f1", SampleStyle(("Id", "Predicted"), "class")
    ),
    "pawpularity": PictureTask(
        "number", (), "rmse", SampleStyle(("Id", "Pawpularity"), "number"), columns=("Eyes",),
        whole=True,
    ),
    "whales": PictureTask(
        "classes", tuple(f"w_{k}" for k in range(8)), "map@5",
        SampleStyle(("Image", "Id"), "best", k=5),
    ),
    "apples": PictureTask(
        "labels", ("healthy", "rust", "scab"), "micro_f1",
        SampleStyle(("image", "labels"), "labels"),
    ),
    "bare": PictureTask(
        "classes", tuple(sorted(CLASSES)), "log_loss",
        SampleStyle(("id", *sorted(CLASSES)), "probabilities", tuple(sorted(CLASSES))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_one_command_leads_from_files_to_the_task(place, name):
    place = place(name)
    text = place.settle()
    task, rows = place.ingest()
    assert task == TASKS[name]
    n_test = TEST if name != "bare" else 0
    assert (len(ids(rows, "train")), len(ids(rows, "test"))) == (TRAIN, n_test)
    sample = place.raw / "sample_submission.csv"
    if n_test:
        assert sorted(ids(rows, "test")) == sorted(row[0] for row in place.rows(sample)[1:])
    assert f"+  metric: {place.metric}" in text.replace("'", "")
    with Image.open(place.root / "s.png") as sheet:
        assert sheet.size[0] == 8 * 112
    assert "already has these settings" in place.settle()


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("cactus", {"train": "train", "test": "test", "table": "train.csv", "id": "id",
                    "targets": ["has_cactus"], "sample": "sample_submission.csv"}),
        ("plant", {"train": "images", "test": "images", "table": "train.csv", "id": "image_id",
                   "test_table": "test.csv", "targets": ["rust", "healthy", "scab"],
                   "sample": "sample_submission.csv"}),
        ("melanoma", {"train": "jpeg/train", "test": "jpeg/test", "table": "train.csv",
                      "test_table": "test.csv", "id": "image_name", "targets": ["target"],
                      "group": "patient_id", "columns": ["sex", "age"],
                      "sample": "sample_submission.csv"}),
        ("whales", {"train": "imgs.zip!imgs/train", "test": "imgs.zip!imgs/test",
                    "table": "train.csv", "id": "Image", "targets": ["Id"],
                    "sample": "sample_submission.csv"}),
        ("apples", {"train": "train_images", "test": "test_images", "table": "train.csv",
                    "id": "image", "targets": ["labels"], "separator": " ",
                    "sample": "sample_submission.csv"}),
        ("bare", {"train": "PetImages"}),
        ("seedlings", {"train": "train", "test": "test", "sample": "sample_submission.csv"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_settings_say_where_everything_is(place, name, layout):
    place = place(name)
    place.settle()
    assert place.layout() == layout


def test_groups_columns_and_labels_reach_the_items(place):
    place = place("melanoma")
    text = place.settle()
    _, rows = place.ingest()
    assert [row["group"] for row in rows][:4] == ["IP_0", "IP_0", "IP_1", "IP_1"]
    assert {row["group"] for row in rows if row["split"] == "test"} == {""}
    columns = place.rows(place.house.columns)
    assert columns[:3] == [["id", "sex", "age"], ["p000", "m", "30"], ["p001", "f", "31"]]
    assert columns[-1] == ["p031", "", "50"]
    assert "patient_id: its name says so, and 12 values stand for 24 rows" in text
    assert "diagnosis: not in a test table" in text


def test_labels_and_patients(place):
    place = place("catheters")
    text = place.settle()
    _, rows = place.ingest()
    assert labels(rows)[:4] == ["NGT;CVC", "ETT - Normal", "-", "ETT - Normal;CVC"]
    assert [row["group"] for row in rows][:4] == ["p0", "p0", "p0", "p1"]
    assert ids(rows, "train")[0] == "1.2.826.0.0"
    assert "train_annotations.csv fits the sample less, or has several rows a picture" in text


def test_ids_of_both_splits_are_told_apart(place):
    place = place("herbarium")
    place.settle()
    _, rows = place.ingest()
    assert ids(rows, "test") == [str(k) for k in range(TEST)]
    assert ids(rows, "train")[:2] == ["train/0", "train/1"]
    assert labels(rows)[:3] == ["100", "101", "102"]


def test_a_json_that_maps_ids_to_files(place):
    place = place()
    for split, n in (("train2019", TRAIN), ("test2019", TEST)):
        images = [{"id": 900 + k, "file_name": f"{split}/{k * 7:x}.jpg"} for k in range(n)]
        for k, image in enumerate(images):
            put(place.raw / image["file_name"], k, k % 2)
        told = {"images": images}
        if split == "train2019":
            told["annotations"] = [{"image_id": 900 + k, "category_id": k % 2} for k in range(n)]
        (place.raw / f"{split}.json").write_text(json.dumps(told))
    sample = place.raw / "kaggle_sample_submission.csv"
    table(sample, ["id", "predicted"], [(900 + k, 1) for k in range(TEST)])
    place.settle("--metric", "accuracy")
    _, rows = place.ingest()
    assert place.layout() == {
        "train": "train2019", "test": "test2019", "table": "train2019.json",
        "test_table": "test2019.json", "id": "id", "file": "file_name",
        "targets": ["category_id"], "sample": "kaggle_sample_submission.csv",
    }  # fmt: skip
    assert {row["id"]: row["path"] for row in rows}["903"] == "test2019/15.jpg"
    assert ids(rows, "train")[0] == "train/900"


def test_zipped_tables_and_other_delimiters(place):
    place = place("breed")
    (place.raw / "labels.csv").write_text(
        (place.raw / "labels.csv").read_text().replace(",", "\t"), encoding="utf-8"
    )
    (place.raw / "labels.csv").rename(place.raw / "labels.tsv")
    shutil.make_archive(str(place.raw / "labels.tsv"), "zip", place.raw, "labels.tsv")
    (place.raw / "labels.tsv").unlink()
    place.settle()
    assert place.layout()["table"] == "labels.tsv.zip!labels.tsv"
    assert place.ingest()[0] == TASKS["breed"]


QUESTIONS = {
    "metric": ("cactus", [], "--metric: what the competition is scored by: log_loss, auc,"),
    "table": ("two tables", [], "--table: which table holds the labels: a.csv, b.csv, or none"),
    "target": ("no sample", [], "--target: which column is the target: breed, size"),
    "group": ("two groups", [], "--group: which pictures must stay in one fold: patient (8 "
              "values), camera (4 values), or none"),
    "train": ("two folders", [], "--train: which holds the train pictures: train_64 (24 "
              "pictures), train_128 (24 pictures)"),
    "sample": ("two samples", [], "--sample: which is the sample submission: "),
    "names": ("folders and a table", [], "--table: labels may be in labels.csv or in the names of"),
    "kind": ("two readings", ["--metric", "micro_f1"], "can be read two ways: 'apple rust' is one"),
}  # fmt: skip


FRUITS = [f"{fruit} {fault}" for fruit in ("apple", "pear") for fault in ("rust", "scab")]
TABLES = {  # puzzle -> the columns behind the id, and their values
    "no sample": {"breed": CLASSES, "size": range(TRAIN)},
    "two groups": {"breed": CLASSES, "patient": [f"p{k // 3}" for k in range(TRAIN)],
                   "camera": ["c0", "c1", "c2", "c3"]},
    "two readings": {"breed": FRUITS},
}  # fmt: skip


def puzzle(place: Place, name: str) -> None:
    """Files that can be read two ways."""
    raw, names = place.raw, [f"p{k:02d}.jpg" for k in range(TRAIN)]
    if name in SHOWN:
        return SHOWN[name][0](raw)
    for k, each in enumerate(names):
        put(raw / "train" / (f"{'ab'[k % 2]}/{each}" if name == "folders and a table" else each), k)
    columns = TABLES.get(name, {"breed": CLASSES})
    rows = [(each, *(values[k % len(values)] for values in columns.values()))
            for k, each in enumerate(names)]  # fmt: skip
    two = {"two tables": ("a.csv", "b.csv")}.get(name, ("labels.csv",))
    for path in two:
        table(raw / path, ["id", *columns], rows)
    if name == "two folders":
        (raw / "train").rename(raw / "train_64")
        shutil.copytree(raw / "train_64", raw / "train_128")
    if name == "two samples":
        for sample in ("sample_submission.csv", "stage1_sample.csv"):
            table(raw / sample, ["id", "breed"], [(1, 0)])
    return None


@pytest.mark.parametrize(("name", "words", "says"), QUESTIONS.values(), ids=QUESTIONS)
def test_two_readings_are_asked_for_and_nothing_is_written(place, name, words, says):
    place = place()
    puzzle(place, name)
    before = place.params.read_text()
    code, text = place.inspect(*words, "--write")
    assert code == 2
    assert says in text
    assert "remedy: " in text
    assert place.params.read_text() == before


@pytest.mark.parametrize(
    ("name", "words", "key", "value"),
    [
        ("two tables", ["--table", "b.csv"], "table", "b.csv"),
        ("no sample", ["--target", "breed"], "targets", ["breed"]),
        ("two groups", ["--group", "none"], "group", ""),
        ("two groups", ["--group", "camera"], "group", "camera"),
        ("two groups", ["--group", "camera"], "columns", []),
        ("two folders", ["--train", "train_64"], "train", "train_64"),
        ("folders and a table", ["--table", "none"], "table", ""),
        ("folders and a table", ["--table", "labels.csv"], "table", "labels.csv"),
        ("two samples", ["--sample", "none"], "sample", ""),
        ("melanoma", ["--columns", "none"], "columns", []),
        ("melanoma", ["--group", "none", "--columns", "age"], "columns", ["age"]),
    ],
)
def test_an_option_answers_its_question(place, name, words, key, value):
    place = place()
    puzzle(place, name)
    place.settle("--metric", "accuracy" if name != "melanoma" else "auc", *words)
    assert getattr(load_params(place.params).photos.layout, key) == value
    place.ingest()


def test_the_target_may_say_the_kind(place):
    place = place("aptos")
    place.settle("--metric", "rmse", "--target", "number")
    assert place.ingest()[0].kind == "number"
    place.settle("--metric", "accuracy", "--target", "diagnosis", "--target", "ordered")
    assert place.ingest()[0].ordered
    code, text = place.inspect("--metric", "rmse", "--kind", "class")
    assert (code, "rmse is for number, the target is classes" in text) == (2, True)


def test_a_known_competition_brings_metric_and_target(place):
    place = place("aptos")
    text = place.settle("--competition", "aptos2019-blindness-detection")
    assert "openai/mle-bench: mlebench/competitions/aptos2019-blindness-detection/grade.py" in text
    assert place.ingest()[0] == TASKS["aptos"]


def test_a_table_of_several_rows_a_picture_is_not_the_one_of_labels(place):
    place = place("breed")
    rows = [(f"p.{k // 2:03d}.x", CLASSES[k % 3], k) for k in range(2 * TRAIN)]
    table(place.raw / "boxes.csv", ["id", "breed", "x0"], rows)
    assert "boxes.csv fits the sample less, or has several rows a picture" in place.settle()
    assert place.layout()["table"] == "labels.csv"


def test_groups_are_columns_whose_name_says_so_and_whose_values_repeat():
    columns = {"id": range(20), "patient": [k // 2 for k in range(20)], "study": range(20),
               "colour": [k % 3 for k in range(20)], "site_id": ["a"] * 20}  # fmt: skip
    assert group_candidates(pd.DataFrame(columns), ["id"]) == {"patient": 10}


def test_columns_beside_the_pictures_are_those_that_tell_something():
    n = 120
    columns = {"age": ["NA", *range(1, n)], "sex": ["m", "f"] * 60,
               "note": [f"text {k}" for k in range(n)], "same": ["1"] * n,
               "width": range(n), "gone": range(n)}  # fmt: skip
    table = pd.DataFrame(columns).astype(str)
    assert choose_beside(table, table.drop(columns="gone"), []) == (
        ["age", "sex"],
        {"note": "120 different texts", "same": "the same in all rows", "width": "about the file",
         "gone": "not in a test table"},
    )  # fmt: skip


def test_classes_below_a_folder_in_train(place):
    place = place()
    for k in range(TRAIN):
        put(place.raw / "data.zip_files/train/images" / CLASSES[k % 3] / f"{k}.jpg", k)
    text = place.settle("--metric", "accuracy")
    assert place.layout() == {"train": "data.zip_files/train/images"}
    assert place.ingest()[0].names == tuple(sorted(CLASSES))
    assert "no sample: id, label; each row holds the name of one class" in text


def test_test_rows_are_named_by_their_table_where_there_is_no_sample(place):
    place = place("plant")
    (place.raw / "sample_submission.csv").unlink()
    place.settle("--metric", "mean_auc", "--target", "rust", "--target", "healthy",
                 "--target", "scab")  # fmt: skip
    _, rows = place.ingest()
    assert ids(rows, "test") == [f"p{k:03d}" for k in range(TRAIN, TRAIN + TEST)]
    assert place.layout()["test_table"] == "test.csv"


def test_without_a_metric_class_folders_are_scored_by_log_loss_and_it_is_said(place):
    place = place("bare")
    code, text = place.inspect("--write")
    assert code == 0
    assert "metric      log_loss as nobody said another: --metric" in text
    assert load_params(place.params).photos.metric == "auto"


@pytest.mark.parametrize("zipped", [False, True], ids=["folders", "zips"])
def test_kaggles_dogs_and_cats_stay_as_they_are(tmp_path, zipped):
    raw = make_photos(tmp_path / "house")
    place = Place(tmp_path / "place")
    shutil.copytree(raw, place.raw, dirs_exist_ok=True)
    for split in ("train", "test") if zipped else ():
        shutil.make_archive(str(place.raw / split), "zip", place.raw / split)
        shutil.rmtree(place.raw / split)
    place.house.params = make_params(place.root)
    place.ingest()
    written = [place.house.items, place.house.task, place.house.columns, place.house.quarantine]
    before = [path.read_bytes() for path in written]
    place.house.params = place.params
    place.settle("--competition", "dogs-vs-cats-redux-kernels-edition")
    place.ingest()
    assert [path.read_bytes() for path in written] == before


def test_what_lies_there_is_said(place):
    place = place("plant")
    shutil.copy(place.raw / "images/p003.jpg", place.raw / "images/p004.jpg")
    (place.raw / "readme.txt").write_text("x")
    code, text = place.inspect("--metric", "mean_auc")
    assert code == 0
    said = [line.split(maxsplit=1) for line in text.splitlines() if " " in line]
    topics = {topic: rest for topic, rest in said}
    assert topics["pictures"] == "32 in all: 32 .jpg"
    assert topics["test"] == "8 pictures: 8 .jpg; e.g. images/p024.jpg"
    assert (
        topics["sizes"] == "of 32 looked at, 32 have a header: 24x20 px (32); from 24x20 to 24x20"
    )
    assert topics["copies"].startswith("1 pictures have the bytes of another, e.g. images/p004.jpg")
    assert topics["counts"] == "3 names: healthy 8, rust 8, scab 8"
    assert topics["left"] == "out    no pictures and no tables: 1 .txt"
    assert "nothing is written" in text


def test_an_empty_folder_and_an_unknown_kind(place):
    place = place()
    code, text = place.inspect()
    assert (code, "no pictures\nremedy: put the competition's files there" in text) == (1, True)
    code, text = place.inspect("--kind", "clas")
    assert (code, "--kind: 'clas' is none of class, labels" in text) == (2, True)


def test_zeros_and_ones_for_each_class_are_decisions_of_a_decision_metric(place):
    place = place("plant")
    rows = [[name, 0, 1, 0] for name in (f"p{k:03d}" for k in range(TRAIN, TRAIN + TEST))]
    table(place.raw / "sample_submission.csv", ["image_id", "rust", "healthy", "scab"], rows)
    place.metric = "micro_f1"
    assert "1 or 0, whether a picture has rust, healthy, scab" in place.settle()
    assert place.ingest()[0].sample.cells == "decisions"


def test_several_zips_of_one_split_are_one_place(place):
    place = place("cactus")
    for number, stems in enumerate((range(TRAIN // 2), range(TRAIN // 2, TRAIN)), start=1):
        with zipfile.ZipFile(place.raw / f"train_{number}.zip", "w") as archive:
            for k in stems:
                archive.write(place.raw / f"train/p{k:03d}.jpg", f"p{k:03d}.jpg")
    shutil.rmtree(place.raw / "train")
    place.settle()
    assert place.layout()["train"] == "train_*.zip"
    assert len(labels(place.ingest()[1])) == TRAIN


def test_parts_of_a_zip_are_named(place):
    place = place("cactus")
    (place.raw / "train.zip.001").write_bytes(b"x")
    assert "left out    train.zip.001: part of a zip: join all parts first" in place.settle()
    shutil.rmtree(place.raw / "train")
    shutil.rmtree(place.raw / "test")
    code, text = place.inspect()
    assert (code, "train.zip.001: part of a zip" in text) == (1, True)


@pytest.mark.parametrize(
    ("zips", "place"),
    [
        (["train_1.zip", "train_2.zip"], "train_*.zip"),
        (["a/train.zip", "a/train2.zip"], "a/train*.zip"),
        (["train_19.zip", "train_10.zip"], "train_*.zip"), (["train_a.zip", "train_b.zip"], ""),
        (["train.zip", "train_64px.zip"], ""), (["train.zip"], ""), (["train", "train_2.zip"], ""),
    ],
)  # fmt: skip
def test_zips_that_differ_by_a_number(zips, place):
    assert pattern_of(zips) == place


@pytest.mark.parametrize("folder", ["", "MNIST/raw"])
def test_mnists_own_files_become_items(place, rng, folder):
    place = place()
    mnist(place.raw / folder, rng, TRAIN, TEST)
    mnist(place.raw / folder, rng, TRAIN, TEST, end=".gz")  # unpacked beside what was downloaded
    text = place.settle("--metric", "accuracy")
    assert f"train       {TRAIN} pictures: {TRAIN} in an IDX file; e.g. " in text
    assert "counts      3 names: 0 8, 1 8, 2 8" in text
    assert place.layout()["train"] == f"{folder}/train-images-idx3-ubyte".lstrip("/")
    task, rows = place.ingest()
    assert task.names == ("0", "1", "2")
    assert ids(rows, "train") == [f"train/{k}" for k in range(TRAIN)]
    assert ids(rows, "test") == [str(k) for k in range(TEST)]
    assert {(int(row["width"]), int(row["height"])) for row in rows} == {(28, 28)}
