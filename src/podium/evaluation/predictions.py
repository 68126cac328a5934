"""Prediction tables, the one currency between models.

id, split, fold, seed, model, params, group, truth, then the columns of one of four kinds (see
`table_kinds`): p_<class>, l_<label>, y, or text and log_prob. A table needs nothing beside it to be
scored, blended or compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import json_sha256, read_blocks, to_numbers, write_table
from podium.evaluation.table_files import COLUMNAR, read_columns, write_columns
from podium.evaluation.table_kinds import Classes, TableKind, Text, kind_of

KEYS = ["id", "split", "fold", "seed"]
FACTS = ["model", "params", "group", "truth"]  # may be absent from a table made elsewhere
SPLITS = ("oof", "holdout", "test")
CELLS = 1_000_000  # of a table that are text at a time

Floats = NDArray[np.float64]
Folds = NDArray[np.int64] | int  # (N,), or one of all rows; -1 of rows that belong to no fold


def classes_of(table: pd.DataFrame) -> list[str]:
    """Return the classes of a prediction table, in the order of its columns."""
    return [str(name).removeprefix("p_") for name in table.columns if str(name).startswith("p_")]


def probabilities(table: pd.DataFrame) -> Floats:
    """Return the class probabilities (N, K) of a prediction table."""
    return Classes(classes_of(table)).values(table)


@dataclass(frozen=True)
class RowFacts:
    """What is known of rows (N,) besides their predictions.

    Attributes:
        groups: which rows are not independent of each other (look-alikes, slides of one patient).
        truth: the true class, labels, number or text of each as a table says it, '' where unknown.
    """

    groups: Sequence[object]
    truth: Sequence[str]


def value_rows(
    kind: TableKind,
    ids: Sequence[str],
    split: str,
    fold: Folds,
    seed: int,
    values: Floats,
    facts: RowFacts | None = None,
) -> pd.DataFrame:
    """Return rows of a prediction table of classes, labels or numbers.

    Args:
        kind: which columns there are.
        ids: (N,) of the rows.
        split: oof, holdout or test.
        fold: (N,) of the rows, or of all of them; -1 for rows that belong to none.
        seed: of the folds.
        values: (N, K) predictions, in the order of the kind's columns.
        facts: groups and truth; None: each row is a group of its own, and its truth unknown.
    """
    columns = pd.DataFrame(values, columns=pd.Index(kind.columns()))
    return pd.concat([_keys(ids, split, fold, seed, facts), columns], axis=1)


def rows(
    ids: Sequence[str],
    split: str,
    fold: Folds,
    seed: int,
    probs: Floats,
    classes: Sequence[str],
    facts: RowFacts | None = None,
) -> pd.DataFrame:
    """Return rows of a prediction table of class probabilities.

    Args:
        ids: (N,) of the rows.
        split: oof, holdout or test.
        fold: (N,) of the rows, or of all of them; -1 for rows that belong to none.
        seed: of the folds.
        probs: (N, K) probabilities.
        classes: the K classes, in that order.
        facts: groups and truth; None: each row is a group of its own, and its truth unknown.
    """
    return value_rows(Classes(classes), ids, split, fold, seed, probs, facts)


def _keys(
    ids: Sequence[str], split: str, fold: Folds, seed: int, facts: RowFacts | None
) -> pd.DataFrame:
    facts = facts or RowFacts(ids, [""] * len(ids))
    keys = pd.DataFrame({"id": list(ids), "split": split, "fold": fold, "seed": seed})
    return keys.assign(group=[str(group) for group in facts.groups], truth=list(facts.truth))


def write_predictions(
    path: Path, table: pd.DataFrame, settings: Mapping[str, Any] | None = None
) -> None:
    """Write a checked prediction table to `path`, named after the file and what it was made with.

    Args:
        path: <model>.csv, or <model>.h5 for columns, see `podium.evaluation.table_files`.
        table: rows.
        settings: of the model; their hash becomes the column `params`. None: as the table says.
    """
    check(path, table)
    if settings is not None:
        table = table.assign(model=path.stem, params=json_sha256(settings)[:12])
    table = _filled(path, table)
    others = [name for name in table.columns if name not in (*KEYS, *FACTS)]
    write = write_columns if path.suffix == COLUMNAR else write_table
    write(path, table[[*KEYS, *FACTS, *others]])


def _filled(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    usual: dict[str, Any] = {"model": path.stem, "params": "", "group": table["id"], "truth": ""}
    return table.assign(**{name: usual[name] for name in FACTS if name not in table})


def read_predictions(path: Path, *columns: str) -> pd.DataFrame:
    """Return the checked prediction table at `path`, of any kind; `columns` must be in it.

    Cells of a CSV become numbers block by block: as text they take ten times the memory.
    """
    if path.suffix == COLUMNAR:
        table = read_columns(path, *KEYS, *columns)
    else:
        blocks = read_blocks(path, *KEYS, *columns, n_cells=CELLS)
        table = pd.concat([_with_numbers(path, block) for block in blocks], ignore_index=True)
    table = _filled(path, table)
    check(path, table)
    return table


def _with_numbers(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    to_numbers(path, table, ["fold", "seed"], int)
    to_numbers(path, table, [name for name in kind_of(table).columns() if name != "text"])
    return table


def check(path: Path, table: pd.DataFrame) -> None:
    """Raise a PodiumError if `table` breaks the contract: keys, splits, truth, predictions.

    Args:
        path: where the table is from, for the message.
        table: with the columns of its kind as numbers.
    """
    kind = kind_of(table)
    if isinstance(kind, Classes) and len(kind.names) < 2:
        raise PodiumError(
            f"{path}: a prediction table has a column p_<class> for each class; or l_<label> for "
            "each label, or y, or text and log_prob\nremedy: name its columns so"
        )
    if unknown := set(table["split"]) - set(SPLITS):
        raise PodiumError(
            f"{path}: unknown split {sorted(unknown)}\nremedy: say one of {', '.join(SPLITS)}"
        )
    if twice := list(table["id"][table.duplicated(["id", "split", "seed"])][:3]):
        raise PodiumError(
            f"{path}: predicted twice for one seed: {', '.join(twice)}\n"
            "remedy: keep one row for each id, split and seed"
        )
    kind.check(path, table)


@dataclass(frozen=True)
class Reading:
    """A text and the natural logarithm of its probability."""

    text: str
    log_prob: float


def text_rows(
    ids: Sequence[str],
    split: str,
    seed: int,
    readings: Sequence[Reading],
    truth: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return rows of a prediction table of texts; they belong to no fold.

    Args:
        ids: (N,) of the rows.
        split: holdout or test.
        seed: of the model.
        readings: (N,) texts with their probabilities.
        truth: (N,) true texts; None: unknown.
    """
    keys = _keys(ids, split, -1, seed, RowFacts(ids, truth) if truth is not None else None)
    keys["text"] = [reading.text for reading in readings]
    keys["log_prob"] = [reading.log_prob for reading in readings]
    return keys


def readings(table: pd.DataFrame) -> list[Reading]:
    """Return the text and its log probability of each row (N,) of a table of texts."""
    pairs = zip(Text().values(table), table["log_prob"], strict=True)
    return [Reading(text, float(log_prob)) for text, log_prob in pairs]


def write_text_predictions(
    path: Path, parts: Sequence[pd.DataFrame], settings: Mapping[str, Any] | None = None
) -> None:
    """Write the parts of a prediction table of texts to `path`, as `write_predictions` does.

    Args:
        path: <model>.csv.
        parts: rows of each split; some may be empty.
        settings: of the model; see `write_predictions`.
    """
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    write_predictions(path, table, settings)


def read_text_predictions(path: Path) -> pd.DataFrame:
    """Return the checked prediction table of texts at `path`."""
    return read_predictions(path, *Text().columns())
