"""Settings and a library to a blend, its predictions, and the truth about how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from podium.core.params import Blend
from podium.ensemble import blend, stacking
from podium.ensemble.blend import Fit, Floats, log_loss
from podium.ensemble.nested import Fitted, Step, cross_fitted, nested, sure
from podium.ensemble.prediction_set import PredictionSet
from podium.evaluation import calibration, predictions
from podium.evaluation.metrics import mean_scores, row_log_losses, scores
from podium.evaluation.outcome import against_single, method_lines


def methods(settings: Blend) -> dict[str, Fit]:
    """Every way to blend there is, by name, as `settings` want it."""
    caruana = blend.caruana(settings.picks, settings.bags, settings.bag_share, settings.seed)
    weights = {"weighted": blend.weighted, "caruana": caruana}
    if settings.per_class:
        weights = {name: blend.per_class(fit) for name, fit in weights.items()}
    return {
        "single": blend.single,
        "mean": blend.mean,
        "geometric": blend.geometric,
        "rank": blend.rank,
        **weights,
        "logistic": stacking.logistic(settings.logistic_c),
        "ridge": stacking.ridge(settings.ridge_alpha),
    }


def step_of(settings: Blend) -> Step:
    """The step that `settings` describe."""
    known = methods(settings)
    wanted = settings.methods if settings.method == "best" else [settings.method]
    calibrations = {
        "none": calibration.unfitted,
        "clip": calibration.fixed_clip(settings.clip),
        "temperature": calibration.fit,
        "isotonic": calibration.fit_isotonic,
    }
    return Step({name: known[name] for name in wanted}, calibrations)


@dataclass(frozen=True)
class FittedBlend:
    """A fitted blend with its honest predictions.

    Attributes:
        fitted: on all rows.
        table: out-of-fold rows by steps that never saw their fold, and test rows by `fitted`.
        metrics: naive, nested and single scores, also of each method.
    """

    fitted: Fitted
    table: pd.DataFrame
    metrics: dict[str, Any]


def blended(library: PredictionSet, settings: Blend) -> FittedBlend:
    """Fit the step on the library, and score it on rows that it never saw."""
    step = step_of(settings)
    by_seed = [
        nested(step, library.oof, library.truth, folds, library.groups) for folds in library.folds
    ]
    fitted = step.fit(library.oof, library.truth, library.folds[0], library.groups)
    honest = [one[settings.calibrate] for one in by_seed]
    metrics = {
        "method": fitted.method,
        "n_models": len(library.models),
        **_against_single(library, fitted, settings, honest),
        "methods": ladder(library, settings),
        "calibration": {
            name: {"log_loss": float(_losses([one[name] for one in by_seed], library).mean())}
            for name in step.calibrations
        },
        "weights": weights(library, fitted),
    }
    return FittedBlend(fitted, _table(library, settings, fitted, honest), metrics)


def _losses(each: list[Floats], library: PredictionSet) -> Floats:
    """The log loss (N,) of each row, the mean over seeds."""
    return np.mean([row_log_losses(probs, library.truth) for probs in each], axis=0)


def _against_single(
    library: PredictionSet, fitted: Fitted, settings: Blend, honest: list[Floats]
) -> dict[str, Any]:
    """Nested and naive score, how much the naive one flatters, and the best single model.

    `difference` is nested minus single, per row and over groups drawn again: below 0 the blend is
    better.
    """
    alone = [log_loss(probs, library.truth) for probs in library.oof]
    best = int(np.argmin(alone))
    naive = log_loss(fitted(library.oof)[settings.calibrate], library.truth)
    losses = _losses(honest, library)
    gap = losses - row_log_losses(library.oof[best], library.truth)
    draws = library.groups, settings.bootstrap, settings.seed
    certainty = {f"log_loss_{name}": one for name, one in sure(losses, *draws).items()}
    return {
        "nested": mean_scores([scores(probs, library.truth) for probs in honest]) | certainty,
        "single": {"model": library.models[best], "log_loss": alone[best]},
        "naive": {"log_loss": naive},
        "optimism": float(losses.mean()) - naive,
        "difference": {"mean": float(gap.mean()), **sure(gap, *draws)},
    }


def ladder(library: PredictionSet, settings: Blend) -> dict[str, dict[str, float]]:
    """Each method's log loss, uncalibrated, best nested first.

    naive is on the rows it was fitted on, nested on rows of folds that it never saw.
    """
    found, known = {}, methods(settings)
    for name in dict.fromkeys(["single", *settings.methods]):
        fit = known[name]
        naive = log_loss(fit(library.oof, library.truth)(library.oof), library.truth)
        unseen = [cross_fitted(fit, library.oof, library.truth, one) for one in library.folds]
        honest = float(np.mean([log_loss(probs, library.truth) for probs in unseen]))
        found[name] = {"naive": naive, "nested": honest}
    return dict(sorted(found.items(), key=lambda one: one[1]["nested"]))


def weights(library: PredictionSet, fitted: Fitted) -> Mapping[str, float]:
    """The weight of each model, largest first; empty for blends that have no such weights."""
    found = blend.weights_of(fitted.combine)
    if found is None:
        return {}
    order = np.argsort(-found, kind="stable")
    return {library.models[m]: round(float(found[m]), 6) for m in order if found[m] > 0}


def _table(
    library: PredictionSet, settings: Blend, fitted: Fitted, honest: list[Floats]
) -> pd.DataFrame:
    names = [library.classes[k] for k in library.truth]
    known = predictions.Known(library.groups.tolist(), names)
    parts = [
        predictions.rows(library.ids, "oof", folds, seed, probs, library.classes, known)
        for folds, seed, probs in zip(library.folds, library.seeds, honest, strict=True)
    ]
    if library.test_ids:
        test = fitted(library.test)[settings.calibrate]
        seed = library.seeds[0]
        parts.append(predictions.rows(library.test_ids, "test", -1, seed, test, library.classes))
    return pd.concat(parts, ignore_index=True)


def summary_lines(metrics: Mapping[str, Any]) -> list[str]:
    """What a person reads after the stage."""
    single = metrics["single"]
    return [
        *method_lines("method", "log loss", metrics["methods"]),
        f"best single model {single['model']}: {single['log_loss']:.4f}",
        f"blend ({metrics['method']}): naive {metrics['naive']['log_loss']:.4f}, "
        f"nested {metrics['nested']['log_loss']:.4f} +- {metrics['nested']['log_loss_se']:.4f}, "
        f"{against_single(metrics)}",
    ]
