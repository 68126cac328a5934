"""Which ways to blend and to calibrate there are for each kind of prediction table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from podium.core.errors import SettingsError
from podium.core.params import Blend, BlendMethod
from podium.ensemble import blend, stacking
from podium.ensemble.blend import Fit
from podium.ensemble.by_label import calibrate_each_label, decided_after, each_label
from podium.ensemble.losses import choice_loss, log_loss, loss_of
from podium.ensemble.nested import Step
from podium.evaluation import calibration, decisions
from podium.evaluation.scores import LOG_LOSS, Metric

NUMBER_METHODS = ("single", "mean", "weighted", "caruana", "ridge")
METHODS: Mapping[str, tuple[str, ...]] = {
    "classes": get_args(BlendMethod),
    "labels": get_args(BlendMethod),
    "number": NUMBER_METHODS,
}


DECIDED = "decided"  # the calibration that is set, and then the decision that the metric scores


def methods(settings: Blend, kind: str = "classes", metric: Metric = LOG_LOSS) -> dict[str, Fit]:
    """Return every way to blend predictions (M, N, K) of a kind, by name.

    Args:
        settings: of the blend.
        kind: classes, labels or number.
        metric: of the competition.
    """
    shared = _by_metric(settings, kind, metric)
    if kind == "number":
        return shared | {"ridge": stacking.number_ridge(settings.ridge_alpha)}
    every = {
        "single": shared["single"],
        "mean": shared["mean"],
        "geometric": blend.geometric,
        "rank": blend.rank,
        "weighted": shared["weighted"],
        "caruana": shared["caruana"],
        "logistic": stacking.logistic(settings.logistic_c),
        "ridge": stacking.ridge(settings.ridge_alpha),
    }
    if settings.per_class:  # a class or label against the rest is scored by log loss
        caruana = _caruana(settings, LOG_LOSS)
        every |= {"weighted": blend.weighted, "caruana": caruana}
        if kind == "classes":
            every |= {name: blend.per_class(every[name]) for name in ("weighted", "caruana")}
    if kind == "labels":
        alike = ("single", "mean", *(() if settings.per_class else ("weighted", "caruana")))
        every |= {name: each_label(fit) for name, fit in every.items() if name not in alike}
    return every


def _by_metric(settings: Blend, kind: str, metric: Metric) -> dict[str, Fit]:
    fitted_by = metric.weights_by or metric
    loss = loss_of(fitted_by)
    if loss is log_loss:
        weighted: Fit = blend.weighted
    else:
        weighted = (blend.weighted_by_steps if fitted_by.by_rank else blend.weighted_by)(loss)
    return {
        "single": blend.single(choice_loss(metric, kind)),
        "mean": blend.mean,
        "weighted": weighted,
        "caruana": _caruana(settings, fitted_by),
    }


def _caruana(settings: Blend, metric: Metric) -> Fit:
    bags = settings.bags, settings.bag_share, settings.seed
    return blend.caruana(settings.picks, *bags, loss_of(metric))


def calibrations(
    settings: Blend, kind: str = "classes", metric: Metric = LOG_LOSS
) -> dict[str, calibration.Fit]:
    """Return every way to calibrate predictions (N, K) of a kind, by name.

    Numbers are held within the range of the true ones. A metric that needs decisions adds DECIDED.

    Args:
        settings: of the blend.
        kind: classes, labels or number.
        metric: of the competition.
    """
    if kind == "number":
        return {"none": calibration.fit_range}
    fits: dict[str, calibration.Fit] = {
        "none": calibration.unfitted,
        "clip": calibration.fixed_clip(settings.clip),
        "temperature": calibration.fit,
        "isotonic": calibration.fit_isotonic,
    }
    if kind == "labels":
        fits = {name: calibrate_each_label(fit) for name, fit in fits.items()}
    decide = decisions.fit_of(metric, kind)
    return fits | ({DECIDED: decided_after(fits[settings.calibrate], decide)} if decide else {})


def calibration_of(settings: Blend, kind: str) -> str:
    """Return the name of the calibration that is applied: none to numbers, which have none."""
    return "none" if kind == "number" else settings.calibrate


def step_of(settings: Blend, kind: str = "classes", metric: Metric = LOG_LOSS) -> Step:
    """Return the step that `settings` describe.

    Args:
        settings: of the blend.
        kind: classes, labels or number.
        metric: of the competition.

    Raises:
        SettingsError: the method is for predictions of another kind.
    """
    every = methods(settings, kind, metric)
    names = offered(settings, kind) if settings.method == "best" else [settings.method]
    if names[0] not in METHODS[kind]:
        raise SettingsError(
            f"blend method {names[0]}: it is for probabilities, the tables hold numbers\n"
            f"remedy: choose among {', '.join(METHODS[kind])}"
        )
    tried = {name: every[name] for name in names}
    return Step(tried, calibrations(settings, kind, metric), choice_loss(metric, kind))


def offered(settings: Blend, kind: str) -> list[str]:
    """Return the methods to try, those of `settings` that a kind has; if none, all it has."""
    kept: list[str] = [name for name in settings.methods if name in METHODS[kind]]
    return kept or list(METHODS[kind])
