"""Tables of trained photo models for plots: ROC, confusions, calibration, what was predicted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from podium.core.files import write_table
from podium.evaluation.scores import USUAL
from podium.photos.crossval import Floats, TrainRows

Truth = NDArray[np.int64]
POINTS = 300  # of a curve


def write_tables(folder: Path, values: Floats, data: TrainRows) -> None:
    """Write what the pictures show as tables.

    classes: ROC, precision/recall, confusion and calibration; labels: the same without confusion;
    number: actual and predicted.

    Args:
        folder: of the tables.
        values: out-of-fold predictions (N, K).
        data: the train rows.
    """
    if data.kind.name == "number":
        numbers = {"id": data.ids, "actual": data.truth, "predicted": values[:, 0]}
        write_table(folder / "predicted.csv", pd.DataFrame(numbers))
        return
    is_true = indicators(data)
    curves = [_curves(name, is_true[:, k], values[:, k]) for k, name in _curve_names(data, is_true)]
    for number, name in enumerate(("roc.csv", "precision_recall.csv")):
        write_table(folder / name, pd.concat([pair[number] for pair in curves]))
    if data.kind.name == "classes":
        names = np.array(data.names)
        confusion = {"actual": names[data.truth], "predicted": names[values.argmax(1)]}
        write_table(folder / "confusion.csv", pd.DataFrame(confusion))
    write_table(folder / "calibration.csv", reliability(values, is_true))


def indicators(data: TrainRows) -> Truth:
    """Return 1 where a row has a class or label (N, K), else 0."""
    if data.kind.name == "classes":
        return np.eye(len(data.names), dtype=np.int64)[data.truth]
    return np.asarray(data.truth)


def _curve_names(data: TrainRows, is_true: Truth) -> Iterator[tuple[int, str]]:
    """Number and name of what has a curve: of two classes the second, else all that vary."""
    two = data.kind.name == "classes" and len(data.names) == 2
    for k, name in enumerate(data.names):
        if (k or not two) and 0 < is_true[:, k].sum() < len(is_true):
            yield k, name


def _curves(name: str, is_true: Truth, probs: Floats) -> tuple[pd.DataFrame, pd.DataFrame]:
    """ROC and precision/recall of one class or label."""
    fpr, tpr, _ = roc_curve(is_true, probs)
    precision, recall, _ = precision_recall_curve(is_true, probs)
    roc = pd.DataFrame({"class": name, "fpr": fpr, "tpr": tpr})
    pr = pd.DataFrame({"class": name, "precision": precision, "recall": recall})
    return _thin(roc), _thin(pr)


def _thin(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[np.unique(np.linspace(0, len(table) - 1, POINTS).astype(int))]


def reliability(probs: Floats, is_true: Truth, n_bins: int = 10) -> pd.DataFrame:
    """Return bins of probability over all classes: mean probability, share that is true, count.

    Args:
        probs: (N, K).
        is_true: 1 where a row has the class or label, (N, K).
        n_bins: of equal width.
    """
    flat = probs.ravel()
    bins = np.minimum((flat * n_bins).astype(int), n_bins - 1)
    table = pd.DataFrame(
        {"bin": bins, "predicted": flat, "true_share": is_true.ravel(), "count": 1}
    )
    grouped = table.groupby("bin")
    means = grouped[["predicted", "true_share"]].mean()
    return means.assign(count=grouped["count"].sum()).reset_index(drop=True)


def row_losses(values: Floats, data: TrainRows) -> Floats:
    """Return how wrong each prediction is (N,): the kind's loss, or the distance of a number."""
    return np.asarray(USUAL[data.kind.name][0].row_terms(values, data.truth)[0])


def confused_pairs(values: Floats, data: TrainRows) -> pd.DataFrame:
    """Return columns actual, predicted, count_, share of the actual class; the most first.

    `values` are probabilities (N, K), out of fold.
    """
    names = np.array(data.names)
    table = pd.DataFrame({"actual": names[data.truth], "predicted": names[values.argmax(1)]})
    sizes = table["actual"].value_counts()
    wrong = table[table["actual"] != table["predicted"]]
    pairs = wrong.value_counts().rename("count_").reset_index()
    return pairs.assign(share=pairs["count_"] / pairs["actual"].map(sizes))
