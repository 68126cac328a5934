"""Calibration of what the artefact predicts, for each kind of target."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.evaluation import calibration

Floats = NDArray[np.float64]


def fit_calibration(kind: str, values: Floats, truth: NDArray[Any]) -> dict[str, float]:
    """Return a calibration as numbers by name.

    Of classes and labels temperature and clip, one pair for all labels; of numbers the straight
    line of least squares.

    Args:
        kind: classes, labels or number.
        values: out-of-fold predictions (N, K).
        truth: of these rows.
    """
    if kind == "classes":
        return calibration.fit(values, truth).as_dict()
    if kind == "labels":
        return calibration.fit(_with_complement(values), truth.ravel()).as_dict()
    centred = values[:, 0] - values[:, 0].mean()
    spread = float(centred @ centred)
    slope = float(centred @ truth) / spread if spread > 0 else 1.0
    return {"slope": slope, "offset": float(truth.mean() - slope * values[:, 0].mean())}


def apply_calibration(kind: str, values: Floats, numbers: dict[str, float]) -> Floats:
    """Return calibrated predictions (N, K) of predictions (N, K).

    Args:
        kind: classes, labels or number.
        values: predictions.
        numbers: as `fit_calibration` gives them; none leave the predictions as they are.
    """
    if not numbers:
        return values
    if kind == "number":
        return values * numbers["slope"] + numbers["offset"]
    calibrator = calibration.Calibration(**numbers)
    if kind == "classes":
        return calibrator.apply(values)
    return calibrator.apply(_with_complement(values))[:, 1].reshape(values.shape)


def _with_complement(probs: Floats) -> Floats:
    """Probabilities (N * L, 2) of no and yes, from those (N, L) of labels."""
    flat = probs.ravel()
    return np.stack([1 - flat, flat], axis=1)
