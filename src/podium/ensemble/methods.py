"""Which ways to blend and to calibrate there are for each kind of prediction table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np

from podium.core.errors import SettingsError
from podium.core.params import Blend, BlendMethod
from podium.ensemble import blend, stacking
from podium.ensemble.blend import Combine, Fit, Floats, Loss, log_loss
from podium.ensemble.nested import Step
from podium.evaluation import calibration
from podium.evaluation.calibration import Calibrator

NUMBER_METHODS = ("single", "mean", "weighted", "caruana", "ridge")
METHODS: Mapping[str, tuple[str, ...]] = {
    "classes": get_args(BlendMethod),
    "labels": get_args(BlendMethod),
    "number": NUMBER_METHODS,
}


def methods(settings: Blend, kind: str = "classes", loss: Loss = log_loss) -> dict[str, Fit]:
    """Return every way to blend predictions (M, N, K) of a kind, by name.

    Args:
        settings: of the blend.
        kind: classes, labels or number.
        loss: of the competition's metric.
    """
    if kind == "number":
        return _by_loss(settings, loss) | {"ridge": stacking.number_ridge(settings.ridge_alpha)}
    if kind == "labels":
        pairs = {name: each_label(fit) for name, fit in _of_classes(settings, log_loss).items()}
        shared = {} if settings.per_class else _by_loss(settings, loss)
        return pairs | {"single": blend.single(loss), "mean": blend.mean} | shared
    return _of_classes(settings, loss)


def _by_loss(settings: Blend, loss: Loss) -> dict[str, Fit]:
    return {
        "single": blend.single(loss),
        "mean": blend.mean,
        "weighted": blend.weighted_by(loss),
        "caruana": blend.caruana(
            settings.picks, settings.bags, settings.bag_share, settings.seed, loss
        ),
    }


def _of_classes(settings: Blend, loss: Loss) -> dict[str, Fit]:
    weighted = blend.weighted if loss is log_loss else blend.weighted_by(loss)
    weights = _by_loss(settings, loss) | {"weighted": weighted}
    if settings.per_class:  # a class against the rest is scored by log loss
        bags = settings.bags, settings.bag_share, settings.seed
        weights |= {
            "weighted": blend.per_class(blend.weighted),
            "caruana": blend.per_class(blend.caruana(settings.picks, *bags)),
        }
    return {
        "single": weights["single"],
        "mean": weights["mean"],
        "geometric": blend.geometric,
        "rank": blend.rank,
        "weighted": weights["weighted"],
        "caruana": weights["caruana"],
        "logistic": stacking.logistic(settings.logistic_c),
        "ridge": stacking.ridge(settings.ridge_alpha),
    }


def calibrations(settings: Blend, kind: str = "classes") -> dict[str, calibration.Fit]:
    """Return every way to calibrate predictions (N, K) of a kind, by name.

    Args:
        settings: of the blend.
        kind: classes, labels or number.
    """
    if kind == "number":
        return {"none": lambda values, truth: Unchanged()}
    of_classes: dict[str, calibration.Fit] = {
        "none": calibration.unfitted,
        "clip": calibration.fixed_clip(settings.clip),
        "temperature": calibration.fit,
        "isotonic": calibration.fit_isotonic,
    }
    if kind == "labels":
        return {name: calibrate_each_label(fit) for name, fit in of_classes.items()}
    return of_classes


def step_of(settings: Blend, kind: str = "classes", loss: Loss = log_loss) -> Step:
    """Return the step that `settings` describe.

    Args:
        settings: of the blend.
        kind: classes, labels or number.
        loss: of the competition's metric.

    Raises:
        SettingsError: a method or a calibration is for predictions of another kind.
    """
    refuse_unoffered(settings, kind)
    every = methods(settings, kind, loss)
    names = settings.methods if settings.method == "best" else [settings.method]
    return Step({name: every[name] for name in names}, calibrations(settings, kind), loss)


def refuse_unoffered(settings: Blend, kind: str) -> None:
    """Raise a SettingsError if `settings` name a method or calibration that a kind has not."""
    offered = METHODS[kind]
    for name in dict.fromkeys([*settings.methods, settings.method]):
        if name not in ("best", *offered):
            raise SettingsError(
                f"blend method {name}: it is for probabilities, the tables hold numbers\n"
                f"remedy: choose among {', '.join(offered)}"
            )
    if kind == "number" and (settings.calibrate != "none" or settings.per_class):
        raise SettingsError(
            "blend: numbers are not calibrated and have no classes\n"
            "remedy: calibrate: none, per_class: false"
        )


@dataclass(frozen=True)
class Unchanged:
    """The calibration of numbers: none."""

    def apply(self, probs: Floats) -> Floats:
        """Return the values (N, K) as they are."""
        return probs


def _pair(probs: Floats, k: int) -> Floats:
    """Label k of (..., L) as probabilities (..., 2) of its absence and its presence."""
    return np.stack([1 - probs[..., k], probs[..., k]], axis=-1)


def each_label(fit: Fit) -> Fit:
    """Return the fit that blends each of L labels on its own, as two classes (M, N, 2)."""

    def fit_all(probs: Floats, truth: Floats) -> Combine:
        parts = [fit(_pair(probs, k), truth[:, k]) for k in range(probs.shape[2])]
        return lambda others: np.stack(
            [combine(_pair(others, k))[:, 1] for k, combine in enumerate(parts)], axis=1
        )

    return fit_all


@dataclass(frozen=True)
class LabelCalibration:
    """A calibration for each label."""

    parts: list[Calibrator]

    def apply(self, probs: Floats) -> Floats:
        """Return calibrated label probabilities (N, L) of label probabilities (N, L)."""
        columns = [part.apply(_pair(probs, k))[:, 1] for k, part in enumerate(self.parts)]
        return np.stack(columns, axis=1)


def calibrate_each_label(fit: calibration.Fit) -> calibration.Fit:
    """Return the fit that calibrates each of L labels on its own, as two classes (N, 2)."""
    return lambda probs, truth: LabelCalibration(
        [fit(_pair(probs, k), truth[:, k]) for k in range(probs.shape[1])]
    )
