"""Prediction tables of many models joined by id; what would be a leak is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from podium.core.errors import PodiumError
from podium.core.ids import refuse_other_ids
from podium.ensemble import leaks
from podium.ensemble.blend import Floats, Ints, Truth
from podium.ensemble.leaks import REMEDY
from podium.ensemble.nested import Groups
from podium.evaluation.predictions import read_predictions
from podium.evaluation.table_files import paths_in
from podium.evaluation.table_kinds import TableKind, Text, kind_of


@dataclass(frozen=True)
class PredictionSet:
    """What M models say of N rows with known truth and of T test rows.

    Attributes:
        models: their names.
        kind: what they predict: K classes, K labels, or a number (K = 1); columns in the order of
            the first table.
        ids: of the N rows, in the order of the first table.
        oof: (M, N, K) predictions, each row by models that never saw it; the mean over seeds.
        truth: (N,) class indices or numbers, or (N, K) labels.
        groups: (N,) names; rows of one group are not independent.
        seeds: S of them.
        folds: (S, N) the fold of each row under each seed.
        test_ids: of the T test rows.
        test: (M, T, K) predictions.
    """

    models: list[str]
    kind: TableKind
    ids: list[str]
    oof: Floats
    truth: Truth
    groups: Groups
    seeds: list[int]
    folds: Ints
    test_ids: list[str]
    test: Floats


def tables_in(folder: Path, leave_out: Sequence[str], more: Sequence[Path] = ()) -> list[Path]:
    """Return the prediction tables in `folder`, sorted, then more, without those left out.

    Args:
        folder: of tables.
        leave_out: names of tables.
        more: tables elsewhere.

    Raises:
        PodiumError: none is left.
    """
    every = [*paths_in(folder), *more]
    if not every:
        raise PodiumError(f"{folder}: no prediction table to blend\nremedy: train a model first")
    kept = [path for path in every if path.stem not in leave_out]
    if not kept:
        raise PodiumError(
            f"{folder}: no prediction table to blend: of {len(every)}, leave_out names all\n"
            f"remedy: name fewer of {', '.join(path.stem for path in every)}"
        )
    return kept


def load(paths: Sequence[Path]) -> PredictionSet:
    """Return the predictions of the tables at `paths`, joined by id.

    Raises:
        PodiumError: a leak (a test row among the out-of-fold ones, a row predicted by a model that
            saw it or its look-alike, folds that differ), or tables that do not belong together.
    """
    if not paths or len(set(paths)) < len(paths):
        raise PodiumError("no prediction table, or one named twice\nremedy: give each once")
    return join({path: read_predictions(path) for path in paths})


def join(tables: dict[Path, pd.DataFrame]) -> PredictionSet:
    """Return the predictions of checked `tables`, each under its path; raises as `load` does."""
    first_path, first = next(iter(tables.items()))
    kind = kind_of(first)
    models = [_model(path, table) for path, table in tables.items()]
    if twice := sorted({name for name in models if models.count(name) > 1}):
        raise PodiumError(
            f"{first_path.parent}: two tables are of one model, {twice[0]}\n"
            "remedy: remove one, or name its model otherwise in column model"
        )
    leaks.refuse_test_rows(tables)
    for path, table in tables.items():
        _refuse_other_kind(path, kind_of(table), first_path, kind)
        leaks.refuse_rows_seen(path, table)
    facts = _common_facts(tables)
    for path, table in tables.items():
        leaks.refuse_torn_groups(path, table, facts["group"])
    scored = facts[facts["truth"] != ""]
    ids = scored.index.tolist()
    folds = _folds(tables).loc[ids]
    leaks.refuse_one_fold(first_path, folds)
    test_ids = list(dict.fromkeys(first["id"][first["split"] == "test"]))
    return PredictionSet(
        models=models,
        kind=kind,
        ids=ids,
        oof=_stacked(tables, "oof", ids, kind.columns(), facts.index.tolist()),
        truth=kind.truth(scored),
        groups=scored["group"].to_numpy(dtype=str),
        seeds=[int(seed) for seed in folds.columns],
        folds=folds.to_numpy(dtype=np.int64).T,
        test_ids=test_ids,
        test=_stacked(tables, "test", test_ids, kind.columns(), test_ids),
    )


def _refuse_other_kind(path: Path, kind: TableKind, first: Path, expected: TableKind) -> None:
    if isinstance(kind, Text):
        raise PodiumError(
            f"{path}: a table of texts, which are put to the vote, not blended\n"
            "remedy: leave it out; blend.<competition>.readers names readers that vote"
        )
    if kind.name != expected.name:
        difference = f"it holds {kind.name}, {first.name} {expected.name}"
    elif set(kind.names) != set(expected.names):
        names = list(kind.names), list(expected.names)
        difference = f"its {kind.name} are {names[0]}, those of {first.name} {names[1]}"
    else:
        return
    raise PodiumError(f"{path}: {difference}: another competition\nremedy: {REMEDY}")


def _model(path: Path, table: pd.DataFrame) -> str:
    names = sorted(set(table["model"]))
    if len(names) != 1:
        raise PodiumError(
            f"{path}: a prediction table is of one model, this one of {names}\n"
            "remedy: write one table for each model"
        )
    return str(names[0])


def _common_facts(tables: dict[Path, pd.DataFrame]) -> pd.DataFrame:
    """Truth and group of each out-of-fold id, from the first table that tells; others must agree.

    A table made elsewhere may lack truth (all '') or groups (each row its own).
    """
    each = {path: _facts(path, table) for path, table in tables.items()}
    first_path, first = next(iter(each.items()))
    for path, facts in each.items():
        refuse_other_ids(path, facts.index.tolist(), first.index.tolist(), REMEDY)
    common = first.copy()
    for name in ("truth", "group"):
        nothing = {"truth": "", "group": first.index.to_series()}[name]
        telling = {
            path: facts[name].loc[first.index]
            for path, facts in each.items()
            if (facts[name].loc[first.index] != nothing).any()
        }
        if telling:
            source, common[name] = next(iter(telling.items()))
            _refuse_others(name, source, telling)
    if (common["truth"] == "").all():
        raise PodiumError(
            f"{first_path}: no out-of-fold row has a truth\nremedy: fill column truth"
        )
    return common


def _facts(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Truth and group of each out-of-fold id; they must be the same for all seeds."""
    oof = table[table["split"] == "oof"]
    facts = oof[["id", "truth", "group"]].drop_duplicates().set_index("id")
    if facts.index.has_duplicates:
        name = facts.index[facts.index.duplicated()][0]
        raise PodiumError(
            f"{path}: truth or group of {name} changes from seed to seed\n"
            "remedy: give all its rows the same"
        )
    for seed, part in oof.groupby("seed"):
        names = part["id"].tolist()
        refuse_other_ids(path, names, facts.index.tolist(), f"seed {seed} must have them all")
    return facts


def _refuse_others(name: str, source: Path, telling: dict[Path, pd.Series[str]]) -> None:
    for path, values in telling.items():
        differ = values != telling[source]
        if differ.any():
            raise PodiumError(
                f"{path}: {name} of {values.index[differ][0]} is not that of {source.name}\n"
                f"remedy: {REMEDY}"
            )


def _folds(tables: dict[Path, pd.DataFrame]) -> pd.DataFrame:
    """The fold of each id (rows) under each seed (columns); tables must agree where they meet."""
    by_seed: dict[int, tuple[Path, pd.Series[int]]] = {}
    for path, table in tables.items():
        for seed, part in table[table["split"] == "oof"].groupby("seed"):
            folds = part.set_index("id")["fold"]
            first, agreed = by_seed.setdefault(int(str(seed)), (path, folds))
            differ = folds.loc[agreed.index] != agreed
            if differ.any():
                raise PodiumError(
                    f"{path}: a leak: the folds of seed {seed} are not those of {first.name}, "
                    f"e.g. of {agreed.index[differ][0]}\nremedy: {REMEDY}"
                )
    return pd.DataFrame({seed: folds for seed, (_, folds) in sorted(by_seed.items())})


def _stacked(
    tables: dict[Path, pd.DataFrame],
    split: str,
    ids: Sequence[str],
    columns: Sequence[str],
    expected_ids: Sequence[str],
) -> Floats:
    """Predictions (M, N, K) of `ids`, the mean over seeds; each table must have `expected_ids`."""
    out = np.empty((len(tables), len(ids), len(columns)))
    for number, (path, table) in enumerate(tables.items()):
        means = table[table["split"] == split].groupby("id")[list(columns)].mean()
        refuse_other_ids(path, means.index.tolist(), expected_ids, REMEDY)
        out[number] = means.loc[list(ids)].to_numpy(dtype=np.float64)
    return out
