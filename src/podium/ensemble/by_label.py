"""Blends and calibrations of labels, each on its own as two classes; and decisions after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from podium.ensemble.blend import Combine, Fit, Floats
from podium.evaluation import calibration
from podium.evaluation.calibration import Calibrator


def _pair(probs: Floats, k: int) -> Floats:
    """Label k of (..., L) as probabilities (..., 2) of its absence and its presence."""
    return np.stack([1 - probs[..., k], probs[..., k]], axis=-1)


@dataclass(frozen=True)
class EachLabel:
    """A blend for each of L labels."""

    parts: Sequence[Combine]

    def __call__(self, probs: Floats) -> Floats:
        """Return the blend (T, L) of label probabilities (M, T, L)."""
        columns = [combine(_pair(probs, k))[:, 1] for k, combine in enumerate(self.parts)]
        return np.stack(columns, axis=1)


def each_label(fit: Fit) -> Fit:
    """Return the fit that blends each of L labels on its own, as two classes (M, N, 2)."""

    def fit_all(probs: Floats, truth: Floats) -> Combine:
        return EachLabel([fit(_pair(probs, k), truth[:, k]) for k in range(probs.shape[2])])

    return fit_all


@dataclass(frozen=True)
class LabelCalibration:
    """A calibration for each label."""

    parts: Sequence[Calibrator]

    def apply(self, probs: Floats) -> Floats:
        """Return calibrated label probabilities (N, L) of label probabilities (N, L)."""
        columns = [part.apply(_pair(probs, k))[:, 1] for k, part in enumerate(self.parts)]
        return np.stack(columns, axis=1)


def calibrate_each_label(fit: calibration.Fit) -> calibration.Fit:
    """Return the fit that calibrates each of L labels on its own, as two classes (N, 2)."""
    return lambda probs, truth: LabelCalibration(
        [fit(_pair(probs, k), truth[:, k]) for k in range(probs.shape[1])]
    )


@dataclass(frozen=True)
class Decided:
    """A calibration, and the decision after it."""

    calibrator: Calibrator
    decision: Calibrator

    def apply(self, probs: Floats) -> Floats:
        """Return 1 where a class or label is chosen, else 0, of probabilities (N, K)."""
        return self.decision.apply(self.calibrator.apply(probs))


def decided_after(calibrate: calibration.Fit, decide: calibration.Fit) -> calibration.Fit:
    """Return the fit of a calibration, and of the decision on what it makes of the rows (N, K)."""

    def fit(probs: Floats, truth: Any) -> Calibrator:
        calibrator = calibrate(probs, truth)
        return Decided(calibrator, decide(calibrator.apply(probs), truth))

    return fit
