"""Where train and test pictures lie is told by the names of folders and zips."""

from __future__ import annotations

import pytest

from photos.competitions import herbarium, pawpularity, whales
from podium.core.errors import SettingsError
from podium.photos.inspection.known_competitions import COMPETITIONS, known_competition
from podium.photos.inspection.raw_contents import common_place, place_of, read_contents, split_word
from podium.photos.metric_fit import check_metric


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"), ("train_images", "train"), ("trainSet", "train"), ("test1", "test"),
        ("stage1_test", "test"), ("Test", "test"), ("TRAIN", "train"), ("train_val2019", "train"),
        ("imagesTest", "test"), ("contest", ""), ("trainers", ""), ("latest", ""), ("images", ""),
        ("validation", "val"), ("train_test", ""), ("pets_train", "train"), ("2019", ""),
    ],
)  # fmt: skip
def test_names_say_a_split(name, split):
    assert split_word(name) == split


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("jpeg/train/a/1.jpg", ("train", "jpeg/train")), ("images/1.jpg", ("", "")),
        ("train/train/1.jpg", ("train", "train/train")), ("train_1.jpg", ("", "")),
        ("train.zip!train/1.jpg", ("train", "train.zip")), ("test.zip!1.jpg", ("test", "test.zip")),
        ("jpeg.zip!jpeg/test/1.jpg", ("test", "jpeg.zip!jpeg/test")),
        ("data/train.zip!a/1.jpg", ("train", "data/train.zip")), ("a.zip!b/1.jpg", ("", "")),
        ("train/cat/test/1.jpg", ("train", "train")),
    ],
)  # fmt: skip
def test_the_first_folder_that_says_a_split_is_the_place(path, place):
    assert place_of(path) == place


@pytest.mark.parametrize(
    ("paths", "place"),
    [
        (["images/1.jpg", "images/2.jpg"], "images"), (["a/b/x/1.jpg", "a/b/y/2.jpg"], "a/b"),
        (["1.jpg", "a/2.jpg"], "."), (["a.zip!b/1.jpg", "a.zip!b/2.jpg"], "a.zip!b"),
        (["a.zip!1.jpg"], "a.zip"), (["a.zip!1.jpg", "b.zip!2.jpg"], ""),
    ],
)  # fmt: skip
def test_the_folder_of_all(paths, place):
    assert common_place(paths) == place


@pytest.mark.parametrize(
    ("write", "train", "test"),
    [
        (herbarium, "nybg/train", "nybg/test"),
        (pawpularity, "pets_train.zip", "pets_test.zip"),
        (whales, "imgs.zip!imgs/train", "imgs.zip!imgs/test"),
    ],
)
def test_contents_are_counted_by_place(tmp_path, write, train, test):
    write(tmp_path)
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / "readme.txt").write_text("x")
    (tmp_path / "test_labels.csv").write_text("id,label\n")
    contents = read_contents(tmp_path)
    assert contents.places("train") == {train: 24}
    assert contents.places("test") == {test: 8}
    assert contents.without_split() == []
    assert contents.others == {".txt": 1}
    assert "sample_submission.csv" in contents.tables


@pytest.mark.parametrize("slug", sorted(COMPETITIONS))
def test_known_metrics_fit_their_targets(slug):
    row = known_competition(slug)
    check_metric(row.metric, 2, row.target)
    assert slug in row.source


def test_an_unknown_competition_names_those_spelt_alike():
    with pytest.raises(
        SettingsError, match=r"aptos2019 is not .* perhaps aptos2019-blindness-detec"
    ):
        known_competition("aptos2019")
