"""The cells of a submission by the style of its sample: written, checked, and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.evaluation.task import PictureTask
from podium.submission import cells
from podium.submission.cells import counted, examples

Floats = NDArray[np.float64]


def written(task: PictureTask, values: Floats, decided: Floats | None) -> dict[str, object]:
    """Return what stands in the columns of a submission after the ids, by name.

    Args:
        task: whose sample it is like.
        values: (N, K) probabilities of `task.names`, or numbers (N, 1).
        decided: (N, K) 1 where a class or label is chosen, else 0; None: nobody decided, so the
            likeliest class, and labels from one half on.
    """
    columns = task.sample.columns[1:]
    if task.sample.names:
        places = [task.names.index(name) for name in task.sample.names]
        flags = task.sample.cells == "decisions"
        shown = _decisions(task, values, decided) if flags else values
        return dict(zip(columns, shown[:, places].T, strict=True))
    return {columns[0]: _WRITERS[task.sample.cells](task, values, decided)}


def _decisions(task: PictureTask, values: Floats, decided: Floats | None) -> NDArray[Any]:
    """1 where a class or label is chosen, else 0 (N, K)."""
    if decided is not None:
        return (decided > 0).astype(np.int64)
    if task.kind == "classes":
        return np.eye(values.shape[1], dtype=np.int64)[values.argmax(1)]
    return (values >= 0.5).astype(np.int64)


def _class_cells(task: PictureTask, values: Floats, decided: Floats | None) -> Sequence[object]:
    chosen = values if decided is None else decided
    return [task.names[k] for k in chosen.argmax(1)]


def _label_cells(task: PictureTask, values: Floats, decided: Floats | None) -> Sequence[object]:
    chosen = values >= 0.5 if decided is None else decided > 0
    return [" ".join(np.array(task.names)[row]) for row in chosen]


def _best_cells(task: PictureTask, values: Floats, decided: Floats | None) -> Sequence[object]:
    best = np.argsort(-values, axis=1, kind="stable")[:, : task.sample.k]
    return [" ".join(task.names[k] for k in row) for row in best]


def _number_cells(task: PictureTask, values: Floats, decided: Floats | None) -> Sequence[object]:
    return list(values[:, 0])


def _whole_cells(task: PictureTask, values: Floats, decided: Floats | None) -> Sequence[object]:
    if task.kind == "classes":
        return _class_cells(task, values, decided)
    return [int(value) for value in np.floor(values[:, 0] + 0.5)]


_WRITERS: Mapping[str, Callable[[PictureTask, Floats, Floats | None], Sequence[object]]] = {
    "class": _class_cells,
    "labels": _label_cells,
    "best": _best_cells,
    "number": _number_cells,
    "whole": _whole_cells,
}


def faults(task: PictureTask, table: pd.DataFrame) -> Iterator[str]:
    """Yield what is wrong with the cells of a submission that was read as text."""
    names, style = list(table.columns[1:]), task.sample
    if style.cells == "probabilities":
        yield from cells.probability_faults(table, names)
        if task.kind == "classes" and len(names) > 1 and set(style.names) == set(task.names):
            yield from cells.sum_faults(table, names)
    elif style.cells == "decisions":
        yield from _decision_faults(task, table)
    elif task.kind == "number":
        yield from cells.number_faults(table, names)
        if style.cells == "whole":
            yield from _faulty(table, "no whole number", lambda cell: not _is_whole(cell))
    else:
        yield from _name_faults(task, table)


def _decision_faults(task: PictureTask, table: pd.DataFrame) -> Iterator[str]:
    columns = [str(name) for name in table.columns[1:]]
    for name in columns:
        yield from _faulty(table, "neither 0 nor 1", lambda cell: cell not in ("0", "1"), name)
    if task.kind == "classes":
        chosen = (table[columns].astype(str) == "1").sum(axis=1)
        if wrong := [
            f"id {key}: {n}" for key, n in zip(table.iloc[:, 0], chosen, strict=True) if n != 1
        ]:
            yield f"{counted(len(wrong), 'row')} without exactly one 1, {examples(wrong)}"


def _is_whole(cell: str) -> bool:
    value = cells.numbers(pd.Series([cell]))[0]
    return not np.isfinite(value) or value == int(value)  # what is no number is named as such


def _name_faults(task: PictureTask, table: pd.DataFrame) -> Iterator[str]:
    names, style = set(task.names), task.sample
    noun = "label" if task.kind == "labels" else "class"
    if style.cells in ("class", "whole"):
        yield from _faulty(table, f"no {noun}", lambda cell: cell not in names)
        return
    yield from _faulty(table, f"with an unknown {noun}", lambda cell: bool({*cell.split()} - names))
    twice = f"that name a {noun} twice"
    yield from _faulty(table, twice, lambda cell: len({*cell.split()}) < len(cell.split()))
    if style.cells == "best":
        n = min(style.k, len(names))
        yield from _faulty(table, f"without {n} names", lambda cell: len(cell.split()) != n)


def _faulty(
    table: pd.DataFrame, fault: str, is_wrong: Callable[[str], bool], column: str = ""
) -> Iterator[str]:
    """What is wrong with the cells of a column, the first after the ids unless named."""
    name = column or str(table.columns[1])
    pairs = zip(table.iloc[:, 0], table[name], strict=True)
    wrong = [f"id {key}: {cell!r}" for key, cell in pairs if is_wrong(str(cell))]
    if wrong:
        yield f"column {name}: {counted(len(wrong), 'cell')} {fault}, {examples(wrong)}"


def read_back(task: PictureTask, table: pd.DataFrame) -> Floats:
    """Return what a submission without faults says, (N, K) of `task.names`, or numbers (N, 1).

    Of names in order of rank the first counts 1, the second a half, and so on.

    Args:
        task: whose sample it is like.
        table: the submission, its cells as written or as text.
    """
    style, column = task.sample, table.iloc[:, 1]
    if style.names:
        return _probabilities(task, table.iloc[:, 1:].to_numpy(dtype=np.float64))
    if task.kind == "number":
        return column.to_numpy(dtype=np.float64)[:, None]
    place = {name: k for k, name in enumerate(task.names)}
    values = np.zeros((len(table), len(place)))
    for row, cell in enumerate(column.astype(str)):
        named = [cell] if style.cells in ("class", "whole") else cell.split()
        for rank, name in enumerate(named, start=1):
            values[row, place[name]] = 1 / rank if style.cells == "best" else 1
    return values


def _probabilities(task: PictureTask, given: Floats) -> Floats:
    """Probabilities (N, K); classes without a column share what the others leave."""
    places = [task.names.index(name) for name in task.sample.names]
    values = np.zeros((len(given), len(task.names)))
    values[:, places] = given
    others = [k for k in range(len(task.names)) if k not in places]
    if task.kind == "classes" and others:
        values[:, others] = ((1 - given.sum(1)) / len(others))[:, None]
    return values
