"""Calibration, fitted on out-of-fold rows: a temperature and a clip, or an isotonic curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from podium.evaluation.metrics import TINY

Floats = NDArray[np.float64]


class Calibrator(Protocol):
    """Turns probabilities into others that say how often they are right."""

    def apply(self, probs: Floats) -> Floats:
        """Return calibrated probabilities (N, K) of probabilities (N, K)."""


Fit = Callable[[Floats, NDArray[np.int64]], Calibrator]
INVENTED_MISTAKES = 0.1


@dataclass(frozen=True)
class Calibration:
    """p -> p ** (1 / temperature), normalised, then no closer than `clip` to 0 and 1."""

    temperature: float = 1.0
    clip: float = 0.0

    def apply(self, probs: Floats) -> Floats:
        """Return calibrated probabilities (N, K) of probabilities (N, K)."""
        logs = np.log(np.clip(probs, TINY, 1)) / self.temperature
        sharp = np.exp(logs - logs.max(1, keepdims=True))
        return clipped(sharp / sharp.sum(1, keepdims=True), self.clip)

    def as_dict(self) -> dict[str, float]:
        """Return the two numbers by name."""
        return asdict(self)


def clipped(probs: Floats, clip: float) -> Floats:
    """Return rows (N, K) mixed with the uniform row until nothing is below `clip`.

    They still sum to 1. For two classes this is the clip to [clip, 1 - clip] of rows beyond it.
    """
    n_classes = probs.shape[1]
    lowest = probs.min(1, keepdims=True)
    lacking = np.maximum(clip - lowest, 0)
    share = lacking / np.maximum(1 / n_classes - lowest, TINY)
    return probs + np.minimum(share, 1) * (1 / n_classes - probs)


def fit(probs: Floats, truth: NDArray[np.int64]) -> Calibration:
    """Return the temperature, then the clip, of lowest log loss on rows (N, K), classes (N,).

    Targets are smoothed in the manner of Platt (1999), who invents one mistake among n rows; here
    it is a tenth of one: enough that a model without a mistake on n rows is not made certain.
    On 600 real photographs a whole one cost a fifth of the log loss, a tenth cost nothing.
    """
    from scipy.optimize import minimize_scalar

    doubt = INVENTED_MISTAKES / (len(truth) + 2)
    targets = np.full(probs.shape, doubt / (probs.shape[1] - 1))
    targets[np.arange(len(truth)), truth] = 1 - doubt

    def loss(calibration: Calibration) -> float:
        logs = np.log(np.clip(calibration.apply(probs), TINY, 1))
        return float(-(targets * logs).sum(1).mean())

    result = minimize_scalar(
        lambda log_t: loss(Calibration(float(np.exp(log_t)))), bounds=(-2.3, 2.3), method="bounded"
    )
    temperature = float(np.exp(result.x))
    highest = min(0.1, 0.5 / probs.shape[1])
    clips = np.geomspace(min(doubt, highest), highest, 50)
    best = min(clips, key=lambda clip: loss(Calibration(temperature, float(clip))))
    return Calibration(round(temperature, 6), round(float(best), 6))


@dataclass(frozen=True)
class Isotonic:
    """A rising step-wise line per class against the rest, then rows normalised and clipped."""

    lines: list[tuple[Floats, Floats]]
    clip: float

    def apply(self, probs: Floats) -> Floats:
        """Return calibrated probabilities (N, K) of probabilities (N, K)."""
        columns = [np.interp(probs[:, k], x, y) for k, (x, y) in enumerate(self.lines)]
        raised = np.stack(columns, axis=1) + TINY
        return clipped(raised / raised.sum(1, keepdims=True), self.clip)


def fit_isotonic(probs: Floats, truth: NDArray[np.int64]) -> Isotonic:
    """Return isotonic regression of each class on probs (N, K) and class indices (N,).

    It is no more certain than one row in twice as many allows.

    A line of steps reaches 0 and 1 wherever the rows beyond are all of one kind; log loss would
    never forgive the first exception.
    """
    from sklearn.isotonic import IsotonicRegression

    lines = []
    for k in range(probs.shape[1]):
        line = IsotonicRegression(out_of_bounds="clip").fit(probs[:, k], truth == k)
        lines.append((line.X_thresholds_, line.y_thresholds_))
    return Isotonic(lines, 0.5 / (len(truth) + 1))


@dataclass(frozen=True)
class Range:
    """Numbers no lower and no higher than the true ones of the rows fitted on."""

    low: float
    high: float

    def apply(self, values: Floats) -> Floats:
        """Return numbers (N, 1), clipped, of numbers (N, 1)."""
        return np.clip(values, self.low, self.high)


def fit_range(values: Floats, truth: NDArray[Any]) -> Range:
    """Return the range of the true numbers (N,), whatever the predicted ones (N, 1)."""
    return Range(float(truth.min()), float(truth.max()))


def unfitted(probs: Floats, truth: NDArray[np.int64]) -> Calibration:
    """Return no calibration: probs (N, K) stay as they are, but for rounding."""
    return Calibration()


def fixed_clip(clip: float) -> Fit:
    """Return the fit of a clip of probabilities (N, K) that is set beforehand, as the book's."""
    return lambda probs, truth: Calibration(clip=clip)
