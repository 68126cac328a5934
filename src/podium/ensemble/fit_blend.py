"""Fit the configured blend on out-of-fold predictions and score it by nested cross-validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from podium.core.params import Blend
from podium.ensemble import blend
from podium.ensemble.blend import Floats
from podium.ensemble.blend_scores import Bootstrap, Sides, against_single, method_scores
from podium.ensemble.losses import choice_loss
from podium.ensemble.methods import DECIDED, calibration_of, methods, offered, step_of
from podium.ensemble.nested import Fitted, cross_fitted, nested
from podium.ensemble.prediction_set import PredictionSet
from podium.evaluation import decisions
from podium.evaluation.intervals import Terms
from podium.evaluation.metrics import area_under_roc
from podium.evaluation.predictions import RowFacts, value_rows
from podium.evaluation.scores import USUAL, Metric, Score, as_dicts


@dataclass(frozen=True)
class FittedBlend:
    """A fitted blend with its honest predictions.

    Attributes:
        fitted: on all rows.
        table: out-of-fold rows by steps that never saw their fold, and test rows by `fitted`.
        metrics: naive, nested and single scores, also of each method.
        calibrated: the name of the calibration of `table`.
    """

    fitted: Fitted
    table: pd.DataFrame
    metrics: dict[str, Any]
    calibrated: str = "none"


def fit_blend(models: PredictionSet, settings: Blend, metric: Metric | None = None) -> FittedBlend:
    """Fit the step on the models' predictions, and score it on rows that it never saw.

    Args:
        models: their predictions.
        settings: which step.
        metric: the competition's, which everything is chosen by; None: the usual one of the kind.

    Raises:
        SettingsError: a method or calibration is for predictions of another kind.
    """
    kind = models.kind.name
    metric = metric or USUAL[kind][0]
    step, calibrate = step_of(settings, kind, metric), calibration_of(settings, kind)
    scored = DECIDED if metric.decided else calibrate
    by_seed = [
        nested(step, models.oof, models.truth, folds, models.groups) for folds in models.folds
    ]
    fitted = step.fit(models.oof, models.truth, models.folds[0], models.groups)
    honest = [each[scored] for each in by_seed]
    draws = Bootstrap(models.groups, settings.bootstrap, settings.seed)
    sides = _sides(models, metric, fitted(models.oof)[scored], honest)
    calibrated = [
        mean_terms(metric, [each[name] for each in by_seed], models) for name in step.calibrations
    ]
    metrics = {
        "method": fitted.method,
        "metric": metric.key,
        "n_models": len(models.models),
        **against_single(metric, sides, draws),
        "methods": ladder(models, settings, metric),
        "calibration": {
            name: {metric.key: score.as_dict()}
            for name, score in zip(step.calibrations, draws.scores(metric, calibrated), strict=True)
        },
        "weights": weights(models, fitted),
    }
    others = [other for other in USUAL[kind] if other.key != metric.key]
    probs = [each[calibrate] for each in by_seed]
    metrics["nested"] = as_dicts(_other_scores(models, others, probs, draws)) | metrics["nested"]
    return FittedBlend(fitted, _table(models, calibrate, fitted, by_seed), metrics, calibrate)


def mean_terms(metric: Metric, each: Sequence[Floats], models: PredictionSet) -> Terms:
    """Return the terms of each row, columns (N,), the mean over seeds.

    Args:
        metric: which score.
        each: (N, K) predictions of each seed.
        models: whose truth it is.
    """
    parts = [metric.row_terms(values, models.truth) for values in each]
    return tuple(np.mean(columns, axis=0) for columns in zip(*parts, strict=True))


def _sides(models: PredictionSet, metric: Metric, naive: Floats, honest: Sequence[Floats]) -> Sides:
    """The blend, and the best single model beside it."""
    loss = choice_loss(metric, models.kind.name)
    best = int(np.argmin([loss(values, models.truth) for values in models.oof]))
    single = decided_out_of_fold(models, metric, [models.oof[best]] * len(models.folds))
    return Sides(
        nested=mean_terms(metric, honest, models),
        naive=mean_terms(metric, [naive], models),
        single=mean_terms(metric, single, models),
        model=models.models[best],
    )


def _other_scores(
    models: PredictionSet, metrics: Sequence[Metric], honest: Sequence[Floats], draws: Bootstrap
) -> dict[str, Score]:
    """Further scores of the honest predictions, the mean over seeds."""
    scores = {
        metric.key: draws.scores(metric, [mean_terms(metric, honest, models)])[0]
        for metric in metrics
    }
    if models.kind.name == "classes":  # of two, the mean over seeds
        areas = [area_under_roc(probs, models.truth) for probs in honest]
        if kept := [area for area in areas if area is not None]:
            scores["auc"] = Score(float(np.mean(kept)), n=len(models.ids))
    return scores


def ladder(
    models: PredictionSet, settings: Blend, metric: Metric | None = None
) -> dict[str, dict[str, Any]]:
    """Return each method's scores, uncalibrated, best nested first.

    naive is on the rows it was fitted on, nested on rows of folds that it never saw.

    Args:
        models: their predictions.
        settings: which methods.
        metric: which score; None: the usual one of the kind.
    """
    metric = metric or USUAL[models.kind.name][0]
    every = methods(settings, models.kind.name, metric)
    naive: dict[str, Terms] = {}
    honest: dict[str, Terms] = {}
    for name in dict.fromkeys(["single", *offered(settings, models.kind.name)]):
        fit = every[name]
        flattered = fit(models.oof, models.truth)(models.oof)
        if decide := decisions.fit_of(metric, models.kind.name):
            flattered = decide(flattered, models.truth).apply(flattered)
        naive[name] = mean_terms(metric, [flattered], models)
        unseen = [cross_fitted(fit, models.oof, models.truth, folds) for folds in models.folds]
        honest[name] = mean_terms(metric, decided_out_of_fold(models, metric, unseen), models)
    draws = Bootstrap(models.groups, settings.bootstrap, settings.seed)
    scores = method_scores(metric, naive, honest, draws)
    sign = 1 if metric.lower_is_better else -1
    return dict(sorted(scores.items(), key=lambda pair: sign * pair[1]["nested"]["value"]))


def weights(models: PredictionSet, fitted: Fitted) -> Mapping[str, float]:
    """Return the weight of each model, largest first; empty for blends without such weights."""
    each = blend.weights_of(fitted.combine)
    if each is None:
        return {}
    order = np.argsort(-each, kind="stable")
    return {models.models[m]: round(float(each[m]), 6) for m in order if each[m] > 0}


def decided_out_of_fold(
    models: PredictionSet, metric: Metric, each: Sequence[Floats]
) -> Sequence[Floats]:
    """Return predictions (N, K) of each seed as `metric` scores them: decided on other folds.

    Args:
        models: their truth and folds.
        metric: which score; one that needs no decisions takes predictions as they are.
        each: (N, K) predictions of each seed.
    """
    decide = decisions.fit_of(metric, models.kind.name)
    if decide is None:
        return each
    pairs = zip(each, models.folds, strict=True)
    return [decisions.out_of_fold(decide, values, models.truth, folds) for values, folds in pairs]


def _table(
    models: PredictionSet,
    calibrate: str,
    fitted: Fitted,
    by_seed: Sequence[Mapping[str, Floats]],
) -> pd.DataFrame:
    facts = RowFacts(np.asarray(models.groups).tolist(), models.kind.truth_cells(models.truth))
    kind = models.kind

    def decided(rows: pd.DataFrame, each: Mapping[str, Floats]) -> pd.DataFrame:
        return (
            rows.assign(decision=decisions.cells_of(kind, each[DECIDED]))
            if DECIDED in each
            else rows
        )

    parts = [
        decided(value_rows(kind, models.ids, "oof", folds, seed, each[calibrate], facts), each)
        for folds, seed, each in zip(models.folds, models.seeds, by_seed, strict=True)
    ]
    if models.test_ids:
        test, seed = fitted(models.test), models.seeds[0]
        rows = value_rows(kind, models.test_ids, "test", -1, seed, test[calibrate])
        parts.append(decided(rows, test))
    return pd.concat(parts, ignore_index=True)
