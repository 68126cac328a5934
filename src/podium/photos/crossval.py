"""The rows, splits and prediction tables that all photo models share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.feature_store import FeatureFile, n_features_in, open_features
from podium.core.files import read_table, to_numbers
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.core.mapped_rows import empty_rows
from podium.core.printable import printable
from podium.evaluation.predictions import RowFacts, value_rows
from podium.evaluation.table_kinds import TableKind, kind_named
from podium.evaluation.task import PictureTask
from podium.pictures.folds import group_counts, hold_out, strata

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
REFOLD = "run dvc repro assign_photo_folds"
STOP_PARTS = 10  # the loss on a tenth of a head's train rows says when it stops


@dataclass(frozen=True)
class Split:
    """One split of the N train rows in a cross-validation.

    Attributes:
        seed: of the folds.
        fold: that is held out.
        held_out: its rows (N,).
        stop: rows (N,) whose loss says when a head stops.
    """

    seed: int
    fold: int
    held_out: NDArray[np.bool_]
    stop: NDArray[np.bool_]

    @property
    def train(self) -> NDArray[np.bool_]:
        """Rows (N,) that a head learns from."""
        return ~self.held_out & ~self.stop


@dataclass(frozen=True)
class TrainRows:
    """The N train rows of a task and the ids of its test rows.

    Attributes:
        ids: (N,).
        truth: class indices (N,); or 1 or 0 for each label (N, L); or numbers (N,).
        kind: what is predicted, and its names.
        splits: all seeds and folds.
        test_ids: (T,).
        groups: (N,); look-alikes, and rows of one group, share a number.
        content: (N + T,), sha256 of each picture's bytes, train rows first.
        columns: the columns beside the pictures as text, (N + T) rows; None without any.
    """

    ids: list[str]
    truth: NDArray[Any]
    kind: TableKind
    splits: list[Split]
    test_ids: list[str]
    groups: NDArray[np.int64]
    content: list[str]
    columns: pd.DataFrame | None = None

    @property
    def names(self) -> Sequence[str]:
        """The K classes or labels, in the order of every array; y for a number."""
        return self.kind.names

    @property
    def known(self) -> RowFacts:
        """Group and truth of each train row, as prediction tables hold them."""
        return RowFacts(self.groups.tolist(), self.kind.truth_cells(self.truth))

    @property
    def strata(self) -> NDArray[np.str_]:
        """The stratum (N,) of each train row, for parts of the rows of a split."""
        return strata(self.kind.name, self.known.truth, self.names, STOP_PARTS)

    @property
    def seeds(self) -> list[int]:
        """The fold seeds, in order."""
        return list(dict.fromkeys(split.seed for split in self.splits))


def load_rows(
    items: pd.DataFrame, folds_path: Path, task: PictureTask, columns_path: Path | None = None
) -> TrainRows:
    """Return the train and test rows of `items` with the folds in `folds_path`.

    Args:
        items: the table of pictures.
        folds_path: the table of folds.
        task: what their labels are.
        columns_path: the table of columns beside the pictures.

    Raises:
        PodiumError: folds or columns are of other pictures, or are none.
    """
    train, test = (items[items["split"] == split] for split in ("train", "test"))
    ids, labels = train["id"].tolist(), train["label"].tolist()
    kind = kind_named(task.kind, task.names)
    kind.check(folds_path.with_name("items.csv"), _truth_table(kind, train))
    stratum_of = strata(task.kind, labels, task.names, STOP_PARTS)
    groups, splits = _read_splits(folds_path, ids, stratum_of)
    if task.kind == "classes":
        _refuse_classes_in_one_fold(folds_path, splits, np.array(labels), groups)
    test_ids, content = test["id"].tolist(), [*train["content"], *test["content"]]
    columns = None
    if task.columns and columns_path:
        columns = _read_columns(columns_path, ids + test_ids, task.columns)
    truth = kind.truth(train.assign(truth=train["label"]))
    return TrainRows(ids, truth, kind, splits, test_ids, groups, content, columns)


def _truth_table(kind: TableKind, train: pd.DataFrame) -> pd.DataFrame:
    """A prediction table of the truth alone, to be checked."""
    usual = 1 / len(kind.names) if kind.name == "classes" else 0.0
    values = pd.DataFrame(usual, index=train.index, columns=pd.Index(kind.columns()))
    return pd.concat([train[["id"]].assign(truth=train["label"]), values], axis=1)


def _read_splits(
    path: Path, ids: list[str], labels: NDArray[np.str_]
) -> tuple[NDArray[np.int64], list[Split]]:
    """The group (N,) of each train row, and all splits."""
    table = read_table(path, "id", "group", "seed", "fold")
    to_numbers(path, table, ["group", "seed", "fold"], int)
    splits, groups = [], np.zeros(len(ids), dtype=np.int64)
    for seed, part in table.groupby("seed", sort=False):
        refuse_duplicates(path, part["id"])
        refuse_other_ids(path, part["id"].tolist(), ids, REFOLD)
        part = part.set_index("id").loc[ids]
        groups = part["group"].to_numpy(dtype=np.int64)
        fold_of = part["fold"].to_numpy(dtype=np.int64)
        _refuse_odd_folds(path, fold_of)
        for fold in range(fold_of.max() + 1):
            rest = np.flatnonzero(fold_of != fold)
            stop = np.zeros(len(ids), dtype=np.bool_)
            stop[rest] = hold_out(labels[rest], groups[rest], STOP_PARTS, int(str(seed)))
            splits.append(Split(int(str(seed)), fold, fold_of == fold, stop))
    return groups, splits


def _refuse_odd_folds(path: Path, fold_of: NDArray[np.int64]) -> None:
    """Check that folds (N,) are numbered 0, 1, ..., two at least."""
    numbers = np.unique(fold_of)
    if len(numbers) < 2 or not np.array_equal(numbers, np.arange(len(numbers))):
        shown = ", ".join(str(number) for number in numbers[[0, -1]])
        raise PodiumError(
            f"{path}: folds from {shown} are not numbered 0, 1, ... without gaps, two at least\n"
            f"remedy: {REFOLD}"
        )


def _refuse_classes_in_one_fold(
    path: Path, splits: list[Split], labels: NDArray[np.str_], groups: NDArray[np.int64]
) -> None:
    """Check that a class of several groups is not held out whole."""
    counts = group_counts(labels, groups)
    for split in splits:
        learnt = set(labels[~split.held_out])
        for name in sorted(set(labels[split.held_out]) - learnt):
            if counts[str(name)] > 1:
                raise PodiumError(
                    f"{path}: all pictures of class {printable(name)!r} are in one fold\n"
                    f"remedy: {REFOLD}"
                )


def _read_columns(path: Path, ids: list[str], names: Sequence[str]) -> pd.DataFrame:
    """The columns `names` of the table at `path`, a row for each of `ids`."""
    table = read_table(path, "id", *names)
    refuse_duplicates(path, table["id"])
    refuse_other_ids(path, table["id"].tolist(), ids, "run dvc repro ingest_photos")
    return table.set_index("id").loc[ids, list(names)].reset_index(drop=True)


def load_features(paths: Sequence[Path], ids: Sequence[str], content: Sequence[str]) -> Features:
    """Return features (N, D1 + D2 + ...) of `ids`, joined by id across the feature files.

    Args:
        paths: of the feature files.
        ids: of the pictures (N,).
        content: (N,), sha256 of their bytes.

    Raises:
        PodiumError: a file lacks some of the ids, holds others, or is of other pictures.
    """
    row_of = {name: row for row, name in enumerate(ids)}
    joined, right = empty_rows(len(ids), sum(map(n_features_in, paths))), 0
    for path in paths:
        with open_features(path) as (facts, blocks):
            refuse_other_ids(path, facts.ids, ids, f"remove {path} and run dvc repro")
            rows = np.array([row_of[name] for name in facts.ids], dtype=np.int64)
            _refuse_other_pictures(path, facts, ids, content)
            left, right, start = right, right + facts.features.shape[1], 0
            for block in blocks:
                joined[rows[start : start + len(block)], left:right] = block
                start += len(block)
    return joined


def _refuse_other_pictures(
    path: Path, facts: FeatureFile, ids: Sequence[str], content: Sequence[str]
) -> None:
    """Check that the file at `path` is of pictures with these ids (N,) and hashes (N,)."""
    content_of = dict(zip(facts.ids, facts.content, strict=True))
    for name, expected in zip(ids, content, strict=True):
        if content_of[name] != expected:
            raise PodiumError(
                f"{printable(path)}: the features of {printable(name)} are those of another "
                f"picture\nremedy: remove {printable(path)} and run dvc repro"
            )


def prediction_table(values: Floats, data: TrainRows) -> pd.DataFrame:
    """Return the prediction table of predictions (N + T, M, K) by M splits.

    Per seed it holds each train row by the split that held it out, and test rows by the mean of
    all splits.
    """
    n_train, parts = len(data.ids), []
    for seed in data.seeds:
        oof = np.empty((n_train, len(data.names)))
        fold_of = np.empty(n_train, dtype=np.int64)
        members = [number for number, split in enumerate(data.splits) if split.seed == seed]
        for number in members:
            split = data.splits[number]
            oof[split.held_out] = values[:n_train][split.held_out, number]
            fold_of[split.held_out] = split.fold
        parts.append(value_rows(data.kind, data.ids, "oof", fold_of, seed, oof, data.known))
        if data.test_ids:
            test = values[n_train:, members].mean(1)
            parts.append(value_rows(data.kind, data.test_ids, "test", -1, seed, test))
    return pd.concat(parts, ignore_index=True)
