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
