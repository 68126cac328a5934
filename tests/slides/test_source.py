"""What a dropped folder of slides means, with slides.csv and without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from podium.core.errors import PodiumError
from podium.slides.source import Entry, read_entries


@pytest.fixture
def drop(tmp_path):
    """Puts empty files into images/ and annotations/, and lines into slides.csv."""

    def put(images: str, annotations: str = "", table: str = "") -> Path:
        for folder, names in (("images", images), ("annotations", annotations)):
            (tmp_path / folder).mkdir()
            for name in names.split():
                (tmp_path / folder / name).touch()
        if table:
            (tmp_path / "slides.csv").write_text("\n".join(table.split()) + "\n")
        return tmp_path

    return put


def refusal(root, missing_annotation="test"):
    """What is wrong and the remedy, without the folder's name."""
    with pytest.raises(PodiumError) as caught:
        read_entries(root, missing_annotation)
    text = str(caught.value)
    assert text.startswith(f"{root}/")
    return text.replace(f"{root}/", "")


def known(root, *columns, missing_annotation="test"):
    """The given attributes of each entry, in the entries' order."""
    found = read_entries(root, missing_annotation)
    return [tuple(getattr(one, name) for name in columns) for one in found]


# ---- without slides.csv


def test_annotated_slides_are_train_and_the_rest_test(drop):
    root = drop("b.svs a.tif", "a.svg")
    assert read_entries(root, "test") == [
        Entry("a", root / "images/a.tif", root / "annotations/a.svg", "a", "train", None, "", None),
        Entry("b", root / "images/b.svs", None, "b", "test", None, "", None),
    ]


def test_a_slide_without_annotation_may_be_a_train_slide_without_tumour(drop):
    root = drop("a.tif b.svs", "a.svg")
    assert known(root, "slide", "split", "label", missing_annotation="negative") == [
        ("a", "train", ""),
        ("b", "train", "0"),
    ]


def test_slides_come_in_natural_order(drop):
    root = drop("s10.tif s9.png s1.svs s100.jpg")
    assert known(root, "slide") == [("s1",), ("s9",), ("s10",), ("s100",)]


def test_hidden_foreign_and_nested_files_are_no_slides(drop):
    root = drop("a.TIF .b.tif ._a.tif Thumbs.db notes.txt a.tif.part c.zip")
    (root / "images/d.tif").mkdir()
    (root / "annotations/.a.svg").touch()
    (root / "annotations/x.txt").touch()
    assert known(root, "slide", "split") == [("a", "test")]


def test_two_images_with_one_name(drop):
    assert refusal(drop("a.tif a.png")) == (
        "images/a.tif: a.png has the same name\nremedy: rename one of the two"
    )


@pytest.mark.parametrize("name", ["", "notes.txt"])
def test_no_slides(drop, name):
    assert refusal(drop(name)) == (
        "images: no slides\nremedy: put them there (see data/raw/README.md), "
        "or set slides.source: standin"
    )


def test_no_folder_at_all(tmp_path):
    assert refusal(tmp_path).startswith("images: no slides\nremedy: put them there")


def test_an_annotation_without_slide(drop):
    root = drop("a.tif", "a.svg s10.xml s9.xml")
    assert refusal(root) == (
        "annotations/s9.xml: there is no slide 's9' in images (2 such annotations)\n"
        "remedy: name it like its slide, or remove it"
    )


# ---- slides.csv


def test_every_column_is_taken(drop):
    root = drop(
        "b.tif a.tif c.tif", "a.svg",
        "slide,patient,split,mpp,label,fold b.tif,p1,train,0.25,0,1 a,p2,train,,1,0 c,p3,test,,,",
    )  # fmt: skip
    annotation = root / "annotations/a.svg"
    assert read_entries(root, "test") == [
        Entry("a", root / "images/a.tif", annotation, "p2", "train", None, "1", 0),
        Entry("b", root / "images/b.tif", None, "p1", "train", 0.25, "0", 1),
        Entry("c", root / "images/c.tif", None, "p3", "test", None, "", None),
    ]


def test_columns_left_out_are_as_empty_ones(drop):
    root = drop("a.tif b.tif", "a.svg", "slide b a")
    columns = ("slide", "patient", "split", "mpp", "label", "fold")
    assert known(root, *columns) == [
        ("a", "a", "train", None, "", None),
        ("b", "b", "test", None, "", None),
    ]


def test_with_a_table_a_missing_annotation_says_nothing(drop):
    root = drop("a.tif b.tif", "", "slide,split a,train b,")
    assert known(root, "slide", "split", "label", missing_annotation="negative") == [
        ("a", "train", ""),
        ("b", "test", ""),
    ]


def test_patients_are_words_not_numbers(drop):
    root = drop("a.tif b.tif", "", "slide,patient a,007 b,7")
    assert known(root, "patient") == [("007",), ("7",)]


def test_names_with_dots_are_stems_or_files(drop):
    root = drop("s1.2.tif s1.3.svs", "", "slide s1.2 s1.3.svs")
    assert known(root, "slide") == [("s1.2",), ("s1.3",)]


@pytest.mark.parametrize(("table", "says"), [
    ("slide a", "1 ids are missing, namely b"),
    ("slide a b c.tif", "1 ids are unknown, namely c.tif"),
    ("slide a c", "1 ids are missing, namely b; 1 ids are unknown, namely c"),
])  # fmt: skip
def test_missing_and_extra_slides(drop, table, says):
    assert refusal(drop("a.tif b.tif", "", table)) == (
        f"slides.csv: {says}\nremedy: name exactly the files in images/"
    )


def test_one_slide_twice_in_two_spellings(drop):
    root = drop("a.tif b.tif", "", "slide a b a.tif")
    assert refusal(root) == "slides.csv: 1 ids occur more than once, namely a"


def test_a_table_without_slides(drop):
    assert "column slide is missing" in refusal(drop("a.tif", "", "image a"))


@pytest.mark.parametrize(("column", "word", "remedy"), [
    ("split", "training", "say train or test, or leave it empty"),
    ("split", "Train", "say train or test, or leave it empty"),
    ("label", "tumour", "say 0 or 1, or leave it empty"),
    ("label", "2", "say 0 or 1, or leave it empty"),
    ("mpp", "half", "give a number, or leave it empty"),
    ("mpp", "-0.5", "give a number, or leave it empty"),
    ("mpp", "nan", "give a number, or leave it empty"),
    ("fold", "one", "give a number, or leave it empty"),
    ("fold", "0.5", "give a number, or leave it empty"),
    ("fold", "-1", "give a number, or leave it empty"),
    ("fold", "inf", "give a number, or leave it empty"),
])  # fmt: skip
def test_words_that_mean_nothing_name_their_slide(drop, column, word, remedy):
    root = drop("a.tif b.tif", "", f"slide,{column} a, b,{word}")
    assert refusal(root) == f"slides.csv: {column} of b is {word!r}\nremedy: {remedy}"


# ---- patients and folds


def test_a_patient_in_two_splits(drop):
    root = drop("a.tif b.tif", "", "slide,patient,split a,p1,train b,p1,test")
    assert refusal(root) == (
        "slides.csv: patient p1 is in train and in test (slide b)\n"
        "remedy: keep all slides of a patient together, or scores are too good to be true"
    )


def test_a_patient_torn_by_what_is_annotated(drop):
    root = drop("a.tif b.tif", "b.svg", "slide,patient a,p1 b,p1")
    assert re.match(r"slides.csv: patient p1 is in test and in train \(slide b\)\n", refusal(root))


def test_a_patient_in_two_folds(drop):
    root = drop("a.tif b.tif", "", "slide,patient,split,fold a,p1,train,0 b,p1,train,1")
    assert refusal(root).startswith(
        "slides.csv: patient p1 is in train fold 0 and in train fold 1 (slide b)\nremedy: "
    )


def test_folds_of_test_slides_tear_nobody(drop):
    root = drop("a.tif b.tif", "", "slide,patient,split,fold a,p1,test,0 b,p1,test,1")
    assert known(root, "split") == [("test",)] * 2


def test_folds_for_all_train_slides_or_for_none(drop):
    root = drop("a.tif b.tif c.tif", "", "slide,split,fold a,train,0 b,train, c,test,")
    assert refusal(root) == (
        "slides.csv: some train slides have a fold, others have none\n"
        "remedy: give all train slides a fold, or leave the column empty"
    )
