"""Raw folders with everything in them that people and tools leave behind."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from podium.captcha.raw_folder import list_files, list_others
from podium.captcha.raw_pixels import decode_picture
from podium.captcha.source import read_test, read_train
from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.picture_decoder import FORMATS
from podium.core.raw_folder import LeftOut, write_quarantine


def drop(path: Path, grey: int = 0, kind: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = kind or {".jpg": "JPEG"}.get(path.suffix.lower(), "PNG")
    Image.new("RGB", (20, 16), (grey, grey, grey)).save(path, kind)
    return path


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for number in range(6):
        drop(tmp_path / f"raw/train/A{number}_{number}.png", number)
        drop(tmp_path / f"raw/test/{number}.png", 100 + number)
    return tmp_path / "raw"


def reasons(rows: list[LeftOut]) -> dict[str, str]:
    return {row.path: row.reason for row in rows}


# ---- what is read


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("B1_9.PNG", "PNG"), ("B1_9.JPEG", "JPEG"), ("B1_9.jpe", "JPEG"), ("B1_9.jfif", "JPEG"),
        ("B1_9.bmp", "BMP"), ("B1_9.DIB", "BMP"), ("B1_9.webp", "WEBP"), ("B1_9.gif", "GIF"),
        ("B1_9.tif", "TIFF"), ("B1_9.TIFF", "TIFF"), ("B1_9.png", "JPEG"), ("B1_9", "PNG"),
    ],
)  # fmt: skip
def test_a_picture_under_any_ending_is_read_or_listed(raw: Path, name: str, kind: str) -> None:
    drop(raw / "train" / name, kind=kind)
    drop(raw / "test" / name, kind=kind)
    train, test = read_train(raw, "text"), read_test(raw, "text")
    if kind in FORMATS:
        assert (len(train.ids), train.left_out, test.left_out) == (7, [], [])
        assert train.texts[train.ids.index("B1_9")] == "B1"
        assert None not in test.paths
    else:  # until the decoder knows it
        assert len(train.ids) == 6
        row = LeftOut("B1_9", "train", "B1", f"train/{name}", train.left_out[0].reason)
        assert train.left_out == [row]
        assert row.reason.startswith("not a JPEG, PNG")
        assert [test.ids[k] for k in test.unreadable] == ["B1_9"]
        assert test.left_out[0].path == f"test/{name}"
    assert len(test.ids) == 7


def test_links_to_pictures_and_to_folders_are_followed(raw: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (raw / "train/L1_1.png").symlink_to(drop(cache / "ab" / "1f", 50))
    drop(cache / "more/M1_2.png", 51)
    (raw / "train/more").symlink_to(cache / "more")
    (raw / "test").rename(cache / "test")
    (raw / "test").symlink_to(cache / "test")
    found = read_train(raw, "text")
    assert found.left_out == []
    assert (
        dict(zip(found.ids, found.texts, strict=True)).items()
        >= {"L1_1": "L1", "more/M1_2": "M1"}.items()
    )
    assert read_test(raw, "text").ids == [str(number) for number in range(6)]


def test_pictures_in_folders_go_by_their_bare_names_where_tables_do(raw: Path) -> None:
    drop(raw / "test/b/77.png")
    drop(raw / "test/b/3.png")
    assert read_test(raw, "text").ids[:2] == ["b/3", "b/77"]
    ids = ["77", "b/3", "5", "4", "3", "2", "1", "0"]
    (raw / "sample_submission.csv").write_text("id,text\n" + "".join(f"{k},\n" for k in ids))
    assert read_test(raw, "text").ids == ids
    for number in range(6):
        (raw / f"train/A{number}_{number}.png").rename(raw / f"train/{number}.png")
    drop(raw / "train/deep/er/x.png")
    (raw / "labels.csv").write_text("id,text\nx,X\n" + "".join(f"{k},T{k}\n" for k in range(6)))
    found = read_train(raw, "text")
    assert (found.ids[0], found.texts[0], found.left_out) == ("x", "X", [])


# ---- what is listed


def test_everything_else_is_listed_with_its_reason(raw: Path) -> None:
    train = raw / "train"
    (train / "X1_1.png").symlink_to("gone.png")
    (train / "X2_2.png").symlink_to("X2_2.png")
    (train / "round").symlink_to("..")
    os.mkfifo(train / "X3_3.png")
    (train / ".DS_Store").write_bytes(b"x")
    (train / "._A1_1.png").write_bytes(b"x")
    (train / "__MACOSX").mkdir()
    drop(train / "__MACOSX/A1_1.png")
    (train / "readme.txt").write_text("x")
    (train / "X4_4.png").write_bytes(b"")
    (train / "X5_5.jpg").write_bytes(drop(train / "X6_6.jpg").read_bytes()[:200])
    found = read_train(raw, "text")
    assert len(found.ids) == 7
    assert all(row.split == "train" for row in found.left_out)
    listed = reasons(found.left_out)
    assert listed.pop("train/X5_5.jpg").startswith("damaged: ")
    assert listed == {
        "train/X1_1.png": "a link to nothing: gone.png is missing",
        "train/X2_2.png": "a link to nothing: X2_2.png is missing",
        "train/round": "a link to a folder above or to one that is read already",
        "train/X3_3.png": "no regular file",
        "train/.DS_Store": "hidden file",
        "train/._A1_1.png": "hidden file",
        "train/__MACOSX/A1_1.png": "hidden file",
        "train/readme.txt": f"not a {', '.join(FORMATS)} picture",
        "train/X4_4.png": "empty file",
    }


def test_what_lies_beside_train_and_test(raw: Path) -> None:
    for name in ("labels.csv", "sample_submission.csv", "test_labels.csv"):
        (raw / name).write_text("")
    for name in (".hidden", "Labels.csv", "Test_labels.csv", "data.7z", r"odd\a.png"):
        (raw / name).write_text("")
    drop(raw / "Test/1.png")
    drop(raw / "new\nline/2.png")
    assert reasons(list_others(raw)) == {
        ".hidden": "hidden file",
        "Labels.csv": "labels are read elsewhere",
        "Test_labels.csv": "not read: call it test_labels.csv",
        "data.7z": "an archive: unpack it into train/ and test/",
        r"odd\a.png": "a backslash in its name: unpack the archive again, so that it makes folders",
        "Test/1.png": "neither in train/ nor in test/",
        r"new\nline/2.png": "neither in train/ nor in test/",
    }
    assert list_others(raw / "nowhere") == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (r"test\1.png", "a backslash in its name\nremedy: unpack the archive again"),
        (r"train\A1_1.png", "a backslash in its name\nremedy: unpack the archive again"),
        ("test.zip", "an archive\nremedy: unpack it into train/ and test/"),
        ("train.tar.gz", "an archive\nremedy: unpack it into train/ and test/"),
    ],
)
def test_pictures_that_are_still_packed_or_badly_unpacked(
    tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(PodiumError) as caught:
        list_others(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / name}: {words}")


def test_labels_and_pictures_without_each_other(raw: Path) -> None:
    rows = [f"A{number}_{number},T{number}\n" for number in range(1, 6)]
    (raw / "labels.csv").write_text("id,text\nghost,G1\n" + "".join(rows))
    (raw / "train/labels.txt").write_text("a\n")
    with pytest.raises(PodiumError, match=r"train/labels\.txt: 6 ids are missing"):
        read_train(raw, "text")  # the nearer file counts
    (raw / "train/labels.txt").unlink()
    (raw / "labels.txt").write_text("a\n")
    (raw / "train/A5_5.png").write_bytes(b"GIF8")
    found = read_train(raw, "text")
    assert found.texts == ["T1", "T2", "T3", "T4"]
    assert found.left_out == [
        LeftOut("", "train", "", "labels.txt", "labels are read elsewhere: labels.csv"),
        LeftOut("ghost", "train", "G1", "labels.csv", "a label without a picture"),
        LeftOut("A0_0", "train", "", "train/A0_0.png", "a picture without a label"),
        LeftOut("A5_5", "train", "T5", "train/A5_5.png", found.left_out[-1].reason),
    ]
    assert found.left_out[-1].reason.startswith("not a ")


def test_unreadable_test_pictures_keep_their_rows(raw: Path) -> None:
    (raw / "test/2.png").write_bytes(b"")
    (raw / "test/9.jp2").symlink_to("nothing")
    (raw / "test/notes.txt").write_text("x")
    found = read_test(raw, "text")
    assert found.ids == ["0", "1", "2", "3", "4", "5", "9"]
    assert found.unreadable == [2, 6]
    assert [row.path for row in found.left_out] == ["test/notes.txt", "test/2.png", "test/9.jp2"]
    (raw / "sample_submission.csv").write_text("id,text\nnotes.txt,\n5,\n4,\n3,\n2,\n1,\n0,\n")
    found = read_test(raw, "text")  # 9 is no row of the sample's, and no picture either
    assert found.ids == ["notes.txt", "5", "4", "3", "2", "1", "0"]
    assert found.unreadable == [0, 4]
    assert {row.path for row in found.left_out} == {"test/notes.txt", "test/2.png", "test/9.jp2"}
    drop(raw / "test/8.png")
    with pytest.raises(PodiumError, match=r"sample_submission\.csv: 1 ids are missing, namely 8"):
        read_test(raw, "text")


def test_ids_with_suffix(raw: Path) -> None:
    ids = [f"{number}.png" for number in (5, 4, 3, 2, 1, 0)]
    (raw / "sample_submission.csv").write_text("id,text\n" + "".join(f"{k},\n" for k in ids))
    (raw / "test_labels.csv").write_text("id,text\n" + "".join(f"{n},T{n}\n" for n in range(6)))
    found = read_test(raw, "text")
    assert (found.ids, found.texts) == (ids, [f"T{n}" for n in (5, 4, 3, 2, 1, 0)])
    (raw / "test_labels.csv").write_text("id,text\n" + "".join(f"{k},T\n" for k in ids))
    assert read_test(raw, "text").texts == ["T"] * 6
    (raw / "sample_submission.csv").unlink()
    assert read_test(raw, "text").ids == [str(number) for number in range(6)]


def test_white_glyphs_on_nothing_are_laid_on_black(raw: Path) -> None:
    page = np.zeros((16, 20, 4), np.uint8)
    page[4:9, 3:7] = 255
    Image.fromarray(page).save(raw / "train/W1_9.png")
    found = read_train(raw, "text")
    assert "W1_9" not in found.blank
    pixels = decode_picture(raw / "train/W1_9.png", 1.0)
    assert (pixels[0, 0].tolist(), pixels[5, 5].tolist()) == ([0, 0, 0], [255, 255, 255])
    page[4:9, 3:7, :3] = 30
    Image.fromarray(page).save(raw / "train/W1_9.png")
    assert decode_picture(raw / "train/W1_9.png", 1.0)[0, 0].tolist() == [255, 255, 255]


def test_pixels_and_bytes_beyond_the_limits(raw: Path, monkeypatch) -> None:
    found = list_files(raw, "train", 1e-6)
    assert {file.fault for file in found} == {
        "too large: 20x16 px is over the limit of 1e-06 megapixels"
    }
    monkeypatch.setattr("podium.captcha.raw_folder._MOST_BYTES", 10)
    with pytest.raises(PodiumError, match=r"A0_0\.png: too large: \d+ bytes; 6 of 6 train"):
        read_train(raw, "text")


# ---- names


@pytest.mark.parametrize(
    ("name", "shown", "reason"),
    [
        (b"\xc4\xe3\xba\xc3_7.png", r"train/\xc4\xe3\xba\xc3_7.png", "name is not UTF-8"),
        (b"B\r7_7.png", r"train/B\r7_7.png", "name holds control characters"),
        (b"B\n7_7.png", r"train/B\n7_7.png", "name holds control characters"),
        (b"B\x1b[31m7_7.png", r"train/B\x1b[31m7_7.png", "name holds control characters"),
        (b"train\\B7_7.png", "train/train\\B7_7.png", "a backslash in its name"),
        ("─π║├_7.png".encode(), "train/─π║├_7.png", "name was unpacked in another encoding"),
    ],
)
def test_names_that_invent_labels(raw: Path, name: bytes, shown: str, reason: str) -> None:
    path = Path(os.fsdecode(os.fsencode(raw / "train") + b"/" + name))
    drop(path)
    found = read_train(raw, "text")
    assert len(found.ids) == 6
    [row] = found.left_out
    assert (row.path, row.reason.partition(":")[0]) == (shown, reason)
    assert row.id.isprintable()
    write_quarantine(raw / "q.csv", found.left_out)
    assert pd.read_csv(raw / "q.csv")["path"].tolist() == [shown]

    path.rename(Path(os.fsdecode(os.fsencode(raw / "test") + b"/" + name)))
    if b"\\" in name or not os.fsdecode(name).isprintable():
        with pytest.raises(PodiumError, match="name cannot be an id") as caught:  # keep the row
            read_test(raw, "text")
        assert str(caught.value).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("\uff11\uff12_0.png", "holds the full-width characters \uff11\uff12\nremedy: write 12"),
        ("\uff21B_0.png", "holds the full-width characters \uff21\nremedy: write A"),
        ("_0.png", "empty\nremedy: correct the label"),
    ],
)
def test_names_that_are_no_texts(raw: Path, name: str, words: str) -> None:
    drop(raw / "train" / name)
    with pytest.raises(PodiumError, match=words):
        read_train(raw, "text")


def test_a_label_with_blanks(raw: Path) -> None:
    drop(raw / "train/a b_0.png")
    assert "a b" in read_train(raw, "text").texts


def test_a_full_width_answer_key(raw: Path) -> None:
    rows = "".join(f"{number},\uff11\n" for number in range(6))
    (raw / "test_labels.csv").write_text(f"id,text\n{rows}")
    with pytest.raises(
        PodiumError, match=r"test_labels\.csv: .* full-width characters \uff11\nremedy"
    ):
        read_test(raw, "text")


def test_a_decomposed_name_is_one_character(raw: Path) -> None:
    drop(raw / "train/e\u0301_9.png")
    assert "\u00e9" in read_train(raw, "text").texts


def test_names_that_count_pictures_are_no_texts(tmp_path: Path) -> None:
    for number in range(3, 8):
        drop(tmp_path / f"train/{number}.png")
    with pytest.raises(
        PodiumError, match=r"train: the names of 5 pictures say no text: they co"
    ) as e:
        read_train(tmp_path, "text")
    assert "3, 4, 5, ...\nremedy: put their texts into train/labels.csv" in str(e.value)
    (tmp_path / "train/7.png").rename(tmp_path / "train/9.png")
    assert read_train(tmp_path, "text").texts == ["3", "4", "5", "6", "9"]


def test_two_pictures_of_one_id(raw: Path) -> None:
    drop(raw / "test/3.JPG")
    with pytest.raises(PodiumError, match=r"3\.JPG: test/3\.png has the same id, '3'\nremedy: ren"):
        read_test(raw, "text")
    (raw / "test/3.JPG").unlink()
    drop(raw / "train/A1_1.bmp", kind="BMP")
    with pytest.raises(PodiumError, match=r"A1_1\.bmp: train/A1_1\.png has the same id, 'A1_1'"):
        read_train(raw, "text")


# ---- the machine


def test_a_file_that_may_not_be_opened_is_the_machines_fault(raw: Path, monkeypatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(EnvironmentFault, match=r"\.png: permission denied: check who owns it"):
        read_train(raw, "text")


def test_a_picture_that_is_removed_meanwhile(raw: Path, monkeypatch) -> None:
    read, gone = Path.read_bytes, raw / "train/A3_3.png"

    def late(path: Path) -> bytes:
        gone.unlink(missing_ok=True)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", late)
    with pytest.raises(PodiumError, match=r"A3_3\.png: removed meanwhile\nremedy: run it again"):
        read_train(raw, "text")
