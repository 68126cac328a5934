"""Prediction tables, the one currency between models.

id, split, fold, seed, then p_<class> probabilities, or a text and its log_prob.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.errors import PodiumError
from podium.files import read_table, to_numbers, write_table

KEYS = ["id", "split", "fold", "seed"]
SPLITS = ("oof", "holdout", "test")


def classes_of(table: pd.DataFrame) -> list[str]:
    """The classes of a prediction table, in the order of its columns."""
    return [str(name).removeprefix("p_") for name in table.columns if str(name).startswith("p_")]


def probabilities(table: pd.DataFrame) -> NDArray[np.float64]:
    """The probabilities (N, K) of a prediction table."""
    return table[[f"p_{name}" for name in classes_of(table)]].to_numpy(dtype=np.float64)


def rows(
    ids: list[str],
    split: str,
    fold: NDArray[np.int64] | int,
    seed: int,
    probs: NDArray[np.float64],
    classes: list[str],
) -> pd.DataFrame:
    """Rows of a prediction table; `fold` is -1 for rows that belong to none."""
    keys = pd.DataFrame({"id": ids, "split": split, "fold": fold, "seed": seed})
    values = pd.DataFrame(probs, columns=pd.Index([f"p_{name}" for name in classes]))
    return pd.concat([keys, values], axis=1)


def write_predictions(path: Path, table: pd.DataFrame) -> None:
    """Write a checked prediction table to `path`."""
    check(path, table)
    write_table(path, table)


def read_predictions(path: Path) -> pd.DataFrame:
    """The checked prediction table at `path`."""
    table = read_table(path, *KEYS)
    columns = [f"p_{name}" for name in classes_of(table)]
    to_numbers(path, table, ["fold", "seed"], int)
    to_numbers(path, table, columns)
    check(path, table)
    return table


def check(path: Path, table: pd.DataFrame) -> None:
    """Raise a PodiumError if `table` breaks the contract: keys, splits, probabilities."""
    probs = probabilities(table)
    if probs.shape[1] < 2:
        raise PodiumError(f"{path}: a prediction table has a column p_<class> for each class")
    _check_keys(path, table)
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
    ids: Sequence[str], split: str, seed: int, readings: Sequence[Reading]
) -> pd.DataFrame:
    """Rows of a prediction table of texts; they belong to no fold."""
    keys = pd.DataFrame({"id": list(ids), "split": split, "fold": -1, "seed": seed})
    keys["text"] = [one.text for one in readings]
    keys["log_prob"] = [one.log_prob for one in readings]
    return keys


def write_text_predictions(path: Path, parts: Sequence[pd.DataFrame]) -> None:
    """Write a checked prediction table of texts to `path`."""
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    _check_texts(path, table)
    write_table(path, table)


def read_text_predictions(path: Path) -> pd.DataFrame:
    """The checked prediction table of texts at `path`."""
    table = read_table(path, *KEYS, "text", "log_prob")
    to_numbers(path, table, ["fold", "seed"], int)
    to_numbers(path, table, ["log_prob"])
    _check_texts(path, table)
    return table


def _check_texts(path: Path, table: pd.DataFrame) -> None:
    _check_keys(path, table)
    if not (table["log_prob"] <= 1e-6).all():
        raise PodiumError(f"{path}: a log_prob is no logarithm of a probability")
