"""CSV tables as text, whole or a block of rows at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from podium.core.errors import PodiumError
from podium.core.printable import printable

MAX_COLUMNS = 50_000  # of a table
Lines = list[tuple[int, list[str]]]  # the number of a row's last line, and its cells

if TYPE_CHECKING:
    import pandas as pd


def parse_blocks(
    path: Path,
    lines: Iterable[str],
    columns: Sequence[str] = (),
    delimiter: str = ",",
    n_cells: int = 0,
) -> Iterator[pd.DataFrame]:
    """Yield the rows of the CSV that `lines` are, all cells as text.

    Args:
        path: for messages.
        lines: with their ends; decoded while they are read, perhaps.
        columns: that the header must have.
        delimiter: between cells.
        n_cells: of a block, about, after a first one without rows; 0: all rows in one block.

    Raises:
        PodiumError: they are no CSV, lack a column, or have an uneven row.
    """
    import pandas as pd

    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    rows = ((reader.line_num, row) for row in reader if row)  # blank lines are no rows

    def read(n: int | None) -> Lines:
        try:
            return list(islice(rows, n))
        except (csv.Error, UnicodeDecodeError) as error:
            text = f"not a readable CSV table ({error})"
            raise _fault(path, text, "save it as CSV in UTF-8, with commas") from None

    def frame(part: Lines) -> pd.DataFrame:
        for line, row in part:
            if len(row) != len(header):
                text = f"line {line} has {len(row)} fields, the header {len(header)}"
                raise _fault(path, text, "quote cells that hold commas, and leave no cell out")
        return pd.DataFrame([row for _, row in part], columns=pd.Index(header), dtype=str)

    first = read(1 if n_cells else None)
    header: list[str] = first[0][1] if first else []
    _check_header(path, header, columns)
    yield frame(first[1:])
    while n_cells and (part := read(max(1, n_cells // max(1, len(header))))):
        yield frame(part)


def _check_header(path: Path, header: Sequence[str], columns: Sequence[str]) -> None:
    if (n := len(header)) > MAX_COLUMNS:
        text = f"{n:,} columns, over the limit of {MAX_COLUMNS:,}"
        raise _fault(path, text, "name the right file")
    if len(set(header)) < n:
        text = f"a column name occurs twice in {_shortened(header)}"
        raise _fault(path, text, "rename one of them")
    if missing := [name for name in columns if name not in header]:
        text = f"column {', '.join(missing)} is missing; it has {_shortened(header)}"
        raise _fault(path, text, "add it, or rename the column that holds it")


def _fault(path: Path, text: str, remedy: str) -> PodiumError:
    return PodiumError(f"{printable(path)}: {text}\nremedy: {remedy}")


def _shortened(header: Sequence[str]) -> str:
    text = str(list(header))
    return text if len(text) <= 300 else f"{text[:300]}..."
