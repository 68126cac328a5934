"""What the label columns of a table, or the names of folders, ask for: kind, names, and cells."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from podium.core.errors import PodiumError, SettingsError
from podium.core.printable import printable
from podium.core.strict_numbers import parse_number
from podium.evaluation.table_kinds import LABEL_MARK, NO_LABEL, Labels
from podium.photos.metric_fit import best_k

SEPARATORS = (" ", ";", "|", ",")
MOST_GRADES = 30  # different whole numbers


@dataclass(frozen=True)
class Targets:
    """The answers of the train rows.

    Attributes:
        answer: class, labels, ordered or number.
        names: of classes (sorted, grades by number) or labels (as the columns are); () of a number.
        cells: the column `label` of each row.
        why: says what of the values led to `answer`.
        whole: number: all are whole.
    """

    answer: str
    names: tuple[str, ...]
    cells: list[str]
    why: str
    whole: bool = False


def read_targets(
    where: str, table: pd.DataFrame, columns: Sequence[str], separator: str, target: str,
    metric: str,
) -> Targets:  # fmt: skip
    """Return the answers of the train rows.

    Args:
        where: the table's path, for messages.
        table: a row for each train picture; the first column is its id.
        columns: of `table` to predict.
        separator: between several labels of a cell; '' for one label a cell.
        target: the kind that the settings name, or auto.
        metric: the metric's name, which tells kinds apart.

    Raises:
        PodiumError: a cell is empty or no number where one is needed, or all rows are alike.
        SettingsError: the kind cannot be told, or is not possible.
    """
    if len(columns) > 1:
        targets = _of_columns(where, table, columns, target)
    else:
        targets = _of_one_column(where, table, columns[0], separator, target, metric)
    if targets.answer != "number" and len(targets.names) < 2:
        raise PodiumError(
            f"{where}: all train pictures are of one class, {printable(targets.names[0])!r}\n"
            "remedy: add pictures of another class, or name the column of the classes"
        )
    return targets


def _of_columns(
    where: str, table: pd.DataFrame, columns: Sequence[str], target: str
) -> Targets:  # fmt: skip
    if target in ("ordered", "number"):
        raise SettingsError(
            f"photos.target: {target}, but photos.layout.targets names {len(columns)} columns\n"
            "remedy: name one of them"
        )
    hot = {name: _zero_or_one(where, table, name) for name in columns}
    n_hot = pd.DataFrame(hot).sum(axis=1).to_numpy()
    first_odd = next((row for row, n in enumerate(n_hot) if n != 1), None)
    if target == "class" and first_odd is not None:
        raise PodiumError(
            f"{where}: row {printable(table.iloc[first_odd, 0])!r} has {n_hot[first_odd]} of the "
            f"{len(columns)} classes\nremedy: mark one class in each row, or set photos.target: "
            "labels"
        )
    rows = pd.DataFrame(hot).to_numpy()
    if target == "labels" or first_odd is not None:
        _refuse_marks(where, columns)
        why = f"{len(columns)} columns of 0 and 1, some rows with none or several"
        return Targets("labels", tuple(columns), Labels(columns).truth_cells(rows), why)
    cells = [columns[k] for k in rows.argmax(axis=1)]
    why = f"{len(columns)} columns of 0 and 1, one 1 in each row"
    if absent := [name for name in columns if name not in set(cells)]:
        raise PodiumError(
            f"{where}: no train row is of class {printable(absent[0])!r}\n"
            "remedy: add pictures of it, or leave its column out of photos.layout.targets"
        )
    return Targets("class", tuple(sorted(columns)), cells, why)


def _zero_or_one(where: str, table: pd.DataFrame, name: str) -> list[int]:
    values = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "False": 0, "True": 1}
    cells = table[name].tolist()
    for row, cell in enumerate(cells):
        if cell not in values:
            raise PodiumError(
                f"{where}: column {printable(name)}: {printable(cell)!r:.40} is neither 0 nor 1 "
                f"(row {printable(table.iloc[row, 0])!r}); several columns to predict are marks of "
                "classes or labels\nremedy: correct the cell, or name one column as the target"
            )
    return [values[cell] for cell in cells]


def _of_one_column(
    where: str, table: pd.DataFrame, column: str, separator: str, target: str, metric: str
) -> Targets:
    cells = table[column].tolist()
    answer, why = (
        (target, "so says photos.target") if target != "auto" else kind_of_cells(cells, metric)
    )
    if answer == "undecided":
        raise SettingsError(
            f"{where}: column {printable(column)} can be read two ways: {why}\n"
            "remedy: say which by photos.target (podium inspect photos --target KIND --write)"
        )
    if answer == "labels":
        return _several(where, table, column, separator or SEPARATORS[0], why)
    empty = next((row for row, cell in enumerate(cells) if not cell.strip()), None)
    if empty is not None:
        raise PodiumError(
            f"{where}: column {printable(column)} is empty in row "
            f"{printable(table.iloc[empty, 0])!r}\nremedy: fill it in, or remove the row"
        )
    if answer == "class":
        return Targets("class", tuple(sorted(set(cells))), cells, why)
    numbers = _numbers(where, table, column)
    whole = all(value.is_integer() for value in numbers)
    if answer == "number":
        return Targets("number", (), [repr(value) for value in numbers], why, whole)
    names = sorted(set(cells), key=lambda cell: (float(cell), cell))
    return Targets("ordered", tuple(names), cells, why)


def _several(
    where: str, table: pd.DataFrame, column: str, separator: str, why: str
) -> Targets:  # fmt: skip
    rows = [parts_of(cell, separator) for cell in table[column]]
    names = sorted({name for row in rows for name in row})
    _refuse_marks(where, names)
    cells = [LABEL_MARK.join(dict.fromkeys(row)) or NO_LABEL for row in rows]
    return Targets("labels", tuple(names), cells, why)


def parts_of(cell: str, separator: str) -> list[str]:
    """Return the labels of a cell, without blanks around them."""
    return [part.strip() for part in cell.split(separator) if part.strip()]


def _refuse_marks(where: str, names: Sequence[str]) -> None:
    for name in names:
        if LABEL_MARK in name or name == NO_LABEL:
            raise PodiumError(
                f"{where}: {printable(name)!r} cannot be the name of a label, for {LABEL_MARK!r} "
                f"and {NO_LABEL!r} have a meaning of their own\nremedy: rename it"
            )


def _numbers(where: str, table: pd.DataFrame, column: str) -> list[float]:
    values = [number_or_nan(cell) for cell in table[column]]
    odd = [row for row, value in enumerate(values) if not math.isfinite(value)]
    if odd:
        shown = ", ".join(
            f"{printable(table[column].iloc[row])!r:.40} (row {printable(table.iloc[row, 0])!r})"
            for row in odd[:3]
        )
        raise PodiumError(
            f"{where}: column {printable(column)} has {len(odd)} cells that are no finite number, "
            f"e.g. {shown}\nremedy: correct them, or set photos.target: class"
        )
    return values


def number_or_nan(cell: str) -> float:
    """Return the number that a cell writes, NaN where it writes none."""
    try:
        return parse_number(cell)
    except ValueError:
        return math.nan


def separator_of(cells: Sequence[str]) -> tuple[str, bool]:
    """Return what seems to part several labels of a cell, '' if nothing does, and whether it must.

    It seems so if the parts are no more different texts than the cells, and each cell of several
    parts shares one with another cell. It is sure if it shares all of them: `scab`, `rust`,
    `rust scab`; not `dog`, `golden dog`, and not at all `Sugar beet`, `Common wheat`, `Maize`.

    Args:
        cells: of all train rows.
    """
    different = set(cells)
    for separator in SEPARATORS:
        parts = [set(parts_of(cell, separator)) for cell in different]
        joined = [row for row in parts if len(row) > 1]
        counts = Counter(part for row in parts for part in row)
        if not joined or len(counts) > len(different):
            continue
        if all(any(counts[part] > 1 for part in row) for row in joined):
            alone = any(len(row) == 1 and counts[part] > 1 for row in parts for part in row)
            sure = alone and all(counts[part] > 1 for row in joined for part in row)
            return separator, sure
    return "", True


def kind_of_cells(cells: Sequence[str], metric: str) -> tuple[str, str]:
    """Return which kind of answer a column holds, `undecided` where two are possible, and why.

    Args:
        cells: of the train rows.
        metric: the metric's name; where it is a function, only the cells tell.
    """
    different = sorted(set(cells))
    numbers = [number_or_nan(cell) for cell in different]
    numeric = all(math.isfinite(value) for value in numbers)
    if metric in ("rmse", "mae"):
        return "number", f"the metric is {metric}"
    if metric == "quadratic_kappa":
        whole = numeric and all(value.is_integer() for value in numbers)
        if whole and len(different) <= MOST_GRADES:
            return "ordered", f"{len(different)} whole numbers and quadratic_kappa"
        odd = next((cell for cell in different if not math.isfinite(number_or_nan(cell))), "")
        reason = f"{odd!r:.40} is none" if odd else f"{len(different)} numbers are many"
        return "undecided", f"quadratic_kappa wants grades, and {reason}"
    separator, sure = separator_of(cells)
    if separator and not best_k(metric) and metric not in ("accuracy", "auc"):
        example = next(cell for cell in different if len(parts_of(cell, separator)) > 1)
        if sure:
            return "labels", f"cells of several labels, such as {example!r:.60}"
        return "undecided", f"{example!r:.60} is one class, or several labels"
    if len(different) > 2 and ":" in metric and numeric:
        return "undecided", f"{len(different)} different numbers: classes, grades or a number"
    return "class", f"{len(different)} different texts, one a picture"
