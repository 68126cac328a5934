"""Tables of any kind become text cells under their column names."""

from __future__ import annotations

import json
import zipfile

import pytest

from podium.core.errors import PodiumError, SettingsError
from podium.photos.label_tables import read_label_table, require_columns
from podium.pictures.source import PictureSource


def read(root, name, text, encoding="utf-8"):
    (root / name).write_text(text, encoding=encoding)
    return read_label_table(PictureSource(root), name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'id,label\n007,NA\n"1,0","""x"""\n'),
        ("b.CSV", '\ufeffid;label\n007;NA\n1,0;"""x"""'),
        ("c.tsv", 'id\tlabel\n007\tNA\n1,0\t"""x"""\n'),
        ("d.csv", ',id,label\n0,007,NA\n1,"1,0","""x"""\n'),
        ("e.json", '[{"id": "007", "label": "NA"}, {"id": "1,0", "label": "\\"x\\""}]'),
        ("f.json", '{"007": "NA", "1,0": "\\"x\\""}'),
        ("g.json", '{"007": {"label": "NA"}, "1,0": {"label": "\\"x\\""}}'),
    ],
)  # fmt: skip
def test_cells_are_text(tmp_path, name, text):
    table = read(tmp_path, name, text)
    assert list(table.columns) == ["id", "label"]
    assert table.to_numpy().tolist() == [["007", "NA"], ["1,0", '"x"']]


def coco(*categories):
    images = [{"id": k, "file_name": f"{k}.jpg", "size": [1, 2], "place": None, "lux": 1.5}
              for k in range(len(categories))]  # fmt: skip
    annotations = [{"image_id": k, "category_id": each} for k, row in enumerate(categories)
                   for each in row]  # fmt: skip
    names = [{"id": 1, "name": "Ärger"}, {"id": 2, "name": "b c"}]
    return json.dumps({"images": images, "annotations": annotations, "categories": names})


def test_coco_gives_a_row_for_each_picture(tmp_path):
    table = read(tmp_path, "a.json", coco([1], [2, 2]))
    assert table.to_dict("records") == [
        {"id": "0", "file_name": "0.jpg", "place": "", "lux": "1.5", "category_id": "1",
         "category": "Ärger"},
        {"id": "1", "file_name": "1.jpg", "place": "", "lux": "1.5", "category_id": "2",
         "category": "b c"},
    ]  # fmt: skip
    several = read(tmp_path, "b.json", coco([1, 2], [2], []))
    assert several["category_id"].tolist() == ["1 2", "2", ""]
    assert "category" not in several
    latin = read(tmp_path, "c.json", coco([1]).replace("\\u00c4", "Ä"), "latin-1")
    assert latin["category"].tolist() == ["Ärger"]


def test_a_table_in_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "labels.csv.zip", "w") as archive:
        archive.writestr("labels.csv", "id,label\n1,a\n")
    table = read_label_table(PictureSource(tmp_path), "labels.csv.zip!labels.csv")
    assert table.to_numpy().tolist() == [["1", "a"]]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "id,label\n1,2,3\n", "line 2 has 3 fields"),
        ("a.csv", "id,id\n1,2\n", "a column name occurs twice"),
        ("a.json", "{", "not a readable table"),
        ("a.json", "[]", "it holds no rows"),
        ("a.json", "[1, 2]", "not a readable table"),
        ("a.json", "3", "not a readable table"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, name, text, says):
    with pytest.raises(PodiumError, match=says) as caught:
        read(tmp_path, name, text)
    assert str(caught.value).startswith(f"{tmp_path}/{name}: ")
    assert "\nremedy: " in str(caught.value)


def test_a_table_in_another_encoding_is_refused(tmp_path):
    with pytest.raises(
        PodiumError, match=r"not a readable table .*\nremedy: save it as CSV in UTF"
    ):
        read(tmp_path, "a.csv", "id,label\n1,Ärger\n", "latin-1")


def test_what_is_missing_is_named(tmp_path):
    source = PictureSource(tmp_path)
    with pytest.raises(SettingsError, match=r"photos\.layout\.table: .*no\.csv: no such table"):
        read_label_table(source, "no.csv", "table")
    table = read(tmp_path, "a.csv", "id,label\n1,a\n")
    require_columns(source, "a.csv", table, ["id", ""])
    with pytest.raises(SettingsError, match=r"a\.csv: no column 'name', 'x'; it has id, label\n"):
        require_columns(source, "a.csv", table, ["name", "x"])
