"""A photo submission: test rows calibrated, unreadable pictures filled, truth kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.core.ids import refuse_other_ids
from podium.evaluation.metrics import scores
from podium.photos.crossval import TrainRows
from podium.pictures.dataset import QUARANTINE_COLUMNS, read_items
from podium.submission import validation

Floats = NDArray[np.float64]


def columns_of(classes: list[str]) -> list[str]:
    """The header: id,label for two classes (label = probability of the second), else one each."""
    return ["id", "label"] if len(classes) == 2 else ["id", *classes]


def test_probabilities(
    table: pd.DataFrame, data: TrainRows, ids: list[str]
) -> tuple[Floats, list[str]]:
    """Probabilities (len(ids), K), and the ids that got the class shares for want of a picture."""
    columns = [f"p_{name}" for name in data.classes]
    means = table[table["split"] == "test"].groupby("id")[columns].mean()
    prior = np.bincount(data.truth, minlength=len(data.classes)) / len(data.truth)
    filled = [name for name in ids if name not in means.index]
    probs = means.reindex(ids).to_numpy(dtype=np.float64)
    probs[np.isnan(probs).any(axis=1)] = prior
    return probs, filled


def frame(ids: list[str], probs: Floats, classes: list[str]) -> pd.DataFrame:
    """The submission's rows."""
    values = probs[:, 1:] if len(classes) == 2 else probs
    named = pd.DataFrame(values, columns=pd.Index(columns_of(classes)[1:]))
    return pd.concat([pd.DataFrame({"id": ids}), named], axis=1)


def test_scores(path: Path, ids: list[str], probs: Floats, classes: list[str]) -> dict[str, Any]:
    """Scores on the answer key at `path` (id,label), which nothing but this line reads; or nothing.

    Labels are class names or, for two classes, 0 and 1.

    Raises:
        PodiumError: the key names other ids, or unknown classes.
    """
    if not path.is_file():
        return {}
    key = read_table(path, "id", "label")
    refuse_other_ids(path, key["id"].tolist(), ids, "name exactly the pictures in test")
    number = {name: k for k, name in enumerate(classes)}
    if len(classes) == 2 and set(key["label"]) <= {"0", "1"}:
        number = {"0": 0, "1": 1}
    labels = key.set_index("id").loc[ids, "label"]
    if unknown := sorted(set(labels) - set(number)):
        raise PodiumError(f"{path}: unknown classes {unknown}; the train pictures have {classes}")
    truth = np.array([number[label] for label in labels], dtype=np.int64)
    return scores(probs, truth)


def summary_lines(metrics: dict[str, Any], filled: list[str]) -> list[str]:
    """What a person reads after the stage: scores, and flagged rows."""
    oof = metrics["oof"]
    lines = [
        f"out-of-fold log loss {oof['log_loss']:.4f} +- {oof['log_loss_se']:.4f} of the blend, "
        "on rows that it never saw"
    ]
    if test := metrics.get("test"):
        lines.append(f"test log loss {test['log_loss']:.4f}, accuracy {test['accuracy']:.4f}")
    if filled:
        lines.append(f"{len(filled)} unreadable test pictures got the class shares: {filled[:3]}")
    return lines


def wanted_by_sample(sample: Path) -> validation.Wanted:
    """What the sample submission at `sample` asks for; its columns are the competition's.

    Raises:
        PodiumError: it has no column of probabilities, or an id twice.
    """
    columns = list(validation.read_submission(sample).columns)
    if len(columns) < 2:
        raise PodiumError(f"{sample}: its only column is {columns}; probabilities are missing")
    return _wanted(columns, validation.sample_ids(sample, columns), sample)


def wanted_by_data(items: Path, quarantine: Path) -> validation.Wanted:
    """What is wanted where there is no sample: all test pictures, readable or not."""
    table = read_items(items)
    unreadable = read_table(quarantine, *QUARANTINE_COLUMNS)
    classes = sorted(set(table["label"][table["split"] == "train"]))
    ids = [name for part in (table, unreadable) for name in part["id"][part["split"] == "test"]]
    return _wanted(columns_of(classes), ids, None)


def _wanted(columns: list[str], ids: list[str], sample: Path | None) -> validation.Wanted:
    notes = partial(validation.hard_notes, columns=columns[1:])
    return validation.Wanted(columns, ids, faults, notes, sample)


def faults(table: pd.DataFrame) -> Iterator[str]:
    """What is wrong with the probabilities of a submission that was read as text."""
    names = list(table.columns[1:])
    yield from validation.probability_faults(table, names)
    if len(names) > 1:
        yield from validation.sum_faults(table, names)
