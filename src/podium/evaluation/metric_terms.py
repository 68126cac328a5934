"""Per-row numerator and denominator of each metric, read from prediction tables.

Every metric is a ratio of sums over rows. Log loss: losses over rows. Accuracy and whole strings:
right ones over rows. Tumour F1: 2 TP over 2 TP + FP + FN, of slides. So one bootstrap and one
standard error serve all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import read_table, to_numbers
from podium.evaluation import intervals
from podium.evaluation.intervals import Terms
from podium.evaluation.predictions import read_predictions
from podium.evaluation.scores import TUMOUR_F1, Metric
from podium.evaluation.table_kinds import kind_of

COLUMNS = ["id", "fold", "seed", "group", "truth", "numerator", "denominator"]
COUNTS = ["true_positive", "false_positive", "false_negative", "true_negative"]
MODELS = {"network": "fcn"}  # of counts, under the names of their prediction tables

TermTables = dict[str, pd.DataFrame]  # by metric name: COLUMNS, a row for each id and seed


def terms_of_table(path: Path, metrics: Sequence[Metric]) -> TermTables:
    """Return the terms of a prediction table for each of `metrics` that has a function of terms.

    Args:
        path: of the table.
        metrics: which scores.

    Raises:
        PodiumError: the table is broken, or no row outside `test` has a known truth.
    """
    return terms_of_rows(path, read_predictions(path), metrics)


def terms_of_rows(path: Path, table: pd.DataFrame, metrics: Sequence[Metric]) -> TermTables:
    """Return the terms of a prediction table that was read already; see `terms_of_table`.

    Args:
        path: where the table is from, for the message.
        table: its rows.
        metrics: which scores.
    """
    scored = table[(table["split"] != "test") & (table["truth"] != "")]
    if scored.empty:
        raise PodiumError(
            f"{path}: no row has a known truth\nremedy: run the stage that writes it again"
        )
    kind = kind_of(table)
    values, truth = kind.values(scored), kind.truth(scored)
    tables = {}
    for metric in metrics:
        if metric.terms:
            numerator, denominator = metric.row_terms(values, truth)
            rows = scored.assign(numerator=numerator, denominator=denominator)
            tables[metric.name] = rows[COLUMNS]
    return tables


def terms_of_counts(path: Path) -> dict[str, TermTables]:
    """Return the terms of tumour F1 by model, from a table of pixels by slide.

    Raises:
        PodiumError: the table is broken.
    """
    table = read_table(path, "slide", "patient", "fold", "model", *COUNTS)
    to_numbers(path, table, ["fold", *COUNTS], int)
    table = table.rename(columns={"slide": "id", "patient": "group"})
    positive = table["true_positive"] + table["false_negative"]
    pixels = table[COUNTS].sum(axis=1)
    table["truth"] = positive.astype(str) + " of " + pixels.astype(str)
    table["seed"], table["numerator"] = 0, 2.0 * table["true_positive"]
    wrong = table["false_positive"] + table["false_negative"]
    table["denominator"] = table["numerator"] + wrong
    return {
        MODELS.get(str(name), str(name)): {TUMOUR_F1.name: rows[COLUMNS]}
        for name, rows in table.groupby("model", sort=False)
    }


def by_id(rows: pd.DataFrame) -> pd.DataFrame:
    """Return group, truth and terms of each id, the mean over its seeds; sorted by id."""
    each = rows.groupby("id")
    return each[["group", "truth"]].first().join(each[["numerator", "denominator"]].mean())


def terms_in(rows: pd.DataFrame) -> Terms:
    """Return the numerator (N,) and the denominator (N,) that rows hold."""
    numerator = rows["numerator"].to_numpy(dtype=np.float64)
    return numerator, rows["denominator"].to_numpy(dtype=np.float64)


def pooled_score(rows: pd.DataFrame, root: bool = False) -> float:
    """Return the score of rows taken together; `root`: of a metric that is a square root."""
    return intervals.value_of(terms_in(rows), root)


def fold_scores(rows: pd.DataFrame, root: bool = False) -> NDArray[np.float64]:
    """Return the score (F,) of each fold of each seed; `root`: of a metric with a square root."""
    return np.array([pooled_score(part, root) for _, part in rows.groupby(["seed", "fold"])])


def standard_error(rows: pd.DataFrame, root: bool = False) -> float:
    """Return the standard error of the score of `by_id` rows; groups are drawn whole."""
    return intervals.standard_error(terms_in(rows), rows["group"].to_numpy(dtype=str), root)
