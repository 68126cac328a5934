"""Answers of `podium predict` as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from podium.core.errors import SettingsError
from podium.core.printable import printable
from podium.evaluation.file_answers import Cell

DECIMALS = 6


def refuse_other_suffix(path: Path) -> None:
    """Raise a SettingsError if the name of a table ends neither in .csv nor in .json."""
    if path.suffix.lower() not in (".csv", ".json"):
        raise SettingsError(f"--table {printable(path)}: a table ends in .csv or .json")
    if path.is_dir():
        raise SettingsError(f"--table {printable(path)}: that is a folder")


def csv_line(cells: Sequence[Cell]) -> str:
    """One line of CSV without its end: quoted where it must be, numbers with six decimals."""
    text = io.StringIO()
    shown = [cell if isinstance(cell, str) else f"{cell:.{DECIMALS}f}" for cell in cells]
    csv.writer(text, lineterminator="\r\n").writerow(shown)  # it quotes what ends its lines
    return text.getvalue().removesuffix("\r\n")


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write rows to `path`, whole or not at all; return how many.

    Args:
        path: ends in .csv, or in .json: a list of objects.
        columns: of each row.
        rows: their cells.
    """
    from podium.core.files import write_text

    table = list(rows)
    if path.suffix.lower() == ".json":
        rounded = [[c if isinstance(c, str) else round(c, DECIMALS) for c in row] for row in table]
        objects = [dict(zip(columns, row, strict=True)) for row in rounded]
        write_text(path, json.dumps(objects, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        write_text(path, "\n".join(map(csv_line, [columns, *table])) + "\n")
    return len(table)
