"""Ids of tables mean pictures, however they are written."""

from __future__ import annotations

import pytest

from podium.core.errors import PodiumError
from podium.photos.picture_ids import PictureIndex, refuse_no_match
from podium.pictures.entries import Entry

FLAT = [Entry("a.b", "", "train/a.b.jpg"), Entry("007", "", "train/007.png")]
DEEP = [Entry("x/1", "", "t.zip!train/x/1.jpg"), Entry("y/1", "", "t.zip!train/y/1.jpg")]


@pytest.mark.parametrize(
    ("pictures", "ids", "rows", "says"),
    [
        (FLAT, ["007", "a.b"], [1, 0], "the path below the folder, without suffix"),
        (FLAT, ["a.b.jpg", "007.png", "c.jpg"], [0, 1, -1], "the path below the folder, with"),
        (FLAT, ["7"], [1], "the number of the file name"),
        (FLAT, ["/kaggle/input/train/a.b.jpg"], [0], "the file name at the end of a path"),
        (FLAT, ["a.b.dcm", "007.tif"], [0, 1], "the file name, whatever its suffix"),
        (FLAT, ["train/a.b.jpg"], [0], "the path from the source on"),
        (DEEP, ["y/1", "x/1", "1"], [1, 0, -1], "the path below the folder, without suffix"),
        (DEEP, ["y/1.jpg"], [1], "the path below the folder, with suffix"),
        (DEEP[:1], ["1"], [0], "the file name without suffix"),
        (DEEP[:1], ["1.jpg"], [0], "the file name with suffix"),
        ([Entry("1.2.826.7", "", "train/1.2.826.7.jpg")], ["1.2.826.7"], [0], "the path below"),
        ([Entry("ä 🐱,\"", "", 'train/ä 🐱,".jpg')], ['ä 🐱,".jpg'], [0], "the path below"),
    ],
)  # fmt: skip
def test_an_id_means_a_picture(pictures, ids, rows, says):
    match = PictureIndex(pictures).match(ids)
    assert match.rows == rows
    assert match.rule.says.startswith(says)
    assert match.n_pictures == len(set(rows) - {-1})
    assert [ids[k] for k in match.missing] == [
        text for text, row in zip(ids, rows, strict=True) if row < 0
    ]


def test_names_that_are_not_unique_mean_nothing():
    assert PictureIndex(DEEP).match(["1", "1.jpg"]).rows == [-1, -1]


def test_no_match_shows_three_of_each_side():
    with pytest.raises(PodiumError) as caught:
        refuse_no_match("train.csv", "id", ["p1", "p2", "p3", "p4"], FLAT)
    assert str(caught.value).splitlines() == [
        "train.csv: column id names no picture: it holds 'p1', 'p2', 'p3'; the pictures are "
        "'a.b.jpg', '007.png'",
        "likely rule: an id is the file name, with or without suffix and folder",
        "remedy: name the column (podium inspect photos --id COLUMN --write), or rename the files",
    ]
