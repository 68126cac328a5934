"""Any submission, ours or not, beside what its competition wants: every fault, not just the first.

A submission is read as text, cell by cell, so that what is said of it is what stands in the file.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.files import read_table
from podium.core.ids import natural_key
from podium.submission.writing import read_sample

Rule = Callable[[pd.DataFrame], Iterable[str]]
LONGEST_CELL = 2**31 - 1  # run lengths of a slide pass the csv module's 128 KiB
SUM_TOLERANCE = 1e-3  # of a row's probabilities


@dataclass(frozen=True)
class Wanted:
    """What a competition wants of a submission.

    Attributes:
        columns: in their order; the first holds ids, none twice.
        ids: of the rows.
        faults: what is wrong with the other columns of a table that has all of them.
        notes: what is odd about them, but allowed.
        sample: the sample submission that columns and ids come from; None where they come from
            what was ingested, whose order nobody asks for.
    """

    columns: Sequence[str]
    ids: Sequence[str]
    faults: Rule
    notes: Rule
    sample: Path | None = None


def read_submission(path: Path) -> pd.DataFrame:
    """The CSV at `path` as text; its cells may be as long as memory allows.

    Raises:
        PodiumError: it is missing or no CSV.
    """
    csv.field_size_limit(LONGEST_CELL)
    return read_table(path)


def sample_ids(path: Path, columns: Sequence[str]) -> list[str]:
    """The ids of the sample submission at `path`, as `submission.read_sample` gives them."""
    csv.field_size_limit(LONGEST_CELL)
    return read_sample(path, columns)


def faults(table: pd.DataFrame, wanted: Wanted) -> list[str]:
    """Everything that keeps `table` from being handed in, a line each."""
    found = [*_column_faults(list(table.columns), wanted.columns)]
    key = wanted.columns[0]
    if key in table:
        found += _id_faults(table[key].tolist(), wanted.ids)
    if set(wanted.columns) <= set(table.columns):
        found += wanted.faults(table[list(wanted.columns)])
    return found


def notes(table: pd.DataFrame, wanted: Wanted) -> list[str]:
    """What is odd about `table`, but allowed, a line each; nothing where a column is missing."""
    if not set(wanted.columns) <= set(table.columns):
        return []
    found = []
    ids = table[wanted.columns[0]].tolist()
    if wanted.sample and sorted(ids) == sorted(wanted.ids) and ids != list(wanted.ids):
        found.append("the ids are not in the sample's order")
    for name in wanted.columns[1:]:
        if len(table) > 1 and table[name].nunique() == 1:
            found.append(f"column {name} is {_short(repr(table[name].iloc[0]))} in every row")
    return [*found, *wanted.notes(table[list(wanted.columns)])]


def _column_faults(found: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    if absent := [name for name in wanted if name not in found]:
        yield f"{counted(len(absent), 'column')} missing, {examples(absent)}"
    if foreign := [name for name in found if name not in wanted]:
        yield f"{counted(len(foreign), 'column')} unknown, {examples(foreign)}"
    if not absent and not foreign and list(found) != list(wanted):
        yield f"its columns are in the order {', '.join(found)}, not {', '.join(wanted)}"


def _id_faults(found: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    kinds = {
        "more than once": {name for name, count in Counter(found).items() if count > 1},
        "missing": set(wanted) - set(found),
        "unknown": set(found) - set(wanted),
    }
    for what, names in kinds.items():
        if names:
            shown = examples(sorted(names, key=natural_key))
            yield f"{counted(len(names), 'id')} {what}, {shown}"


def probability_faults(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[str]:
    """What is wrong with columns of probabilities; the first column of `table` holds ids."""
    for name in columns:
        cells, values = table[name], numbers(table[name])
        empty = (cells.str.strip() == "").to_numpy()
        outside = ~np.isnan(values) & ~((values >= 0) & (values <= 1))
        odd = np.isnan(values) & ~empty
        kinds = {"empty": empty, "no number": odd, "outside 0 to 1": outside}
        for what, rows in kinds.items():
            if rows.any():
                where = examples(_rows(table, rows, name))
                yield f"column {name}: {counted(int(rows.sum()), 'cell')} {what}, {where}"


def sum_faults(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[str]:
    """Rows whose probabilities are numbers that do not sum to 1."""
    sums = np.sum([numbers(table[name]) for name in columns], axis=0)
    rows = np.isfinite(sums) & (np.abs(sums - 1) > SUM_TOLERANCE)
    if rows.any():
        pairs = zip(table.iloc[:, 0][rows], sums[rows], strict=True)
        shown = examples([f"id {name}: {total:.4f}" for name, total in pairs])
        yield f"{counted(int(rows.sum()), 'row')} whose probabilities do not sum to 1, {shown}"


def hard_notes(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[str]:
    """Columns of probabilities that look like hard labels."""
    for name in columns:
        if len(table) and np.isin(numbers(table[name]), [0, 1]).all():
            yield f"column {name} holds only 0 and 1: log loss punishes each that is wrong"


def numbers(cells: pd.Series[str]) -> NDArray[np.float64]:
    """The numbers (N,) that cells say; NaN where they say none."""
    return np.array([_number(cell) for cell in cells], dtype=np.float64)


def _number(cell: str) -> float:
    try:
        return float(cell) if "_" not in cell else np.nan  # 1_0 is a number to Python alone
    except ValueError:
        return np.nan


def _rows(table: pd.DataFrame, rows: NDArray[np.bool_], name: str) -> list[str]:
    pairs = zip(table.iloc[:, 0][rows], table[name][rows], strict=True)
    return [f"id {key}: {cell!r}" for key, cell in pairs]


def counted(n: int, what: str) -> str:
    """How many there are: `1 row`, `2,000 rows`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def examples(names: Sequence[str]) -> str:
    """Up to three of `names`, each cut where it is long."""
    between = "; " if any(": " in name for name in names[:3]) else ", "
    shown = between.join(map(_short, names[:3]))
    return ("e.g. " if len(names) > 3 else "namely ") + shown


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
