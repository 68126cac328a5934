"""The answer key of pictures: a table like that of the train labels, or of ids and answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.evaluation.table_kinds import Classes, Labels, Number, TableKind
from podium.evaluation.task import PictureTask


def kind_for(task: PictureTask) -> TableKind:
    """Return the kind of prediction tables that a task has."""
    if task.kind == "number":
        return Number()
    return Classes(task.names) if task.kind == "classes" else Labels(task.names)


def read_key(path: Path, task: PictureTask, ids: Sequence[str]) -> Any:
    """Return the truth of `ids` that an answer key tells, in the form that metrics take.

    It has the ids, and a column for each class or label with 1 and 0, or one column: a class, the
    labels separated by blanks or `;`, or a number. Two classes may be 0 and 1.

    Args:
        path: of the key.
        task: what is predicted.
        ids: of the test pictures, in the order wanted.

    Raises:
        PodiumError: other columns, other ids, or answers that the task does not know.
    """
    key = read_table(path)
    name = next((name for name in (task.sample.columns[0], "id") if name in key), key.columns[0])
    refuse_duplicates(path, key[name])
    refuse_other_ids(path, key[name].tolist(), ids, "name exactly the pictures in test")
    rows = key.set_index(name).loc[list(ids)]
    if task.names and set(task.names) <= set(rows.columns):
        return _marked(path, task, rows)
    column = _answers(path, task, rows)
    cells = [str(cell) for cell in rows[column]]
    kind = kind_for(task)
    if task.kind == "labels":
        cells = [";".join(cell.replace(";", " ").split()) or "-" for cell in cells]
    if task.kind == "classes" and len(task.names) == 2 and set(cells) <= {"0", "1"}:
        cells = [task.names[int(cell)] for cell in cells]
    _refuse_unknown(path, task, cells)
    return kind.truth(pd.DataFrame({"truth": cells}))


def _answers(path: Path, task: PictureTask, rows: pd.DataFrame) -> str:
    """The one column of answers."""
    usual = [name for name in (*task.sample.columns[1:2], "label") if name in rows]
    if usual or rows.shape[1] == 1:
        return usual[0] if usual else str(rows.columns[0])
    raise PodiumError(
        f"{path}: which of its columns {', '.join(map(str, rows.columns))} is the answer?\n"
        f"remedy: call it {task.sample.columns[1]}, or leave one column beside the ids"
    )


def _marked(path: Path, task: PictureTask, rows: pd.DataFrame) -> Any:
    """The truth from a column of 1 and 0 for each name."""
    cells = rows[list(task.names)]
    marks = cells.isin(["1", "1.0"]).to_numpy()
    odd = ~(marks | cells.isin(["0", "0.0"]).to_numpy())
    odd = odd.any(1) | (marks.sum(1) != 1 if task.kind == "classes" else False)
    if odd.any():
        each = " with one 1" if task.kind == "classes" else ""
        raise PodiumError(
            f"{path}: the row of {rows.index[odd][0]} is not of 0 and 1{each}\nremedy: correct it"
        )
    return marks.argmax(1) if task.kind == "classes" else marks.astype(np.int64)


def _refuse_unknown(path: Path, task: PictureTask, cells: Sequence[str]) -> None:
    if task.kind == "number":
        unknown = [cell for cell in cells if not _is_number(cell)]
        noun = "what is no number"
    else:
        named = {name for cell in cells for name in cell.split(";")}
        if task.kind == "classes":
            named = set(cells)
        unknown = sorted(named - {*task.names, *(("-",) if task.kind == "labels" else ())})
        noun = f"unknown {task.kind}"
    if unknown:
        known = f"; the train pictures have {list(task.names)}" if task.names else ""
        raise PodiumError(f"{path}: {noun} {unknown}{known}\nremedy: correct or remove its rows")


def _is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False
