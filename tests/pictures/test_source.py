from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from house import encoded, striped
from podium.core.errors import PodiumError, SettingsError
from podium.core.picture_decoder import SUFFIXES
from podium.pictures.places import Places
from podium.pictures.source import PictureSource

PICTURE = encoded(striped("cat", 0))
LINK_ABOVE = "a link to a folder above or to one that is read already"


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


def reasons(source: PictureSource) -> dict[str, str]:
    return {entry.path: entry.fault for entry in source.left_out()}


def test_other_files_are_left_out_and_listed(tmp_path):
    source = put(tmp_path, "train/cat.1.jpg", "train/.DS_Store", "train/.hidden/dog.1.jpg")
    put(tmp_path, "train/__MACOSX/._cat.1.jpg", "sample_submission.csv", "test_labels.csv")
    for name in ("train/notes.txt", "train/Thumbs.db", "train.csv"):
        (tmp_path / name).write_text("no picture")
    assert [entry.id for entry in source.entries("train")] == ["cat.1"]
    assert reasons(source) == {
        "train/.DS_Store": "hidden file",
        "train/.hidden/dog.1.jpg": "hidden file",
        "train/__MACOSX/._cat.1.jpg": "hidden file",
        "train/Thumbs.db": "no picture",
        "train/notes.txt": "no picture",
        "train.csv": "table: not used; podium inspect photos shows what it holds",
    }


def test_pictures_of_every_suffix_are_entries(tmp_path):
    names = [f"cat.{n}{suffix}" for n, suffix in enumerate((*SUFFIXES, ".TIFF", ".GIF", ".JFIF"))]
    source = put(tmp_path, *[f"train/{name}" for name in names])
    assert [entry.path for entry in source.entries("train")] == [f"train/{name}" for name in names]
    assert not any(entry.fault for entry in source.entries("train"))
    assert source.left_out() == []


def test_a_picture_is_known_by_its_bytes_where_its_suffix_does_not_tell(tmp_path):
    source = put(tmp_path, "test/000123", "test/b.img", "test/c.20190303")
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr("cat.1.img", PICTURE)
        archive.writestr("readme", b"hello")
    assert [entry.id for entry in source.entries("test")] == ["b", "c.20190303", "000123"]
    assert [entry.id for entry in source.entries("train")] == ["cat.1"]
    assert reasons(source) == {"train.zip!readme": "no picture"}


def test_a_test_picture_of_a_format_that_is_not_read_stays_a_test_row(tmp_path):
    source = put(tmp_path, "train/cat.1.jpg", "test/1.heic", "test/2.DNG")
    assert [(entry.id, entry.fault) for entry in source.entries("test")] == [
        ("1", ".heic pictures are not read: convert it to PNG or JPEG"),
        ("2", ".dng pictures are not read: convert it to PNG or JPEG"),
    ]


def test_links_to_files_and_folders_are_followed(tmp_path):
    put(tmp_path / "cache", "a.jpg", "dogs/1.jpg")
    source = put(tmp_path / "raw", "train/cat/0.jpg", "test/1.jpg")
    (tmp_path / "raw/train/cat/1.jpg").symlink_to(tmp_path / "cache/a.jpg")
    (tmp_path / "raw/train/dog").symlink_to(tmp_path / "cache/dogs")
    (tmp_path / "raw/train/cat/again").symlink_to(tmp_path / "raw/train")
    (tmp_path / "raw/test/2.jpg").symlink_to("../annex/2")
    assert [entry.path for entry in source.entries("train")] == [
        "train/cat/0.jpg", "train/cat/1.jpg", "train/dog/1.jpg",
    ]  # fmt: skip
    assert source.read("train/dog/1.jpg") == PICTURE
    assert [(entry.id, entry.fault[:29]) for entry in source.entries("test")] == [
        ("1", ""), ("2", "a link to nothing: ../annex/2"),
    ]  # fmt: skip
    assert reasons(source) == {"train/cat/again": LINK_ABOVE}


def test_a_link_above_the_raw_folder_is_not_followed(tmp_path):
    put(tmp_path, "train/cat.9.jpg", "elsewhere/dog.1.jpg")
    source = put(tmp_path / "raw", "train/cat.0.jpg", "test/1.jpg")
    for name, target in {
        "train/up": "../..",
        "train/disk": "/",
        "more": "..",
        "own": "own",
    }.items():
        (tmp_path / "raw" / name).symlink_to(target)
    assert [entry.path for entry in source.entries("train")] == ["train/cat.0.jpg"]
    assert reasons(source) == {
        "train/up": LINK_ABOVE,
        "train/disk": LINK_ABOVE,
        "more": LINK_ABOVE,
        "own": "a link to nothing: own is missing",
    }


def test_a_folder_under_two_names_is_read_once(tmp_path):
    source = put(tmp_path, "train/cat/0.jpg", "train/cat/1.jpg")
    (tmp_path / "train/a-copy").symlink_to("cat")
    assert [entry.id for entry in source.entries("train")] == ["cat/0", "cat/1"]
    assert reasons(source) == {"train/a-copy": LINK_ABOVE}


def test_a_split_that_is_a_link_to_a_folder_above_is_refused(tmp_path):
    (tmp_path / "train").symlink_to("..")
    with pytest.raises(PodiumError, match=r"train: a link to a folder above it\nremedy: let it"):
        PictureSource(tmp_path).entries("train")


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    source = put(tmp_path, "train/cat.1.jpg")
    os.mkfifo(tmp_path / "train/cat.2.jpg")
    assert [entry.fault for entry in source.entries("train")] == ["", "no regular file"]


def test_kaggles_test1_zip_is_the_test_set(tmp_path):
    with zipfile.ZipFile(tmp_path / "test1.zip", "w") as archive:
        archive.writestr("test1/7.jpg", PICTURE)
    source = put(tmp_path, "train/cat.1.jpg")
    assert [(entry.id, entry.path) for entry in source.entries("test")] == [
        ("7", "test1.zip!test1/7.jpg")
    ]
    assert source.left_out() == []


def test_a_second_set_of_test_pictures_is_listed(tmp_path):
    source = put(tmp_path, "train/cat.1.jpg", "test/1.jpg", "valid/cat/1.jpg", "loose.jpg")
    with zipfile.ZipFile(tmp_path / "test1.zip", "w") as archive:
        archive.writestr("test1/7.jpg", PICTURE)
    assert [entry.id for entry in source.entries("test")] == ["1"]
    assert reasons(source) == {
        "loose.jpg": "lies outside of train and test",
        "test1.zip": "zip beside train and test",
        "valid/cat/1.jpg": "lies outside of train and test",
    }
    assert source.misplaced_pictures() == ["loose.jpg", "valid/cat/1.jpg"]


def test_class_folders_without_train_are_train(tmp_path):
    source = put(tmp_path, "cat/1.jpg", "dog/deep/2.png", "test/3.jpg")
    assert [(entry.id, entry.label, entry.path) for entry in source.entries("train")] == [
        ("cat/1", "cat", "cat/1.jpg"), ("dog/deep/2", "dog", "dog/deep/2.png"),
    ]  # fmt: skip
    assert [entry.id for entry in source.entries("test")] == ["3"]
    assert source.left_out() == []
    assert source.notes()[0].endswith("no train; its class folders are: cat, dog")
    assert source.read("cat/1.jpg") == PICTURE


@pytest.mark.parametrize("folder", ["training", "valid", "images", "data"])
def test_folders_of_splits_are_no_classes(tmp_path, folder):
    source = put(tmp_path, f"{folder}/cat/1.jpg", "dog/2.png")
    assert source.entries("train") == []


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("cat.0", "cat"), ("golden_retriever.12", "golden_retriever"),
        ("Ärmel blau.3", "Ärmel blau"),
        ("1.2.826.7", ""), ("2019.07", ""), ("IMG_12.3", ""), ("cat.b", ""),
        ("cat.", ""), ("a.1.2", ""),
        ("cat", ""), ("cat.0.5", ""), ("cat.1b", ""),
    ],
)  # fmt: skip
def test_only_letters_a_dot_and_a_number_name_a_class(tmp_path, name, label):
    assert [entry.label for entry in put(tmp_path, f"train/{name}.jpg").entries("train")] == [label]


def test_a_zip_from_windows_has_folders(tmp_path):
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        for name in ("train\\cat\\1.jpg", "train\\dog\\2.jpg"):
            archive.writestr(name, PICTURE + name.encode())
    source = PictureSource(tmp_path)
    entries = source.entries("train")
    assert [(entry.id, entry.label) for entry in entries] == [("cat/1", "cat"), ("dog/2", "dog")]
    assert source.read(entries[1].path) == PICTURE + b"train\\dog\\2.jpg"


def without_utf8_flag(path: Path, names: dict[str, bytes]) -> None:
    """A zip whose names are raw bytes, as old programs write them: same length, no flag."""
    with zipfile.ZipFile(path, "w") as archive:
        for place in names:
            archive.writestr(place, PICTURE)
    data = path.read_bytes()
    for place, name in names.items():
        data = data.replace(place.encode(), name)
    path.write_bytes(data)


def test_names_in_utf8_without_the_flag_keep_their_letters(tmp_path):
    names = {"abcdefg/1.jpg": "ärmel!/1.jpg".encode(), "dog/2.jpg": b"dog/2.jpg"}
    without_utf8_flag(tmp_path / "train.zip", names)
    source = PictureSource(tmp_path)
    assert [entry.label for entry in source.entries("train")] == ["dog", "ärmel!"]
    assert source.notes() == []


def test_names_in_an_unknown_encoding_are_said(tmp_path):
    names = {"abcd/1.jpg": "猫狗".encode("gbk") + b"/1.jpg", "dog/2.jpg": b"dog/2.jpg"}
    without_utf8_flag(tmp_path / "train.zip", names)
    source = PictureSource(tmp_path)
    assert [entry.label for entry in source.entries("train")] == ["dog", "├¿╣╖"]
    (note,) = source.notes()
    assert "1 names do not say how they are encoded" in note
    assert "'├¿╣╖/1.jpg' (in GBK it would be '猫狗/1.jpg')" in note


def change_flags(path: Path, central: int, local: int, value: int) -> None:
    """Change one byte of the headers of the first member, in the directory and before its data."""
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\1\2") + central] = value
    data[data.find(b"PK\3\4") + local] = value
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("central", "local", "value", "reason"),
    [
        (8, 6, 1, "encrypted member of a zip"),
        (10, 8, 9, "member of a zip, compressed in a way that is not read: deflate64; use deflate"),
        (10, 8, 97, "member of a zip, compressed in a way that is not read: wavpack; use deflate"),
    ],
)
def test_a_member_that_cannot_be_read_is_one_fault(tmp_path, central, local, value, reason):
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr("cat.1.jpg", PICTURE)
        archive.writestr("dog.1.jpg", PICTURE)
    change_flags(tmp_path / "train.zip", central, local, value)
    first, second = PictureSource(tmp_path).entries("train")
    assert first.fault.startswith(reason)
    assert second.fault == ""


def test_a_name_that_is_not_utf8_is_a_fault_and_can_be_written(tmp_path):
    source = put(tmp_path, "train/cat.1.jpg")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/train/zo\xeb.png")).write_bytes(PICTURE)
    entry = source.entries("train")[1]
    assert (entry.id, entry.path) == ("zo\\xeb", "train/zo\\xeb.png")
    assert entry.fault == "its name is not UTF-8: rename it"


@pytest.mark.parametrize("prefix", ["", "train/"])
def test_a_zip_left_zipped_reads_like_its_folder(tmp_path, prefix):
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        for name in ("dog.2.jpg", "cat.1.jpg", "__MACOSX/._cat.1.jpg"):
            archive.writestr(prefix + name, PICTURE + name.encode())
        archive.writestr(prefix + "list.txt", "cat.1\n")
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


def test_a_member_without_a_name_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr("x", PICTURE)
    data = (tmp_path / "train.zip").read_bytes()
    (tmp_path / "train.zip").write_bytes(data.replace(b"x", b"\0"))
    with pytest.raises(PodiumError, match=r"train\.zip: a member has no name\nremedy"):
        PictureSource(tmp_path).entries("train")


def test_a_broken_zip_is_named(tmp_path):
    (tmp_path / "train.zip").write_bytes(b"PK nonsense")
    with pytest.raises(PodiumError, match=r"train\.zip: not a readable zip"):
        PictureSource(tmp_path).entries("train")


def zipped(path: Path, *names: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, PICTURE + name.encode())


def ids_of(source: PictureSource) -> tuple[list[str], list[str]]:
    return tuple([entry.id for entry in source.entries(split)] for split in ("train", "test"))


@pytest.mark.parametrize(
    ("places", "train"),
    [
        (Places("jpeg/train", "jpeg/test"), "jpeg/train/a/1.jpg"),
        (Places("jpeg.zip!jpeg/train", "jpeg.zip!jpeg/test"), "jpeg.zip!jpeg/train/a/1.jpg"),
        (Places("x/train_im.zip", "test_images.zip"), "x/train_im.zip!train_im/a/1.jpg"),
    ],
    ids=["folders", "folders of one zip", "zips"],
)  # fmt: skip
def test_settings_name_places_of_any_depth(tmp_path, places, train):
    put(tmp_path, "jpeg/train/a/1.jpg", "jpeg/test/2.jpg")
    zipped(tmp_path / "jpeg.zip", "jpeg/train/a/1.jpg", "jpeg/test/2.jpg", "jpeg/more/3.jpg")
    zipped(tmp_path / "x/train_im.zip", "train_im/a/1.jpg")
    zipped(tmp_path / "test_images.zip", "2.jpg")
    source = PictureSource(tmp_path, places)
    assert ids_of(source) == (["a/1"], ["2"])
    (entry,) = source.entries("train")
    assert (entry.label, entry.path) == ("a", train)
    assert source.read(entry.path).startswith(PICTURE)
    others = set(reasons(source))
    assert ("jpeg.zip!jpeg/more/3.jpg" in others) == ("!" in places.train)
    assert not any(place in others for place in (places.train, places.test))


def test_one_place_for_both_splits_is_train_and_everything_may_be(tmp_path):
    put(tmp_path, "images/1.jpg", "images/2.jpg")
    source = PictureSource(tmp_path, Places("images", "images", ("train.csv",)))
    (tmp_path / "train.csv").write_text("id\n")
    assert ids_of(source) == (["1", "2"], [])
    assert source.left_out() == []
    put(tmp_path, "Cover/1.jpg", "Test/9.jpg")
    source = PictureSource(tmp_path, Places(".", "Test", ("train.csv",)))
    assert ids_of(source) == (["Cover/1", "images/1", "images/2"], ["9"])
    assert source.left_out() == []


@pytest.mark.parametrize("place", ["no", "no.zip", "../raw", "/tmp"])
def test_a_place_that_is_not_there_is_refused(tmp_path, place):
    put(tmp_path, "train/1.jpg")
    with pytest.raises(SettingsError, match=r"photos\.layout\.test: .* has no folder and no zip"):
        PictureSource(tmp_path, Places("train", place)).entries("train")


def test_several_zips_are_one_split(tmp_path):
    for number in (1, 2, 10):
        with zipfile.ZipFile(tmp_path / f"train_{number}.zip", "w") as archive:
            archive.writestr(f"train_{number}/cat.{number}.jpg", PICTURE)
    source = PictureSource(tmp_path, Places("train_*.zip"))
    assert [(entry.id, entry.label, entry.path) for entry in source.entries("train")] == [
        (f"cat.{n}", "cat", f"train_{n}.zip!train_{n}/cat.{n}.jpg") for n in (1, 2, 10)
    ]
    assert source.left_out() == []
    with pytest.raises(SettingsError, match=r"no folder and no zip 'trian_\*\.zip'"):
        PictureSource(tmp_path, Places("trian_*.zip")).entries("train")


@pytest.mark.parametrize("name", ["train.zip.001", "Train.z01"])
def test_a_part_of_a_zip_is_named_with_what_joins_it(tmp_path, name):
    source = put(tmp_path, "train/1.jpg")
    (tmp_path / name).write_bytes(b"x")
    (entry,) = source.left_out()
    assert entry.path == name
    assert entry.fault.startswith("part of a zip: join all parts first (cat a.zip.0* > a.zip;")
