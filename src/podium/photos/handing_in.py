"""A photo submission: test rows calibrated, unreadable pictures filled, truth kept apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.errors import PodiumError
from podium.files import read_table
from podium.ids import refuse_other_ids
from podium.metrics import scores
from podium.photos.crossval import Rows

Floats = NDArray[np.float64]


def columns_of(classes: list[str]) -> list[str]:
    """The header: id,label for two classes (label = probability of the second), else one each."""
    return ["id", "label"] if len(classes) == 2 else ["id", *classes]


def test_probabilities(table: pd.DataFrame, data: Rows, ids: list[str]) -> tuple[Floats, list[str]]:
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
