"""Out-of-fold scores of photo models: one Score for each model and metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from podium.core.errors import PodiumError
from podium.evaluation import intervals
from podium.evaluation.intervals import Terms
from podium.evaluation.scores import AUC, USUAL, Metric, Score, metric_named
from podium.evaluation.task import PictureTask
from podium.photos.crossval import Floats, TrainRows

N_DRAWS = 500  # of the bootstrap

Scores = dict[str, dict[str, Score]]  # by model, then by the metric's key


def task_metrics(task: PictureTask) -> list[Metric]:
    """Return the task's metric, then the usual ones of its kind; of two classes the area, too."""
    main, usual = metric_named(task.metric), list(USUAL[task.kind])
    if task.kind == "classes" and len(task.names) == 2:
        usual.append(AUC)
    return [main, *(metric for metric in usual if metric.key != main.key)]


def model_scores(
    tables: Mapping[str, pd.DataFrame], data: TrainRows, metrics: Sequence[Metric]
) -> Scores:
    """Return the out-of-fold scores of each model, of the mean over its fold seeds.

    Args:
        tables: model name -> prediction table.
        data: the train rows.
        metrics: which scores.
    """
    scores: Scores = {}
    for name, table in tables.items():
        scores[name] = {
            metric.key: intervals.score(
                metric, oof_terms(table, data, metric), data.groups, N_DRAWS
            )
            for metric in metrics
        }
    return scores


def oof_terms(table: pd.DataFrame, data: TrainRows, metric: Metric) -> Terms:
    """Return the terms (N,) of the train rows, means over the fold seeds.

    Args:
        table: of one model.
        data: the train rows.
        metric: which score.
    """
    each = [metric.row_terms(values, data.truth) for values in _by_seed(table, data)]
    return tuple(np.mean(column, axis=0) for column in zip(*each, strict=True))


def mean_oof(table: pd.DataFrame, data: TrainRows) -> Floats:
    """Return out-of-fold predictions (N, K) of the train rows, means over fold seeds."""
    return np.asarray(np.mean(_by_seed(table, data), axis=0))


def _by_seed(table: pd.DataFrame, data: TrainRows) -> list[Floats]:
    """The out-of-fold predictions (N, K) of each fold seed, in the order of the train rows."""
    oof = table[table["split"] == "oof"]
    each = [
        data.kind.values(part.set_index("id").loc[data.ids])
        for _, part in oof.groupby("seed", sort=False)
    ]
    if not each:
        raise PodiumError("no out-of-fold rows to score\nremedy: train a model on folds first")
    return each


def gain(with_columns: pd.DataFrame, without: pd.DataFrame, data: TrainRows) -> dict[str, Score]:
    """Return by how much the usual loss falls with columns beside the pictures, row by row.

    Args:
        with_columns: prediction table of a model that has them.
        without: of the same model on the pictures alone.
        data: the train rows.
    """
    metric = USUAL[data.kind.name][0]
    less, more = (oof_terms(table, data, metric) for table in (with_columns, without))
    terms = more[0] - less[0], less[1]
    return {metric.key: intervals.score(metric, terms, data.groups, N_DRAWS)}


def fold_scores(
    tables: Mapping[str, pd.DataFrame], data: TrainRows, metrics: Sequence[Metric]
) -> pd.DataFrame:
    """Return columns model, seed, fold and a score for each metric; a row per held-out fold.

    Args:
        tables: model name -> prediction table.
        data: the train rows.
        metrics: which scores.
    """
    row_of = {name: row for row, name in enumerate(data.ids)}
    score_rows = []
    for model, table in tables.items():
        for (seed, fold), part in table[table["split"] == "oof"].groupby(["seed", "fold"]):
            rows = [row_of[name] for name in part["id"]]
            values, truth = data.kind.values(part), data.truth[rows]
            each = [
                intervals.score(metric, metric.row_terms(values, truth), rows, 1).value
                for metric in metrics
            ]
            score_rows.append((model, seed, fold, *each))
    columns = ["model", "seed", "fold", *(metric.key for metric in metrics)]
    return pd.DataFrame(score_rows, columns=pd.Index(columns))
