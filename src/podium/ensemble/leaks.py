"""Leaks between prediction tables: rows that a model saw before it predicted them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from podium.core.errors import PodiumError

REMEDY = "give tables of one competition, made by one run of dvc repro"


def refuse_test_rows(tables: dict[Path, pd.DataFrame]) -> None:
    """Raise a PodiumError if a test row of any table is among the rows to fit blends on."""
    test = {path: set(table["id"][table["split"] == "test"]) for path, table in tables.items()}
    every = set().union(*test.values())
    for path, table in tables.items():
        oof = table["id"][table["split"] != "test"]
        if leaked := list(oof[oof.isin(every)][:3]):
            source = next(other.name for other, ids in test.items() if leaked[0] in ids)
            raise PodiumError(
                f"{path}: a leak: {', '.join(leaked)} is out of fold here and a test row in "
                f"{source}\nremedy: {REMEDY}"
            )


def refuse_rows_seen(path: Path, table: pd.DataFrame) -> None:
    """Raise a PodiumError if a row was predicted by a model that may have seen it."""
    oof = table[table["split"] == "oof"]
    if oof.empty:
        raise PodiumError(
            f"{path}: it has no out-of-fold rows to fit a blend on\n"
            "remedy: predict every train row by a model of the other folds, with split oof"
        )
    if (oof["fold"] < 0).any():
        name = oof["id"][oof["fold"] < 0].iloc[0]
        raise PodiumError(
            f"{path}: a leak: {name} is in no fold, so the model that predicts it saw it\n"
            "remedy: predict every train row by a model of the other folds"
        )
    for seed, part in oof.groupby("seed"):
        if part["fold"].nunique() == 1:
            raise PodiumError(
                f"{path}: a leak: all rows of seed {seed} are in one fold, so nothing was left to "
                "learn from but these rows\nremedy: use two folds or more"
            )


def refuse_torn_groups(path: Path, table: pd.DataFrame, group: pd.Series[str]) -> None:
    """Raise a PodiumError if the rows of one group lie in several folds.

    Args:
        path: of the table, for the message.
        table: its rows.
        group: of each id.
    """
    for _, part in table[table["split"] == "oof"].groupby("seed"):
        torn = part.groupby(part["id"].map(group))["fold"].nunique()
        if len(names := torn.index[torn > 1]):
            raise PodiumError(
                f"{path}: a leak: group {names[0]} lies in several folds, so its rows were "
                "predicted by models that saw their like\nremedy: keep groups in one fold"
            )


def refuse_one_fold(path: Path, folds: pd.DataFrame) -> None:
    """Raise a PodiumError if all rows with a truth are in one fold, so that none is left to fit."""
    if len(alone := folds.columns[folds.nunique() < 2]):
        raise PodiumError(
            f"{path}: all rows of seed {alone[0]} that have a truth are in one fold\n"
            "remedy: fill column truth in two folds or more"
        )
