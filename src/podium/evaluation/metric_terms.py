"""The terms of each row for each metric, read from prediction tables.

Most metrics are ratios of sums over rows. Log loss: losses over rows. Accuracy and whole strings:
right ones over rows. Tumour F1: 2 TP over 2 TP + FP + FN, of slides. Others have more sums (macro
F1, kappa), or need the rows themselves (areas under the ROC). One bootstrap serves all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import read_table, to_numbers
from podium.evaluation import decisions, intervals
from podium.evaluation.intervals import Terms
from podium.evaluation.predictions import read_predictions
from podium.evaluation.scores import RATIO, TUMOUR_F1, Metric
from podium.evaluation.table_kinds import DECISION, TableKind, kind_of

FACTS = ["id", "fold", "seed", "group", "truth"]
COLUMNS = [*FACTS, "numerator", "denominator"]  # of a ratio; other terms are t0, t1, ...
COUNTS = ["true_positive", "false_positive", "false_negative", "true_negative"]
MODELS = {"network": "fcn"}  # of counts, under the names of their prediction tables

TermTables = dict[str, pd.DataFrame]  # by metric name: FACTS, terms; a row for each id and seed


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
    kind, tables = kind_of(table), {}
    of_tables = [metric for metric in metrics if metric.terms]
    fitting = [each for each in of_tables if not each.kinds or kind.name in each.kinds]
    if of_tables and not fitting:
        raise PodiumError(
            f"{path}: it holds {kind.name}, which {metrics[0].name} does not score\n"
            "remedy: run dvc repro, so that the task says what is asked for"
        )
    truth = kind.truth(scored)
    for metric in fitting:
        values = scored_values(metric, kind, scored)
        tables[metric.name] = _with_terms(scored, metric.row_terms(values, truth))
    return tables


def scored_values(metric: Metric, kind: TableKind, scored: pd.DataFrame) -> Any:
    """Return the predictions of rows as a metric scores them.

    For one that scores decisions these are those of the column `decision`; where there is none,
    decisions of each fold by what is fitted on the others of its seed.

    Args:
        metric: which score.
        kind: of the table.
        scored: rows whose truth is known.
    """
    values, decide = kind.values(scored), decisions.fit_of(metric, kind.name)
    if decide is None:
        return values
    if DECISION in scored:
        return decisions.in_table(kind, scored)
    decided, truth = np.empty_like(values), kind.truth(scored)
    for seed in scored["seed"].unique():
        rows = (scored["seed"] == seed).to_numpy()
        folds = scored["fold"].to_numpy()[rows]
        decided[rows] = decisions.out_of_fold(decide, values[rows], truth[rows], folds)
    return decided


def _with_terms(scored: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    names = COLUMNS[-2:] if len(terms) == 2 else [f"t{k}" for k in range(len(terms))]
    columns = pd.DataFrame(dict(zip(names, terms, strict=True)), index=scored.index)
    return pd.concat([scored[FACTS], columns], axis=1)


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
    return each[["group", "truth"]].first().join(each[_term_names(rows)].mean())


def _term_names(rows: pd.DataFrame) -> list[str]:
    return [str(name) for name in rows.columns if name not in FACTS]


def terms_in(rows: pd.DataFrame) -> Terms:
    """Return the terms that rows hold, columns (N,)."""
    return tuple(rows[name].to_numpy(dtype=np.float64) for name in _term_names(rows))


def pooled_score(rows: pd.DataFrame, metric: Metric = RATIO) -> float:
    """Return the score of rows taken together."""
    return intervals.value_of(terms_in(rows), metric)


def fold_scores(rows: pd.DataFrame, metric: Metric = RATIO) -> NDArray[np.float64]:
    """Return the score (F,) of each fold of each seed."""
    return np.array([pooled_score(part, metric) for _, part in rows.groupby(["seed", "fold"])])


def standard_error(rows: pd.DataFrame, metric: Metric = RATIO) -> float:
    """Return the standard error of the score of `by_id` rows; groups are drawn whole."""
    return intervals.standard_error(terms_in(rows), rows["group"].to_numpy(dtype=str), metric)
