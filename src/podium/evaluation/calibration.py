"""Calibration, fitted on out-of-fold rows: a temperature and a clip, or an isotonic curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.isotonic import IsotonicRegression

from podium.evaluation.metrics import TINY

Floats = NDArray[np.float64]


class Calibrator(Protocol):
    """What turns probabilities into others that say how often they are right."""

    def apply(self, probs: Floats) -> Floats:
        """Calibrated probabilities (N, K) of probabilities (N, K)."""


Fit = Callable[[Floats, NDArray[np.int64]], Calibrator]
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


@dataclass(frozen=True)
class Isotonic:
    """A rising step-wise line per class against the rest, then rows normalised and clipped."""

    lines: list[tuple[Floats, Floats]]
    clip: float

    def apply(self, probs: Floats) -> Floats:
        """Calibrated probabilities (N, K) of probabilities (N, K)."""
        columns = [np.interp(probs[:, k], x, y) for k, (x, y) in enumerate(self.lines)]
        raised = np.stack(columns, axis=1) + TINY
        return clipped(raised / raised.sum(1, keepdims=True), self.clip)


def fit_isotonic(probs: Floats, truth: NDArray[np.int64]) -> Isotonic:
    """Isotonic regression of each class, no more certain than one row in twice as many allows.

    A line of steps reaches 0 and 1 wherever the rows beyond are all of one kind; log loss would
    never forgive the first exception.
    """
    lines = []
    for k in range(probs.shape[1]):
        found = IsotonicRegression(out_of_bounds="clip").fit(probs[:, k], truth == k)
        lines.append((found.X_thresholds_, found.y_thresholds_))
    return Isotonic(lines, 0.5 / (len(truth) + 1))


def unfitted(probs: Floats, truth: NDArray[np.int64]) -> Calibration:
    """No calibration at all."""
    return Calibration()


def fixed_clip(clip: float) -> Fit:
    """Nothing but a clip that is known beforehand, as the book has it."""
    return lambda probs, truth: Calibration(clip=clip)
