"""Out-of-fold and test predictions of every photo model, all on the same folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from podium.core.errors import PodiumError
from podium.core.feature_store import read_features
from podium.core.files import read_table, to_numbers
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.core.printable import printable
from podium.evaluation.metrics import mean_scores, scores
from podium.evaluation.predictions import RowFacts, rows
from podium.pictures.folds import hold_out

Floats = NDArray[np.float64]
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
        truth: indices (N,) into `classes`.
        classes: names, sorted.
        splits: all seeds and folds.
        test_ids: (T,).
        groups: (N,); look-alikes share a number.
        content: (N + T,), sha256 of each picture's bytes, train rows first.
    """

    ids: list[str]
    truth: NDArray[np.int64]
    classes: list[str]
    splits: list[Split]
    test_ids: list[str]
    groups: NDArray[np.int64]
    content: list[str]

    @property
    def known(self) -> RowFacts:
        """Group and class of each train row, as prediction tables hold them."""
        return RowFacts(self.groups.tolist(), [self.classes[k] for k in self.truth])

    @property
    def seeds(self) -> list[int]:
        """The fold seeds, in order."""
        return list(dict.fromkeys(split.seed for split in self.splits))


def load_rows(items: pd.DataFrame, folds_path: Path) -> TrainRows:
    """Return the train and test rows of `items` with the folds in `folds_path`.

    Raises:
        PodiumError: the folds are of other pictures, or are no folds.
    """
    train = items[items["split"] == "train"]
    ids, labels = train["id"].tolist(), train["label"].to_numpy(dtype=str)
    classes = sorted(set(labels))
    table = read_table(folds_path, "id", "group", "seed", "fold")
    to_numbers(folds_path, table, ["group", "seed", "fold"], int)
    splits = []
    groups = np.zeros(len(ids), dtype=np.int64)
    for seed, part in table.groupby("seed", sort=False):
        refuse_duplicates(folds_path, part["id"])
        refuse_other_ids(folds_path, part["id"].tolist(), ids, REFOLD)
        part = part.set_index("id").loc[ids]
        groups = part["group"].to_numpy(dtype=np.int64)
        fold_of = part["fold"].to_numpy(dtype=np.int64)
        _refuse_odd_folds(folds_path, fold_of, labels)
        splits += [
            _split(labels, groups, fold_of, int(str(seed)), fold)
            for fold in range(fold_of.max() + 1)
        ]
    truth = np.searchsorted(classes, labels).astype(np.int64)
    test = items[items["split"] == "test"]
    content = [*train["content"], *test["content"]]
    return TrainRows(ids, truth, classes, splits, test["id"].tolist(), groups, content)


def _refuse_odd_folds(path: Path, fold_of: NDArray[np.int64], labels: NDArray[np.str_]) -> None:
    """Check that folds (N,) are numbered 0, 1, ... and that each leaves all classes to learn."""
    numbers = np.unique(fold_of)
    if len(numbers) < 2 or not np.array_equal(numbers, np.arange(len(numbers))):
        shown = ", ".join(str(number) for number in numbers[[0, -1]])
        raise PodiumError(
            f"{path}: folds from {shown} are not numbered 0, 1, ... without gaps, two at least\n"
            f"remedy: {REFOLD}"
        )
    for name in np.unique(labels):
        if len(np.unique(fold_of[labels == name])) < 2:
            raise PodiumError(
                f"{path}: all pictures of class {printable(name)!r} are in one fold\n"
                f"remedy: {REFOLD}"
            )


def _split(
    labels: NDArray[np.str_],
    groups: NDArray[np.int64],
    fold_of: NDArray[np.int64],
    seed: int,
    fold: int,
) -> Split:
    rest = np.flatnonzero(fold_of != fold)
    stop = np.zeros(len(labels), dtype=np.bool_)
    stop[rest] = hold_out(labels[rest], groups[rest], STOP_PARTS, seed)
    return Split(seed, fold, fold_of == fold, stop)


def load_features(
    paths: Sequence[Path], ids: Sequence[str], content: Sequence[str]
) -> NDArray[np.float32]:
    """Return features (N, D1 + D2 + ...) of `ids`, joined by id across the feature files.

    Args:
        paths: of the feature files.
        ids: of the pictures (N,).
        content: (N,), sha256 of their bytes.

    Raises:
        PodiumError: a file lacks some of the ids, holds others, or is of other pictures.
    """
    parts = []
    for path in paths:
        file = read_features(path)
        refuse_other_ids(path, file.ids, ids, f"remove {path} and run dvc repro")
        row_of = {name: row for row, name in enumerate(file.ids)}
        order = [row_of[name] for name in ids]
        for name, row, expected in zip(ids, order, content, strict=True):
            if file.content[row] != expected:
                raise PodiumError(
                    f"{printable(path)}: the features of {printable(name)} are those of another "
                    f"picture\nremedy: remove {printable(path)} and run dvc repro"
                )
        parts.append(file.features[order])
    return np.concatenate(parts, axis=1)


def logistic_table(features: NDArray[np.float32], data: TrainRows, c: float) -> pd.DataFrame:
    """Return the prediction table of logistic regression on standardised features.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        c: inverse strength of the L2 penalty.
    """
    probs = np.stack(list(_logistic(features, data, c)), axis=1)
    return prediction_table(probs, data)


def _logistic(features: NDArray[np.float32], data: TrainRows, c: float) -> Iterator[Floats]:
    n_train = len(data.ids)
    for split in data.splits:
        rest = ~split.held_out
        model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000))
        model.fit(features[:n_train][rest], data.truth[rest])
        yield model.predict_proba(features)


def prior_table(data: TrainRows) -> pd.DataFrame:
    """Return the prediction table of a model without skill: class shares of its train rows."""
    n_rows = len(data.ids) + len(data.test_ids)
    shares = [
        np.bincount(data.truth[~split.held_out], minlength=len(data.classes))
        / (~split.held_out).sum()
        for split in data.splits
    ]
    return prediction_table(np.broadcast_to(np.stack(shares), (n_rows, *np.shape(shares))), data)


def prediction_table(probs: Floats, data: TrainRows) -> pd.DataFrame:
    """Return the prediction table of probabilities (N + T, M, K) by M splits.

    Per seed it holds each train row by the split that held it out, and test rows by the mean of
    all splits.
    """
    n_train, parts = len(data.ids), []
    for seed in data.seeds:
        oof = np.empty((n_train, len(data.classes)))
        fold_of = np.empty(n_train, dtype=np.int64)
        members = [number for number, split in enumerate(data.splits) if split.seed == seed]
        for number in members:
            split = data.splits[number]
            oof[split.held_out] = probs[:n_train][split.held_out, number]
            fold_of[split.held_out] = split.fold
        parts.append(rows(data.ids, "oof", fold_of, seed, oof, data.classes, data.known))
        if data.test_ids:
            test = probs[n_train:, members].mean(1)
            parts.append(rows(data.test_ids, "test", -1, seed, test, data.classes))
    return pd.concat(parts, ignore_index=True)


def oof_scores(table: pd.DataFrame, data: TrainRows) -> dict[str, float]:
    """Return the out-of-fold scores of a prediction table, means over its seeds."""
    columns = [f"p_{name}" for name in data.classes]
    oof = table[table["split"] == "oof"]
    by_seed = []
    for _, part in oof.groupby("seed", sort=False):
        probs = part.set_index("id").loc[data.ids, columns].to_numpy(dtype=np.float64)
        by_seed.append(scores(probs, data.truth))
    if not by_seed:
        raise PodiumError("no out-of-fold rows to score")
    return mean_scores(by_seed)
