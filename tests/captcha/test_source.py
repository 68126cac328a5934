import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from podium.captcha.copies import split_validation
from podium.captcha.fit import PictureFit
from podium.captcha.raw_pixels import FittedDecoder, decode_picture, decoded_parts
from podium.captcha.source import LabelledPictures, read_test, read_train
from podium.core.errors import PodiumError


def drop(folder: Path, *names: str, size: tuple[int, int] = (5, 4)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for grey, name in enumerate(names):
        Image.new("RGB", size, (grey, grey, grey)).save(folder / name)


def labelled_files(folder: Path) -> tuple[list[str], list[Path]]:
    paths = sorted(folder.glob("*.png"))
    return [path.stem for path in paths], paths


def refused(folder: Path, task: str, path: Path, reason: str) -> None:
    """The train pictures are refused at once, in a few words that start with `path`."""
    start = time.process_time()
    with pytest.raises(PodiumError, match=f"^{re.escape(str(path))}: {reason}") as caught:
        read_train(folder, task)
    assert time.process_time() - start < 3
    message = str(caught.value)
    assert caught.value.exit_code == 1
    assert message.count("\n") <= 2
    assert len(message) - len(str(path)) < 350


# ---- which pictures there are


def test_pictures_in_natural_order(tmp_path: Path) -> None:
    drop(tmp_path / "train", "10.png", "9.JPG", "b.jpeg", "1.bmp", "a.webp")
    (tmp_path / "labels.csv").write_text("id,text\n10,A\n9,B\nb,C\n1,D\na,E\n")
    found = read_train(tmp_path, "text")
    assert found.ids == ["a", "b", "1", "9", "10"]
    names = ["a.webp", "b.jpeg", "1.bmp", "9.JPG", "10.png"]
    assert [path.name for path in found.paths if path] == names
    assert found.texts == list("ECDBA")


def test_two_pictures_of_one_name(tmp_path: Path) -> None:
    drop(tmp_path / "train", "ab.png", "ab.jpg", "c.png")
    first, second = (
        tmp_path / "train/ab.jpg",
        "train/ab\\.png has the same id, 'ab'\nremedy: rename",
    )
    refused(tmp_path, "text", first, second)


@pytest.mark.parametrize("folder", ["", "train"])
@pytest.mark.parametrize("task", ["text", "arithmetic"])
def test_an_empty_folder(tmp_path: Path, folder: str, task: str) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    reason = rf"no pictures\nremedy: .*data/raw.*captcha\.{task}\.source to standin in params\.yaml"
    refused(tmp_path, task, tmp_path / "train", reason)


# ---- labels


def test_names_are_labels(tmp_path: Path) -> None:
    drop(tmp_path / "train", "AB12.png", "007_1.png", "007_2.png", "x不_3_y.png", "1-2_.png")
    found = read_train(tmp_path, "text")
    assert found.ids == ["AB12", "x不_3_y", "1-2_", "007_1", "007_2"]
    assert found.texts == ["AB12", "x不", "1-2", "007", "007"]
    assert [path.stem for path in found.paths] == found.ids


def test_names_may_be_arithmetic(tmp_path: Path) -> None:
    drop(tmp_path / "train", "(3-7)+5_0.png", "5-6+2 1_1.png")
    assert read_train(tmp_path, "arithmetic").texts == ["(3-7)+5", "5-6+2"]


@pytest.mark.parametrize("place", ["train", "."])
def test_labels_by_id(tmp_path: Path, place: str) -> None:
    drop(tmp_path / "train", "2.png", "10.png", "x_y.png")
    (tmp_path / place / "labels.csv").write_text(
        'note,text,id\n,NA,10\n,"a,""b",x_y\n,007,2\n', encoding="utf-8-sig"
    )
    found = read_train(tmp_path, "text")
    assert (found.ids, found.texts) == (["x_y", "2", "10"], ['a,"b', "007", "NA"])


@pytest.mark.parametrize("place", ["train", "."])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_labels_by_line(tmp_path: Path, place: str, ending: str) -> None:
    names = [f"{number}.png" for number in range(11)]
    drop(tmp_path / "train", *names[::-1])
    lines = [f"t{number}" for number in range(11)]
    text = ending.join(lines) + ending
    (tmp_path / place / "labels.txt").write_text(text, encoding="utf-8-sig", newline="")
    found = read_train(tmp_path, "text")
    assert found.ids == [str(number) for number in range(11)]
    assert found.texts == lines


def test_labels_beside_the_pictures_come_first(tmp_path: Path) -> None:
    drop(tmp_path / "train", "0.png")
    found = []
    for place in ("labels.txt", "labels.csv", "train/labels.txt", "train/labels.csv"):
        label = f"by{place.replace('/', '')}"
        content = f"id,text\n0,{label}\n" if place.endswith("csv") else f"{label}\n"
        (tmp_path / place).write_text(content)
        found += [read_train(tmp_path, "text").texts == [label]]
    assert found == [True] * 4


def test_arithmetic_labels_end_in_their_value(tmp_path: Path) -> None:
    labels = ("(3-7)+5 1", "5-6+2", "9-8-7 -6", "1/3+1/3 0.67", "1/4+0 1/4", "7+3*0 7.01")
    drop(tmp_path / "train", *(f"{number}.png" for number in range(6)))
    (tmp_path / "train/labels.txt").write_text("\n".join(labels))
    texts = read_train(tmp_path, "arithmetic").texts
    assert texts == ["(3-7)+5", "5-6+2", "9-8-7", "1/3+1/3", "1/4+0", "7+3*0"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("0,a\n", "1 ids are missing, namely 1\nremedy: label exactly the pictures"),
        (
            "0,a\n2,c\n3,d\n",
            "1 ids are missing, namely 1; 2 ids are unknown, namely 2, 3\nremedy: ",
        ),
        ("0,a\n01,b\n", "1 ids are missing, namely 1; 1 ids are unknown, namely 01\nremedy: "),
        ("0,a\n1,b\n1,b\n", "1 ids occur more than once, namely 1\nremedy: "),
        ("", "2 ids are missing, namely 0, 1\nremedy: "),
        ("0,a\n1\n", "line 3 has 1 fields, the header 2\nremedy: "),
        ("0,a\n1,\n", "label '' of picture 1: empty"),
        ("0,a\n1,  \n", "label '  ' of picture 1: empty"),
        (f"0,a\n1,{'9' * 1_000_000}\n", r"not a readable CSV table \(field larger than"),
    ],
)
def test_wrong_rows(tmp_path: Path, rows: str, reason: str) -> None:
    drop(tmp_path / "train", "0.png", "1.png")
    (tmp_path / "labels.csv").write_text(f"id,text\n{rows}")
    refused(tmp_path, "text", tmp_path / "labels.csv", reason)


def test_rows_without_the_columns(tmp_path: Path) -> None:
    drop(tmp_path / "train", "0.png")
    (tmp_path / "labels.csv").write_text("id,x,y\n0,a,b\n")
    refused(tmp_path, "text", tmp_path / "labels.csv", "column text is missing; it has ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a\n", "1 ids are missing, namely 1\nremedy: line k, counted from 0"),
        (b"", "2 ids are missing, namely 0, 1\nremedy: line k"),
        (b"a\nb\nc\nd\n", "2 ids are unknown, namely 2, 3\nremedy: line k"),
        (b"a\nb\n\n\n", "2 ids are unknown, namely 2, 3\nremedy: line k"),
        (b"a\x0bb", "1 ids are missing, namely 1\nremedy: line k"),
        (b"a\n\n", "label '' of picture 1: empty"),
        (b"a\n\xff\xfe\n", r"not UTF-8 \(.*\)\nremedy: save it as UTF-8$"),
    ],
)
def test_wrong_lines(tmp_path: Path, content: bytes, reason: str) -> None:
    drop(tmp_path / "train", "0.png", "1.png")
    (tmp_path / "train/labels.txt").write_bytes(content)
    refused(tmp_path, "text", tmp_path / "train/labels.txt", reason)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("_0.png", "label '' of picture _0: empty"),
    ],
)
def test_wrong_names(tmp_path: Path, name: str, reason: str) -> None:
    drop(tmp_path / "train", "ok_1.png", name)
    refused(tmp_path, "text", tmp_path / "train" / name, reason)


WRONG = {
    "value": ("(3-7)+5 2", "it comes to 1\nremedy: correct the label"),
    "nearly": ("7+3*0 7.02", "it comes to 7\nremedy"),
    "word": ("1+1 two", r".+\nremedy"),
    "nan": ("1+1 nan", r".+\nremedy"),
    "twice": ("1+1 2 2", r".+\nremedy"),
    "value by zero": ("1+1 2/0", r".+\nremedy"),
    "by zero": ("1/0", "division by zero: at character 3\nremedy"),
    "by zero, told": ("1/0 0", "division by zero: at character 3\nremedy"),
    "brackets": ("((((", "syntax: it ends too early\nremedy"),
    "powers": ("9**9**9", r"syntax: '\*' at character 3\nremedy"),
    "digits": ("9" * 1_000_000, "too long: 1000000 characters, at most 256\nremedy"),
    "value of digits": ("1+1 " + "9" * 1_000_000, r".+\nremedy"),
    "code": ('__import__("os")', "syntax: '_' at character 1\nremedy"),
    "word alone": ("AB12", "unknown variable: 'A' at character 1\nremedy"),
    "no operands": ("+", r"syntax: '\+' at character 1\nremedy"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_arithmetic(tmp_path: Path, kind: str) -> None:
    label, reason = WRONG[kind]
    drop(tmp_path / "train", "0.png", "1.png")
    path = tmp_path / "train/labels.txt"
    path.write_text(f"1+1+1\n{label}\n")
    refused(
        tmp_path, "arithmetic", path, f"label {re.escape(repr(label[:40]))} of picture 1: {reason}"
    )


@pytest.mark.parametrize(
    "code", ['__import__("pathlib").Path("ran").touch()', '1+1 __import__("os").mkdir("ran")']
)
def test_labels_are_never_run(tmp_path: Path, monkeypatch, code: str) -> None:
    monkeypatch.chdir(tmp_path)
    drop(tmp_path / "train", "0.png")
    path = tmp_path / "train/labels.txt"
    path.write_text(f"{code}\n")
    refused(tmp_path, "arithmetic", path, "label .* of picture 0: ")
    assert not (tmp_path / "ran").exists()
    eval(code.split(" ")[-1])  # noqa: S307 - the code is real: run, it leaves its mark
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("value", ["1e3000000", "-1e-3000000", "x" * 1_000_000])
def test_a_value_that_is_no_short_number(tmp_path: Path, value: str) -> None:
    drop(tmp_path / "train", "0.png")
    path = tmp_path / "train/labels.txt"
    path.write_text(f"1-1 {value}\n")
    refused(tmp_path, "arithmetic", path, "label .* of picture 0: ")


def test_a_label_that_cannot_be_printed(tmp_path: Path) -> None:
    drop(tmp_path / "train", "0.png")
    path = tmp_path / "train/labels.txt"
    path.write_text("a\0b\n")
    refused(tmp_path, "text", path, "label ")


# ---- test pictures


def test_no_test_pictures(tmp_path: Path) -> None:
    assert read_test(tmp_path, "text") == LabelledPictures([], [], [])
    (tmp_path / "test").mkdir()
    (tmp_path / "sample_submission.csv").write_text("id,text\n1,\n")
    assert read_test(tmp_path, "text") == LabelledPictures([], [], [])


def test_test_pictures_in_the_samples_order(tmp_path: Path) -> None:
    drop(tmp_path / "test", "1.png", "2.png", "10.png")
    assert read_test(tmp_path, "arithmetic").ids == ["1", "2", "10"]
    sample, key = tmp_path / "sample_submission.csv", tmp_path / "test_labels.csv"
    sample.write_text("id,expression,value\n2,,\n10,,\n1,,\n")
    key.write_text("id,text\n1,1+1+1 3\n2,\n10,2+3*4\n")
    found = read_test(tmp_path, "arithmetic")
    assert found.ids == ["2", "10", "1"]
    assert [path.name for path in found.paths] == ["2.png", "10.png", "1.png"]
    assert found.texts == ["", "2+3*4", "1+1+1"]


@pytest.mark.parametrize(
    ("task", "header"), [("text", "id,expression,value"), ("arithmetic", "id,text")]
)
def test_the_sample_of_the_other_task(tmp_path: Path, task: str, header: str) -> None:
    drop(tmp_path / "test", "1.png")
    (tmp_path / "sample_submission.csv").write_text(f"{header}\n1{',' * header.count(',')}\n")
    with pytest.raises(PodiumError, match=r"sample_submission\.csv: column \w+"):
        read_test(tmp_path, task)


@pytest.mark.parametrize(("task", "label"), [("text", "a\tb"), ("arithmetic", "1+1+1 4")])
def test_a_wrong_answer_key(tmp_path: Path, task: str, label: str) -> None:
    drop(tmp_path / "test", "1.png")
    (tmp_path / "test_labels.csv").write_text(f"id,text\n1,{label}\n")
    with pytest.raises(PodiumError, match=r"test_labels\.csv: label "):
        read_test(tmp_path, task)


# ---- pixels


def test_pixels_group_by_group(tmp_path: Path) -> None:
    drop(tmp_path / "train", "a.png", "b.png", "c.png")
    ids, paths = labelled_files(tmp_path / "train")
    labelled = LabelledPictures(ids, paths, ["1", "2", "3"])
    groups = [labelled.select([2, 0]), LabelledPictures([], [], []), labelled.select([1])]
    look = FittedDecoder(PictureFit((5, 4)), 1.0)
    parts = list(decoded_parts(groups, 2, look))
    assert [part.texts for _, part in parts] == [["3", "1"], ["2"]]
    assert [[pixels[0, 0, 0] for pixels in group] for group, _ in parts] == [[2, 0], [1]]
    assert {pixels.shape for group, _ in parts for pixels in group} == {(4, 5, 3)}


def test_no_part_is_larger_than_it_may_be(tmp_path: Path) -> None:
    drop(tmp_path, "a.png", size=(1, 1))
    group = LabelledPictures(list("abcde"), [tmp_path / "a.png"] * 5, ["t"] * 5)
    parts = decoded_parts([group], 4, FittedDecoder(PictureFit((1, 1)), 1.0))
    assert [(len(pixels), part.ids) for pixels, part in parts] == [(4, list("abcd")), (1, ["e"])]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"<!DOCTYPE html>", r"not a JPEG, PNG, WEBP, BMP.* picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 60, "(damaged|not a )"),
        (None, "No such file or directory"),
    ],
)
def test_pictures_that_cannot_be_read(tmp_path: Path, data: bytes | None, reason: str) -> None:
    drop(tmp_path, "a.png", "b.png")
    group = LabelledPictures(*labelled_files(tmp_path), ["1", "2"])
    broken = tmp_path / "b.png"
    broken.unlink()
    if data is not None:
        broken.write_bytes(data)
    wanted = rf"^{re.escape(str(broken))}: .*{reason}.*\nremedy: replace or remove it, and its"
    with pytest.raises(PodiumError, match=wanted):
        list(decoded_parts([group], 9, FittedDecoder(PictureFit((1, 1)), 1.0)))
    with pytest.raises(PodiumError, match=wanted):
        FittedDecoder(PictureFit((5, 4)), 1.0)(broken)


def test_a_picture_over_the_limit(tmp_path: Path) -> None:
    drop(tmp_path, "a.png")
    assert decode_picture(tmp_path / "a.png", 2e-5).shape == (4, 5, 3)
    reason = r"a\.png: too large: 5x4 px is over the limit of 1\.9e-05 mega"
    with pytest.raises(PodiumError, match=reason):
        decode_picture(tmp_path / "a.png", 1.9e-5)


# ---- validation


@pytest.mark.parametrize(
    ("n", "share", "kept"), [(10, 0.1, 1), (10, 0.3, 3), (2, 0.01, 1), (2, 0.99, 1), (3, 0.99, 2)]
)
def test_a_share_is_kept(n: int, share: float, kept: int) -> None:
    learn, keep = split_validation(n, share, 0)
    assert (len(learn), len(keep)) == (n - kept, kept)
    assert sorted(learn + keep) == list(range(n))
    assert (learn, keep) == (sorted(learn), sorted(keep))


def test_the_kept_share_is_the_seeds() -> None:
    kept = [tuple(split_validation(40, 0.25, seed)[1]) for seed in (*range(20), 0)]
    assert kept[0] == kept[-1]
    assert len(set(kept)) == 20
    counts = np.bincount(np.array(kept[:-1]).ravel(), minlength=40)
    assert counts.sum() == 200
    assert counts.max() < 15  # no picture is kept by nearly all seeds


# ---- ids that no file can have


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ("7" * 5000, r"an id of 5000 characters, '7{40}'\nremedy: ids are names of pictures"),
        ('"a\nb"', r"an id with control characters, 'a\\nb'\nremedy: "),
        ("\x1b[31mred", r"an id with control characters, '\\x1b\[31mred'\nremedy: "),
    ],
)
@pytest.mark.parametrize(
    "name", ["labels.csv", "train/labels.csv", "test_labels.csv", "sample_submission.csv"]
)
def test_ids_that_no_file_can_have(tmp_path: Path, name: str, odd: str, reason: str) -> None:
    drop(tmp_path / "train", "1.png")
    drop(tmp_path / "test", "1.png")
    (tmp_path / name).write_text(f"id,text\n1,a\n{odd},b\n")
    read = read_train if name.endswith("/labels.csv") or name == "labels.csv" else read_test
    with pytest.raises(PodiumError, match=f"{name}: {reason}"):
        read(tmp_path, "text")


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    """A form feed or U+2028 within a line must not shift the lines below it."""
    drop(tmp_path / "train", "0.png", "1.png", "2.png")
    (tmp_path / "train/labels.txt").write_text("a\nb\x0cb\nc\n", newline="")
    reason = r"label 'b\\x0cb' of picture 1: holds a character that cannot be printed"
    refused(tmp_path, "text", tmp_path / "train/labels.txt", reason)
