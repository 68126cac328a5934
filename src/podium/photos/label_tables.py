"""Tables beside or inside the pictures: CSV, TSV and JSON, in a folder or in a zip, as text."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from podium.core.errors import PodiumError, SettingsError
from podium.core.files import parse_table
from podium.core.printable import printable
from podium.pictures.source import PictureSource

SUFFIXES = (".csv", ".tsv", ".json")
LABEL, NAME = "category_id", "category"  # columns of what COCO's annotations say of a picture
SEVERAL = " "  # between the numbers of several categories of one picture
_LARGEST = 1 << 30  # bytes


def read_label_table(source: PictureSource, path: str, setting: str = "") -> pd.DataFrame:
    """Return the table at `path` below the source; all cells are text, columns without name go.

    COCO's JSON (images, annotations, categories) becomes a row for each picture, with the columns
    `category_id` and `category`; so does JSON that is a list of records.

    Args:
        source: of the pictures.
        path: `labels.zip!train.csv` inside a zip.
        setting: that names it, for messages.

    Raises:
        SettingsError: there is no such file.
        PodiumError: it is no table.
    """
    where = source.root / path
    try:
        data = source.read(path)
    except (OSError, KeyError):
        raise SettingsError(
            f"{f'photos.layout.{setting}: ' if setting else ''}{printable(where)}: no such table\n"
            "remedy: run podium inspect photos --write"
        ) from None
    if len(data) > _LARGEST:
        raise PodiumError(
            f"{printable(where)}: a table of {len(data):,} bytes, over the limit of {_LARGEST:,}\n"
            "remedy: keep the columns of id and label alone"
        )
    suffix = PurePosixPath(path).suffix.lower()
    try:
        if suffix == ".json":
            return _of_json(json.loads(_text(data)))
        text = data.decode("utf-8-sig")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PodiumError(
            f"{printable(where)}: not a readable table ({error})\n"
            "remedy: save it as CSV in UTF-8, with commas"
        ) from None
    header = text.partition("\n")[0]
    semicolons = ";" in header and "," not in header
    delimiter = "\t" if suffix == ".tsv" else ";" if semicolons else ","
    table = parse_table(where, io.StringIO(text, newline=""), delimiter=delimiter)
    return table[[name for name in table.columns if name]]


def require_columns(
    source: PictureSource, path: str, table: pd.DataFrame, columns: Iterable[str]
) -> None:
    """Check that a table has `columns`; '' stands for none.

    Args:
        source: of the pictures.
        path: of the table.
        table: as it was read.
        columns: that settings name.

    Raises:
        SettingsError: one is missing.
    """
    if missing := [name for name in columns if name and name not in table.columns]:
        has = ", ".join(printable(name) for name in table.columns[:12])
        raise SettingsError(
            f"{printable(source.root / path)}: no column {', '.join(map(repr, missing))}; it has "
            f"{has}\nremedy: run podium inspect photos --write, or correct photos.layout"
        )


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:  # as Herbarium 2020 has it
        return data.decode("latin-1")


def _of_json(value: Any) -> pd.DataFrame:
    if isinstance(value, dict) and isinstance(value.get("images"), list):
        return _of_coco(value)
    if isinstance(value, dict):
        records = [
            {"id": key, **(cell if isinstance(cell, dict) else {"label": cell})}
            for key, cell in value.items()
        ]
    else:
        records = list(value)
    if not records:
        raise ValueError("it holds no rows")
    return _frame(records)


def _of_coco(value: Mapping[str, Any]) -> pd.DataFrame:
    names = {each["id"]: each["name"] for each in value.get("categories", []) if "name" in each}
    key = "id" if all("id" in image for image in value["images"]) else "image_id"
    of_image: dict[Any, list[Any]] = {}
    for annotation in value.get("annotations", []):
        categories = of_image.setdefault(annotation["image_id"], [])
        if annotation["category_id"] not in categories:
            categories.append(annotation["category_id"])
    rows = []
    for image in value["images"]:
        row = {"id": image[key], **image}
        if "annotations" in value:
            categories = of_image.get(image[key], [])
            row[LABEL] = SEVERAL.join(map(_cell, categories))
            if len(categories) <= 1:
                row[NAME] = "".join(_cell(names.get(each, "")) for each in categories)
        rows.append(row)
    table = _frame(rows)
    complete = NAME in table and (table[NAME] != "").all()
    return table if complete else table.drop(columns=NAME, errors="ignore")


def _frame(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Records as text; what is a list or a mapping in any of them is left out."""
    nested = {
        key for record in records for key, cell in record.items() if isinstance(cell, list | dict)
    }
    names = dict.fromkeys(key for record in records for key in record if key not in nested)
    rows = [[_cell(record.get(name)) for name in names] for record in records]
    return pd.DataFrame(rows, columns=pd.Index(list(names)), dtype=str)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
