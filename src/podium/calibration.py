"""Calibration: a temperature and a clip, fitted on out-of-fold rows and scored on rows unseen."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from podium.metrics import TINY, scores

Floats = NDArray[np.float64]
INVENTED_MISTAKES = 0.1


@dataclass(frozen=True)
class Calibration:
    """p -> p ** (1 / temperature), normalised, then no closer than `clip` to 0 and 1."""

    temperature: float = 1.0
    clip: float = 0.0

    def apply(self, probs: Floats) -> Floats:
        """Calibrated probabilities (N, K) of probabilities (N, K)."""
        logs = np.log(np.clip(probs, TINY, 1)) / self.temperature
        sharp = np.exp(logs - logs.max(1, keepdims=True))
        return clipped(sharp / sharp.sum(1, keepdims=True), self.clip)

    def as_dict(self) -> dict[str, float]:
        """The two numbers by name."""
        return asdict(self)


def clipped(probs: Floats, clip: float) -> Floats:
    """Rows (N, K) mixed with the uniform row until none is below `clip`, still summing to 1.

    For two classes this is the clip to [clip, 1 - clip] of rows beyond it.
    """
    n_classes = probs.shape[1]
    lowest = probs.min(1, keepdims=True)
    lacking = np.maximum(clip - lowest, 0)
    share = lacking / np.maximum(1 / n_classes - lowest, TINY)
    return probs + np.minimum(share, 1) * (1 / n_classes - probs)


def fit(probs: Floats, truth: NDArray[np.int64]) -> Calibration:
    """The temperature, then the clip, of lowest log loss on rows (N, K) with classes (N,).

    Targets are smoothed in the manner of Platt (1999), who invents one mistake among n rows; here
    it is a tenth of one: enough that a model without a mistake on n rows is not made certain.
    On 600 real photographs a whole one cost a fifth of the log loss, a tenth cost nothing.
    """
    doubt = INVENTED_MISTAKES / (len(truth) + 2)
    wanted = np.full(probs.shape, doubt / (probs.shape[1] - 1))
    wanted[np.arange(len(truth)), truth] = 1 - doubt

    def loss(calibration: Calibration) -> float:
        logs = np.log(np.clip(calibration.apply(probs), TINY, 1))
        return float(-(wanted * logs).sum(1).mean())

    found = minimize_scalar(
        lambda log_t: loss(Calibration(float(np.exp(log_t)))), bounds=(-2.3, 2.3), method="bounded"
    )
    temperature = float(np.exp(found.x))
    highest = min(0.1, 0.5 / probs.shape[1])
    clips = np.geomspace(min(doubt, highest), highest, 50)
    best = min(clips, key=lambda clip: loss(Calibration(temperature, float(clip))))
    return Calibration(round(temperature, 6), round(float(best), 6))


def cross_fitted(probs: Floats, truth: NDArray[np.int64], folds: NDArray[np.int64]) -> Floats:
    """Probabilities (N, K), those of each fold calibrated by a fit on the other folds' rows."""
    out = np.empty_like(probs)
    for fold in np.unique(folds):
        inside = folds == fold
        out[inside] = fit(probs[~inside], truth[~inside]).apply(probs[inside])
    return out


def ladder(
    probs: Floats, truth: NDArray[np.int64], folds: NDArray[np.int64], book_clip: float
) -> dict[str, dict[str, float]]:
    """Scores before, with the book's fixed clip, and calibrated on rows the fit never saw."""
    return {
        "uncalibrated": scores(probs, truth),
        "book_clip": scores(clipped(probs, book_clip), truth),
        "calibrated": scores(cross_fitted(probs, truth, folds), truth),
    }
