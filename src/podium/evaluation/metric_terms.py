"""What scores are made of: every one is a sum over rows divided by another.

Log loss: losses over rows. Accuracy and whole strings: right ones over rows. Tumour F1: 2 TP over
2 TP + FP + FN, of slides. So one bootstrap and one standard error serve all of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import read_table, to_numbers
from podium.evaluation.metric_names import ACCURACY, LOG_LOSS, SLIDE_LOSS, TUMOUR_F1, WHOLE
from podium.evaluation.metrics import row_log_losses
from podium.evaluation.predictions import (
    classes_of,
    probabilities,
    read_predictions,
    read_text_predictions,
)

COLUMNS = ["id", "fold", "seed", "group", "truth", "over", "under"]
COUNTS = ["true_positive", "false_positive", "false_negative", "true_negative"]
MODELS = {"network": "fcn"}  # of counts, under the names of their prediction tables

Floats = NDArray[np.float64]
Evidence = dict[str, pd.DataFrame]  # by score: COLUMNS, a row for each id and seed


def of_classes(path: Path, slides: bool = False) -> Evidence:
    """What a table of probabilities says: of slides their log loss, else accuracy, too.

    Raises:
        PodiumError: the table is broken, or no row outside `test` has a known truth.
    """
    table = _judged(path, read_predictions(path))
    truth = table["truth"].map({name: k for k, name in enumerate(classes_of(table))}).to_numpy()
    probs = probabilities(table)
    losses = _rows(table, row_log_losses(probs, truth.astype(np.int64)))
    if slides:
        return {SLIDE_LOSS: losses}
    return {LOG_LOSS: losses, ACCURACY: _rows(table, probs.argmax(1) == truth)}


def of_texts(path: Path) -> Evidence:
    """What a table of texts says; raises as `of_classes` does."""
    table = _judged(path, read_text_predictions(path))
    return {WHOLE: _rows(table, (table["text"] == table["truth"]).to_numpy())}


def of_counts(path: Path) -> dict[str, Evidence]:
    """What counts of pixels say, by model; raises a PodiumError if the table is broken."""
    table = read_table(path, "slide", "patient", "fold", "model", *COUNTS)
    to_numbers(path, table, ["fold", *COUNTS], int)
    table = table.rename(columns={"slide": "id", "patient": "group"})
    positive = table["true_positive"] + table["false_negative"]
    pixels = table[COUNTS].sum(axis=1)
    table["truth"] = positive.astype(str) + " of " + pixels.astype(str)
    table["seed"], table["over"] = 0, 2.0 * table["true_positive"]
    table["under"] = table["over"] + table["false_positive"] + table["false_negative"]
    return {
        MODELS.get(str(name), str(name)): {TUMOUR_F1: rows[COLUMNS]}
        for name, rows in table.groupby("model", sort=False)
    }


def _judged(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    found = table[(table["split"] != "test") & (table["truth"] != "")]
    if found.empty:
        raise PodiumError(
            f"{path}: no row has a known truth\nremedy: run the stage that writes it again"
        )
    return found


def _rows(table: pd.DataFrame, over: NDArray[np.bool_] | Floats) -> pd.DataFrame:
    return table.assign(over=over.astype(np.float64), under=1.0)[COLUMNS]


def by_id(rows: pd.DataFrame) -> pd.DataFrame:
    """group, truth, over and under of each id, the mean of its seeds; sorted by id."""
    each = rows.groupby("id")
    return each[["group", "truth"]].first().join(each[["over", "under"]].mean())


def ratio(over: Floats, under: Floats) -> Floats:
    """`over` / `under`; 1 where there is nothing to be right or wrong about."""
    return np.divide(over, under, out=np.ones_like(over), where=under > 0)


def score(rows: pd.DataFrame) -> float:
    """The score of rows taken together."""
    return float(ratio(np.array([rows["over"].sum()]), np.array([rows["under"].sum()]))[0])


def parts(rows: pd.DataFrame) -> Floats:
    """The score of each fold of each seed."""
    return np.array([score(part) for _, part in rows.groupby(["seed", "fold"])])


def standard_error(rows: pd.DataFrame) -> float:
    """The standard error of the score of `by_id` rows; groups are drawn whole.

    That of a ratio of sums to first order (Cochran 1977, 6.4); with a row in each group and
    `under` 1 it is the standard error of a mean.
    """
    sums = rows.groupby("group")[["over", "under"]].sum()
    n, under = len(sums), float(sums["under"].sum())
    if n < 2 or not under:
        return 0.0
    off = sums["over"] - score(rows) * sums["under"]
    return float(np.sqrt(n / (n - 1) * (off**2).sum()) / under)
