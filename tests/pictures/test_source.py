from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from house import encoded, striped
from podium.core.errors import PodiumError
from podium.pictures.source import PictureSource

PICTURE = encoded(striped("cat", 0))


def put(root: Path, *names: str) -> PictureSource:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(PICTURE)
    return PictureSource(root)


def test_kaggle_layout_gives_stems_and_prefixes_in_natural_order(tmp_path):
    source = put(tmp_path, "train/dog.10.jpg", "train/dog.2.jpg", "train/cat.1.jpg", "test/7.jpg")
    found = [(entry.id, entry.label, entry.path) for entry in source.entries("train")]
    assert found == [
        ("cat.1", "cat", "train/cat.1.jpg"),
        ("dog.2", "dog", "train/dog.2.jpg"),
        ("dog.10", "dog", "train/dog.10.jpg"),
    ]
    assert [(entry.id, entry.label) for entry in source.entries("test")] == [("7", "")]


def test_class_folders_give_paths_and_folder_names_whatever_the_depth_and_suffix(tmp_path):
    source = put(tmp_path, "train/a b/x/1.JPG", "train/c/2.Png", "train/c/3.webp", "train/c/4.bmp")
    found = [(entry.id, entry.label) for entry in source.entries("train")]
    assert found == [("a b/x/1", "a b"), ("c/2", "c"), ("c/3", "c"), ("c/4", "c")]


def test_other_files_are_passed_over(tmp_path):
    source = put(tmp_path, "train/cat.1.jpg", "train/.DS_Store", "train/Thumbs.db")
    put(tmp_path, "train/__MACOSX/._cat.1.jpg", "train/notes.txt", "train/.hidden/dog.1.jpg")
    assert [entry.id for entry in source.entries("train")] == ["cat.1"]


@pytest.mark.parametrize("prefix", ["", "train/"])
def test_a_zip_left_zipped_reads_like_its_folder(tmp_path, prefix):
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        for name in ("dog.2.jpg", "cat.1.jpg", "__MACOSX/._cat.1.jpg", "list.txt"):
            archive.writestr(prefix + name, PICTURE + name.encode())
    source = PictureSource(tmp_path)
    entries = source.entries("train")
    assert [(entry.id, entry.label) for entry in entries] == [("cat.1", "cat"), ("dog.2", "dog")]
    assert source.read(entries[1].path) == PICTURE + b"dog.2.jpg"


def test_a_folder_with_a_bang_in_its_name_is_no_zip(tmp_path):
    source = put(tmp_path, "train/wow!/1.jpg", "train/no/1.jpg")
    wow = next(entry for entry in source.entries("train") if entry.label == "wow!")
    assert source.read(wow.path) == PICTURE


def test_no_test_pictures_is_no_fault(tmp_path):
    assert put(tmp_path, "train/cat.1.jpg").entries("test") == []


def test_two_files_with_one_id_are_named(tmp_path):
    source = put(tmp_path, "train/cat.1.jpg", "train/cat.1.png")
    with pytest.raises(PodiumError, match=r"train/cat\.1\.jpg and train/cat\.1\.png have one id"):
        source.entries("train")


def test_a_label_is_no_must(tmp_path):
    flat = put(tmp_path / "flat", "train/17.jpg", "train/18.jpg")
    assert [(entry.id, entry.label) for entry in flat.entries("train")] == [("17", ""), ("18", "")]
    mixed = put(tmp_path / "mixed", "train/cat.1.jpg", "train/dog/1.jpg").entries("train")
    assert {entry.path: entry.label for entry in mixed} == {
        "train/cat.1.jpg": "", "train/dog/1.jpg": "dog",
    }  # fmt: skip


@pytest.mark.parametrize("member", ["../cat.1.jpg", "/etc/cat.1.jpg", "a/../../x.jpg", "C:/x.jpg"])
def test_a_zip_that_points_outside_is_refused(tmp_path, member):
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr(member, PICTURE)
    with pytest.raises(PodiumError, match=r"train\.zip: member .* points outside the archive"):
        PictureSource(tmp_path).entries("train")


def test_a_zip_bomb_is_refused_from_its_directory(tmp_path):
    with zipfile.ZipFile(tmp_path / "train.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat.1.jpg", bytes(4 << 20))
    with pytest.raises(PodiumError, match=r"'cat\.1\.jpg' unpacks to 4194304 bytes"):
        PictureSource(tmp_path).entries("train")


def test_a_broken_zip_is_named(tmp_path):
    (tmp_path / "train.zip").write_bytes(b"PK nonsense")
    with pytest.raises(PodiumError, match=r"train\.zip: not a readable zip"):
        PictureSource(tmp_path).entries("train")
