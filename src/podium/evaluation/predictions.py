"""Prediction tables, the one currency between models.

id, split, fold, seed, model, params, group, truth, then p_<class> probabilities, or a text and its
log_prob. A table needs nothing beside it to be scored, blended or compared.
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
from podium.core.files import (
    json_sha256,
    read_table,
    to_numbers,
    write_table,
)

KEYS = ["id", "split", "fold", "seed"]
FACTS = ["model", "params", "group", "truth"]  # may be absent from a table made elsewhere
SPLITS = ("oof", "holdout", "test")


def classes_of(table: pd.DataFrame) -> list[str]:
    """The classes of a prediction table, in the order of its columns."""
    return [str(name).removeprefix("p_") for name in table.columns if str(name).startswith("p_")]


def probabilities(table: pd.DataFrame) -> NDArray[np.float64]:
    """The probabilities (N, K) of a prediction table."""
    return table[[f"p_{name}" for name in classes_of(table)]].to_numpy(dtype=np.float64)


@dataclass(frozen=True)
class Known:
    """What is known of rows (N,) besides their predictions.

    Attributes:
        groups: which rows are not independent of each other (look-alikes, slides of one patient).
        truth: the true class or text of each, '' where unknown.
    """

    groups: Sequence[object]
    truth: Sequence[str]


def rows(
    ids: Sequence[str],
    split: str,
    fold: NDArray[np.int64] | int,
    seed: int,
    probs: NDArray[np.float64],
    classes: list[str],
    known: Known | None = None,
) -> pd.DataFrame:
    """Rows of a prediction table; `fold` is -1 for rows that belong to none."""
    values = pd.DataFrame(probs, columns=pd.Index([f"p_{name}" for name in classes]))
    return pd.concat([_keys(ids, split, fold, seed, known), values], axis=1)


def _keys(
    ids: Sequence[str], split: str, fold: NDArray[np.int64] | int, seed: int, known: Known | None
) -> pd.DataFrame:
    known = known or Known(ids, [""] * len(ids))
    keys = pd.DataFrame({"id": list(ids), "split": split, "fold": fold, "seed": seed})
    return keys.assign(group=[str(one) for one in known.groups], truth=list(known.truth))


def write_predictions(
    path: Path, table: pd.DataFrame, settings: Mapping[str, Any] | None = None
) -> None:
    """Write a checked prediction table to `path`, named after the file and what it was made with.

    Args:
        path: <model>.csv.
        table: rows.
        settings: of the model; their hash becomes the column `params`. None: as the table says.
    """
    check(path, table)
    write_table(path, _stamped(path, table, settings))


def _stamped(path: Path, table: pd.DataFrame, settings: Mapping[str, Any] | None) -> pd.DataFrame:
    if settings is not None:
        table = table.assign(model=path.stem, params=json_sha256(settings)[:12])
    table = _filled(path, table)
    return table[[*KEYS, *FACTS, *(one for one in table.columns if one not in (*KEYS, *FACTS))]]


def _filled(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    usual: dict[str, Any] = {"model": path.stem, "params": "", "group": table["id"], "truth": ""}
    return table.assign(**{name: usual[name] for name in FACTS if name not in table})


def read_predictions(path: Path) -> pd.DataFrame:
    """The checked prediction table at `path`."""
    table = _read(path)
    to_numbers(path, table, [f"p_{name}" for name in classes_of(table)])
    check(path, table)
    return table


def _read(path: Path, *columns: str) -> pd.DataFrame:
    table = read_table(path, *KEYS, *columns)
    to_numbers(path, table, ["fold", "seed"], int)
    return _filled(path, table)


def check(path: Path, table: pd.DataFrame) -> None:
    """Raise a PodiumError if `table` breaks the contract: keys, splits, truth, probabilities."""
    probs, classes = probabilities(table), classes_of(table)
    if probs.shape[1] < 2:
        raise PodiumError(f"{path}: a prediction table has a column p_<class> for each class")
    _check_keys(path, table)
    if "truth" in table and (unknown := sorted(set(table["truth"]) - {"", *classes})):
        raise PodiumError(f"{path}: truth {unknown[0]!r} is none of its classes {classes}")
    bad = ~np.isfinite(probs).all(1) | (probs < 0).any(1) | (np.abs(probs.sum(1) - 1) > 1e-5)
    if bad.any():
        raise PodiumError(
            f"{path}: {int(bad.sum())} rows are no probabilities (0 to 1, summing to 1), "
            f"e.g. {table['id'][bad].iloc[0]}"
        )


def _check_keys(path: Path, table: pd.DataFrame) -> None:
    if unknown := set(table["split"]) - set(SPLITS):
        raise PodiumError(f"{path}: unknown split {sorted(unknown)}; known are {', '.join(SPLITS)}")
    if twice := list(table["id"][table.duplicated(["id", "split", "seed"])][:3]):
        raise PodiumError(f"{path}: predicted twice for one seed: {', '.join(twice)}")


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
    """Rows of a prediction table of texts; they belong to no fold."""
    keys = _keys(ids, split, -1, seed, Known(ids, truth) if truth is not None else None)
    keys["text"] = [one.text for one in readings]
    keys["log_prob"] = [one.log_prob for one in readings]
    return keys


def readings(table: pd.DataFrame) -> list[Reading]:
    """The readings (N,) of a prediction table of texts."""
    return [
        Reading(str(a), float(b)) for a, b in zip(table["text"], table["log_prob"], strict=True)
    ]


def write_text_predictions(
    path: Path, parts: Sequence[pd.DataFrame], settings: Mapping[str, Any] | None = None
) -> None:
    """Write a checked prediction table of texts to `path`, as `write_predictions` does."""
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    _check_texts(path, table)
    write_table(path, _stamped(path, table, settings))


def read_text_predictions(path: Path) -> pd.DataFrame:
    """The checked prediction table of texts at `path`."""
    table = _read(path, "text", "log_prob")
    to_numbers(path, table, ["log_prob"])
    _check_texts(path, table)
    return table


def _check_texts(path: Path, table: pd.DataFrame) -> None:
    _check_keys(path, table)
    if not (table["log_prob"] <= 1e-6).all():
        raise PodiumError(f"{path}: a log_prob is no logarithm of a probability")
