"""Cells of submissions and samples, read as text, and what may be wrong with them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import parse_table, read_table
from podium.core.ids import natural_key, refuse_duplicates, refuse_other_ids

LONGEST_CELL = 2**31 - 1  # characters
SUM_TOLERANCE = 1e-3  # of a row's probabilities


def read_submission(path: Path) -> pd.DataFrame:
    """Return the CSV at `path` as text; its cells may be as long as memory allows.

    Raises:
        PodiumError: it is missing or no CSV.
    """
    return _read(path)


def is_there(path: Path) -> bool:
    """Return whether a file is at `path`, or a member: `data.zip!sample_submission.csv`."""
    if (pair := _zip_and_member(path)) is None:
        return path.is_file()
    with zipfile.ZipFile(pair[0]) as archive:
        return pair[1] in archive.namelist()


def _zip_and_member(path: Path) -> tuple[Path, str] | None:
    """The zip and the member that a path names; None where it names a file."""
    match = re.fullmatch(r"(.+\.zip)!(.+)", str(path), re.I)
    return (Path(match[1]), match[2]) if match and Path(match[1]).is_file() else None


def _read(path: Path, *columns: str) -> pd.DataFrame:
    """A table, in a zip perhaps; its cells may be as long as memory allows."""
    with _long_cells():
        if (pair := _zip_and_member(path)) is None or not is_there(path):
            return read_table(path, *columns)
        with zipfile.ZipFile(pair[0]) as archive, archive.open(pair[1]) as member:
            lines = io.TextIOWrapper(member, encoding="utf-8-sig", newline="")
            return parse_table(path, lines, columns)


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let the csv module read cells of any length: run lengths of a slide pass its 128 KiB."""
    usual = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(usual)


def read_sample(path: Path, columns: Sequence[str]) -> list[str]:
    """Return the ids of the sample submission at `path`, in its order.

    Raises:
        PodiumError: other columns, or an id twice.
    """
    sample = _read(path, *columns)
    sample = sample[[name for name in sample.columns if name]]  # a row number has no name
    if list(sample.columns) != list(columns):
        raise PodiumError(
            f"{path}: its columns are {', '.join(sample.columns)}, "
            f"ours would be {', '.join(columns)}\n"
            "remedy: remove it, then the submission holds all test items; or download it again, if "
            "it is of another competition"
        )
    refuse_duplicates(path, sample[columns[0]])
    return list(sample[columns[0]])


def ordered_ids(sample: Path, columns: Sequence[str], test_ids: Sequence[str]) -> list[str]:
    """Return the ids a submission holds: the sample's in its order, or all test ids without one.

    Args:
        sample: the sample submission, which may be absent.
        columns: that it must have.
        test_ids: that it must name.

    Raises:
        PodiumError: the sample's ids are not those of the test set.
    """
    if not is_there(sample):
        return sorted(test_ids, key=natural_key)
    ids = read_sample(sample, columns)
    remedy = "the sample must name exactly the pictures in test"
    refuse_other_ids(sample, ids, test_ids, remedy)
    return ids


def probability_faults(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with `columns` of probabilities; the first column holds ids."""
    for name in columns:
        cells, values = table[name], numbers(table[name])
        empty = (cells.str.strip() == "").to_numpy()
        outside = ~np.isnan(values) & ~((values >= 0) & (values <= 1))
        odd = np.isnan(values) & ~empty
        kinds = {"empty": empty, "no number": odd, "outside 0 to 1": outside}
        for kind, rows in kinds.items():
            if rows.any():
                where = examples(_rows(table, rows, name))
                yield f"column {name}: {counted(int(rows.sum()), 'cell')} {kind}, {where}"


def sum_faults(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[str]:
    """Yield the rows whose probabilities are numbers that do not sum to 1."""
    sums = np.sum([numbers(table[name]) for name in columns], axis=0)
    rows = np.isfinite(sums) & (np.abs(sums - 1) > SUM_TOLERANCE)
    if rows.any():
        pairs = zip(table.iloc[:, 0][rows], sums[rows], strict=True)
        shown = examples([f"id {name}: {total:.4f}" for name, total in pairs])
        yield f"{counted(int(rows.sum()), 'row')} whose probabilities do not sum to 1, {shown}"


def number_faults(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with `columns` of finite numbers; the first column holds ids."""
    for name in columns:
        rows = ~np.isfinite(numbers(table[name]))
        if rows.any():
            where = examples(_rows(table, rows, name))
            yield f"column {name}: {counted(int(rows.sum()), 'cell')} no finite number, {where}"


def spaced_lines(table: pd.DataFrame) -> str:
    """Return the cells of each row with spaces between them, a line a row."""
    rows = table.itertuples(index=False)
    return "".join(" ".join(map(str, row)).rstrip() + "\n" for row in rows)


def hard_notes(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[str]:
    """Yield the columns of probabilities that look like hard labels."""
    for name in columns:
        if len(table) and np.isin(numbers(table[name]), [0, 1]).all():
            yield f"column {name} holds only 0 and 1: log loss punishes each that is wrong"


def numbers(cells: pd.Series[str]) -> NDArray[np.float64]:
    """Return the numbers (N,) that cells say, float64; NaN where they say none."""
    return np.array([_number(cell) for cell in cells.tolist()], dtype=np.float64)


def _number(cell: str) -> float:
    try:
        return float(cell) if "_" not in cell else np.nan  # 1_0 is a number to Python alone
    except ValueError:
        return np.nan


def _rows(table: pd.DataFrame, rows: NDArray[np.bool_], name: str) -> list[str]:
    pairs = zip(table.iloc[:, 0][rows], table[name][rows], strict=True)
    return [f"id {key}: {cell!r}" for key, cell in pairs]


def counted(n: int, noun: str) -> str:
    """Return how many there are in words: `1 row`, `2,000 rows`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def examples(names: Sequence[str]) -> str:
    """Return up to three of `names` in words, each cut where it is long."""
    between = "; " if any(": " in name for name in names[:3]) else ", "
    shown = between.join(map(shortened, names[:3]))
    return ("e.g. " if len(names) > 3 else "namely ") + shown


def shortened(text: str) -> str:
    """Return a text of up to 80 characters, longer ones cut."""
    return text if len(text) <= 80 else f"{text[:77]}..."
