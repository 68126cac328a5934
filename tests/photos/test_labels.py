"""Train photos must say their classes."""

from __future__ import annotations

import pytest

from pictures.test_source import put
from podium.core.errors import PodiumError
from podium.photos.labels import require_classes


def test_two_classes_are_enough(tmp_path):
    require_classes(put(tmp_path, "train/cat.1.jpg", "train/dog.1.jpg", "test/7.jpg"))


def test_a_name_without_a_class_is_named(tmp_path):
    with pytest.raises(PodiumError, match=r"train/17\.jpg says no class\nremedy: name train"):
        require_classes(put(tmp_path, "train/17.jpg"))


def test_a_picture_beside_class_folders_is_named(tmp_path):
    with pytest.raises(PodiumError, match=r"train/cat\.1\.jpg says no class"):
        require_classes(put(tmp_path, "train/cat.1.jpg", "train/dog/1.jpg"))


def test_one_class_is_not_enough(tmp_path):
    with pytest.raises(PodiumError, match=r"are of one class, 'cat'\nremedy: add pictures"):
        require_classes(put(tmp_path, "train/cat.1.jpg", "train/cat.2.jpg"))


@pytest.mark.parametrize("table", ["train.csv", "labels.csv", "train/labels.csv"])
def test_labels_in_a_table_are_not_invented_from_names(tmp_path, table):
    source = put(tmp_path, "train/1.2.826.7.jpg", "train/1.2.826.8.jpg")
    (tmp_path / table).write_text("id,label\n1.2.826.7,cat\n1.2.826.8,dog\n")
    with pytest.raises(PodiumError, match=rf"{table}: the names of the train p") as caught:
        require_classes(source)
    assert "remedy: podium inspect photos --metric NAME --write" in str(caught.value)


def test_a_table_beside_pictures_that_say_their_class_is_no_fault(tmp_path):
    source = put(tmp_path, "train/cat.1.jpg", "train/dog.1.jpg")
    (tmp_path / "train.csv").write_text("id,label\n")
    require_classes(source)
