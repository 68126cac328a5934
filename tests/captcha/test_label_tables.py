import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from podium.captcha.copies import split_validation, without_contradictions
from podium.captcha.raw_folder import PictureFile
from podium.captcha.source import read_train
from podium.core.errors import PodiumError

TEXTS = {"a": "7XK2", "b": "你好", "c": "A b"}
ROWS = [("filename", "label"), *((f"{name}.png", text) for name, text in TEXTS.items())]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "train").mkdir()
    for grey, name in enumerate(TEXTS):
        pixels = np.full((16, 20, 3), 50 * grey, np.uint8)
        pixels[3:9, 4:9] = 200
        Image.fromarray(pixels).save(tmp_path / f"train/{name}.png")
    return tmp_path


def lines(separator: str, rows: list[tuple[str, str]] = ROWS) -> str:
    return "".join(f"{separator.join(row)}\r\n" for row in rows)


PLAIN = [(name.removesuffix(".png"), text) for name, text in ROWS]
TABLES = {
    "filename,label": ("labels.csv", lines(",").encode()),
    "without suffix": ("labels.csv", lines(",", PLAIN).encode()),
    "tab": ("labels.tsv", lines("\t").encode()),
    "tab in csv": ("train/labels.csv", lines("\t").encode()),
    "semicolon": ("labels.csv", lines(";").encode()),
    "mark": ("labels.csv", lines(",").encode("utf-8-sig")),
    "utf-16": ("labels.csv", lines(",").encode("utf-16")),
    "utf-16 without mark": ("labels.csv", lines("\t").encode("utf-16-le")),
    "gbk": ("labels.csv", lines(",").encode("gbk")),
    "a counter": (
        "labels.csv",
        "".join(
            ["id,filename,label\n", *(f"{n},{','.join(row)}\n" for n, row in enumerate(ROWS[1:]))]
        ).encode(),
    ),
    "train/": (
        "labels.csv",
        lines(",", [ROWS[0], *((f"train/{a}", b) for a, b in ROWS[1:])]).encode(),
    ),
    "./": ("labels.csv", lines(",", [ROWS[0], *((f"./{a}", b) for a, b in ROWS[1:])]).encode()),
    "./train/ in lines": (
        "labels.txt",
        lines(" ", [(f"./train/{a}", b) for a, b in ROWS[1:]]).encode(),
    ),
    "no header": ("labels.csv", lines(",", ROWS[1:]).encode()),
    "train.csv": ("train.csv", lines(",", [("image", "text"), *ROWS[1:]]).encode()),
    "unknown header": ("labels.csv", lines(",", [("bild", "wort"), *ROWS[1:]]).encode()),
    "names and texts": ("labels.txt", lines(" ", ROWS[1:]).encode()),
    "names, tab, texts": ("labels.txt", lines("\t", ROWS[1:]).encode("gbk")),
}


@pytest.mark.parametrize("kind", TABLES)
def test_labels_as_people_save_them(raw: Path, kind: str) -> None:
    name, data = TABLES[kind]
    (raw / name).write_bytes(data)
    found = read_train(raw, "text")
    assert sorted(found.texts) == sorted(TEXTS.values())
    assert [row.path for row in found.left_out] == []
    assert {
        file.partition(".")[0]: text for file, text in zip(found.ids, found.texts, strict=True)
    } == TEXTS
    assert found.rules == {f"the table {name}": 3}


def files(*contents: str) -> list[PictureFile]:
    rows = enumerate(contents)
    return [PictureFile(str(row), Path(), f"{row}.png", content) for row, content in rows]


def test_a_picture_under_two_texts_is_left_out() -> None:
    kept, left_out = without_contradictions(files("x", "y", "x", "z", "z", "z"), list("abcddf"))
    assert kept == [1, 3, 4]
    assert [(row.id, row.label) for row in left_out] == [("0", "a"), ("2", "c"), ("5", "f")]
    assert left_out[0].reason == "a copy of another picture under another text: 2 says c"
    assert without_contradictions(files("x", "x"), ["a", "a"]) == ([0, 1], [])


@pytest.mark.parametrize("seed", range(8))
def test_copies_share_their_side_of_the_split(seed: int) -> None:
    contents = [str(row // 3) for row in range(30)]
    learn, keep = split_validation(30, 0.3, seed, contents)
    assert sorted(learn + keep) == list(range(30))
    assert not {contents[row] for row in learn} & {contents[row] for row in keep}
    assert 3 <= len(keep) <= 9
    assert split_validation(30, 0.3, seed, [str(row) for row in range(30)]) == split_validation(
        30, 0.3, seed
    )


def test_names_of_tables_in_capitals(raw: Path) -> None:
    (raw / "train/Labels.CSV").write_text(lines(","))
    found = read_train(raw, "text")
    assert dict(zip(found.ids, found.texts, strict=True)) == {
        f"{name}.png": text for name, text in TEXTS.items()
    }
    assert found.rules == {"the table train/Labels.CSV": 3}


@pytest.mark.parametrize("place", ["train/annotations.csv", "train_data.json"])
def test_a_table_that_is_not_read_is_named(raw: Path, place: str) -> None:
    (raw / place).write_text("x")
    [note] = read_train(raw, "text").notes
    assert note == (
        f"WARNING: {place} is not read; if it has the texts, call it labels.csv, "
        "with columns id and text"
    )
    for number in range(10):
        shutil.copy(raw / "train/a.png", raw / f"train/img_{number}.png")
    with pytest.raises(PodiumError, match=f"{place} is not read\nremedy: put their texts into"):
        read_train(raw, "text")


def test_answers_without_sums(raw: Path) -> None:
    (raw / "labels.csv").write_text("id,text\na,8\nb,6\nc,12\n")
    with pytest.raises(PodiumError, match=r"labels\.csv: all labels are numbers, e\.g\. '8': the"):
        read_train(raw, "arithmetic")
    assert read_train(raw, "text").texts == ["8", "6", "12"]
    (raw / "labels.csv").write_text("id,text\na,3+5 8\nb,6\nc,12\n")
    assert read_train(raw, "arithmetic").texts == ["3+5", "6", "12"]


def test_texts_that_differ_in_case_are_no_contradiction(raw: Path) -> None:
    shutil.copy(raw / "train/a.png", raw / "train/d.png")
    (raw / "labels.csv").write_text("id,text\na,aBcD\nb,XY\nc,ZZ\nd,ABCD\n")
    assert read_train(raw, "text").texts == ["XY", "ZZ"]
    found = read_train(raw, "text", ignore_case=True)
    assert (found.texts, found.left_out) == (["ABCD", "XY", "ZZ", "ABCD"], [])


def test_unknown_columns_without_rows(raw: Path) -> None:
    (raw / "labels.csv").write_text("bild,wort\n")
    with pytest.raises(
        PodiumError, match=r"labels\.csv: column id is missing; it has \['bild', 'w"
    ):
        read_train(raw, "text")


@pytest.mark.parametrize(
    ("texts", "encoding", "n_notes"),
    [
        (["érab", "xyz", "abc"], "latin-1", 1),
        (["érab", "xyz", "abc"], "utf-8", 0),
        (["你好a", "世界", "A1"], "gbk", 0),
        (["你a", "xyz", "abc"], "utf-8", 0),
    ],
)
def test_latin_letters_read_as_chinese(
    raw: Path, texts: list[str], encoding: str, n_notes: int
) -> None:
    rows = [*zip("abc", texts, strict=True)]
    (raw / "labels.csv").write_bytes(lines(",", [("id", "text"), *rows]).encode(encoding))
    notes = read_train(raw, "text").notes
    assert len(notes) == n_notes
    assert all("labels.csv is not UTF-8 and was read as GBK, which gives" in note for note in notes)
