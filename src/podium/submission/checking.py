"""The one checker of submissions, ours or not: every fault, not just the first.

A submission is read as text, cell by cell, so that what is said of it is what stands in the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from podium.core.ids import first
from podium.submission.cells import counted, examples, shortened
from podium.submission.format import SubmissionFormat


def faults(
    table: pd.DataFrame, form: SubmissionFormat, ids: Sequence[str], ordered: bool = False
) -> list[str]:
    """Return everything that keeps `table` from being handed in, a line each.

    Args:
        table: a submission, read as text.
        form: its competition's format.
        ids: that its rows must have.
        ordered: whether another order of the ids is a fault, too.
    """
    columns = list(form.columns)
    lines = [*_column_faults(list(table.columns), columns)]
    if columns[0] in table:
        held = table[columns[0]].tolist()
        lines += _id_faults(held, ids)
        if ordered and sorted(held) == sorted(ids) and held != list(ids):
            lines.append("the ids are right but not in the sample's order")
    if set(columns) <= set(table.columns):
        lines += form.faults(table[columns])
    return lines


def notes(table: pd.DataFrame, form: SubmissionFormat, ids: Sequence[str]) -> list[str]:
    """Return what is odd about `table`, but allowed, a line each; nothing if it lacks a column.

    Args:
        table: a submission, read as text.
        form: its competition's format.
        ids: that its rows must have.
    """
    columns = list(form.columns)
    if not set(columns) <= set(table.columns):
        return []
    lines = []
    held = table[columns[0]].tolist()
    if form.inputs.sample and sorted(held) == sorted(ids) and held != list(ids):
        lines.append("the ids are not in the sample's order")
    for name in columns[1:]:
        if len(table) > 1 and table[name].nunique() == 1:
            lines.append(f"column {name} is {shortened(repr(table[name].iloc[0]))} in every row")
    return [*lines, *form.notes(table[columns])]


def _column_faults(columns: Sequence[str], expected: Sequence[str]) -> Iterator[str]:
    if absent := [name for name in expected if name not in columns]:
        yield f"{counted(len(absent), 'column')} missing, {examples(absent)}"
    if foreign := [name for name in columns if name not in expected]:
        yield f"{counted(len(foreign), 'column')} unknown, {examples(foreign)}"
    if not absent and not foreign and list(columns) != list(expected):
        yield f"its columns are in the order {', '.join(columns)}, not {', '.join(expected)}"


def _id_faults(ids: Sequence[str], expected: Sequence[str]) -> Iterator[str]:
    kinds = {
        "more than once": {name for name, count in Counter(ids).items() if count > 1},
        "missing": set(expected) - set(ids),
        "unknown": set(ids) - set(expected),
    }
    for kind, names in kinds.items():
        if names:
            yield f"{counted(len(names), 'id')} {kind}, {examples(first(names))}"
