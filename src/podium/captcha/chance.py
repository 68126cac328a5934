"""The chance that a text was read right: what a reader says, corrected by held-out pictures.

Platt 1999, "Probabilistic outputs for support vector machines": sigmoid(slope * logit(p) + offset).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit

from podium.evaluation.plots import write_figure

Floats = NDArray[np.float64]
BINS = 10
_PULL = 0.1  # towards slope 1 and offset 0, which few pictures do not overcome
_SUREST = 25.0  # logit: 1 in 7e10 is wrong


@dataclass(frozen=True)
class Chance:
    """Turns log-probabilities of texts into chances of being right."""

    slope: float = 1.0
    offset: float = 0.0

    def apply(self, log_probs: ArrayLike) -> Floats:
        """The chances (N,), from 0 to 1, of log-probabilities (N,)."""
        return np.asarray(expit(self.slope * logits_of(log_probs) + self.offset))

    def as_list(self) -> list[float]:
        """The two numbers, as an artefact holds them."""
        return [float(number) for number in astuple(self)]


def logits_of(log_probs: ArrayLike) -> Floats:
    """The logits (N,) of probabilities given by their logarithms (N,)."""
    logs = np.minimum(np.asarray(log_probs, dtype=np.float64), -1e-12)
    return np.clip(logs - np.log(-np.expm1(logs)), -4 * _SUREST, _SUREST)


def fit_chance(log_probs: ArrayLike, right: ArrayLike) -> Chance:
    """The correction that fits held-out texts best.

    Where surer texts are right less often, the share that is right is the chance of every text.

    Args:
        log_probs: (N,) of the texts.
        right: (N,) whether they were read right.
    """
    logits, truth = logits_of(log_probs), np.asarray(right, dtype=np.float64)

    def loss(numbers: Floats) -> float:
        scores = numbers[0] * logits + numbers[1]
        pull = _PULL * ((numbers[0] - 1) ** 2 + numbers[1] ** 2) / 2
        return float(np.sum(np.logaddexp(0, scores) - truth * scores) + pull)

    slope, offset = map(float, minimize(loss, [1.0, 0.0]).x)
    if slope >= 0:
        return Chance(slope, offset)
    return Chance(0.0, float(minimize(lambda level: loss(np.array([0.0, level[0]])), [0.0]).x[0]))


def honest_chances(log_probs: ArrayLike, right: ArrayLike) -> Floats:
    """The chances (N,) of held-out texts, each half corrected by what fits the other."""
    logs, truth = np.asarray(log_probs, dtype=np.float64), np.asarray(right, dtype=bool)
    chances, half = np.empty(len(logs)), np.arange(len(logs)) % 2 == 1
    for part in (half, ~half):
        chances[part] = fit_chance(logs[~part], truth[~part]).apply(logs[part])
    return chances


def table_chances(table: pd.DataFrame) -> Floats:
    """The chances (N,) of being right of the rows of a prediction table of texts.

    Held-out rows are corrected by the half of them that they are not in, the others by all of them.
    """
    held_out = (table["split"].isin(["oof", "holdout"]) & (table["truth"] != "")).to_numpy()
    logs = table["log_prob"].to_numpy(np.float64)
    right = (table["text"] == table["truth"]).to_numpy()
    chances = np.empty(len(table))
    chances[held_out] = honest_chances(logs[held_out], right[held_out])
    chances[~held_out] = fit_chance(logs[held_out], right[held_out]).apply(logs[~held_out])
    return chances


def reliability(chances: Floats, right: Sequence[bool]) -> pd.DataFrame:
    """For up to BINS ranges of N chances: n, the mean chance, and the share that is right.

    Args:
        chances: (N,) from 0 to 1.
        right: (N,) whether the texts were read right.
    """
    place = np.clip((np.asarray(chances) * BINS).astype(int), 0, BINS - 1)
    table = pd.DataFrame({"bin": place, "chance": chances, "right": np.asarray(right, float)})
    grouped = table.groupby("bin")
    return pd.DataFrame(
        {"n": grouped.size(), "chance": grouped.chance.mean(), "right": grouped.right.mean()}
    ).reset_index(drop=True)


def calibration_error(chances: Floats, right: Sequence[bool]) -> float:
    """The expected calibration error: the mean distance of chances (N,) and shares right (N,)."""
    bins = reliability(chances, right)
    gaps = (bins["chance"] - bins["right"]).abs() * bins["n"]
    return float(gaps.sum() / max(bins["n"].sum(), 1))


def chance_summary(chances: Floats, right: Sequence[bool]) -> dict[str, Any]:
    """Mean, share read right and calibration error of the chances (N,) of texts, right (N,)."""
    return {
        "mean": float(np.mean(chances)),
        "right": float(np.mean(np.asarray(right, float))),
        "calibration_error": calibration_error(chances, right),
        "n": len(chances),
    }


def write_reliability_png(path: Path, chances: Floats, right: Sequence[bool]) -> None:
    """Plot the share read right against the chance, with how many texts there are of each.

    Args:
        path: a PNG file.
        chances: (N,) of held-out texts.
        right: (N,) whether they were read right.
    """
    bins = reliability(chances, right)
    figure = Figure(figsize=(4.2, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.8", zorder=0)
    axes.scatter(bins["chance"], bins["right"], s=20 + 200 * bins["n"] / bins["n"].sum())
    for _, row in bins.iterrows():
        place = row["chance"], row["right"]
        axes.annotate(f"{row['n']:.0f}", place, (8, 4), textcoords="offset points", fontsize=7)
    axes.set(xlim=(-0.03, 1.05), ylim=(-0.03, 1.05), xlabel="chance", ylabel="share read right")
    error = calibration_error(chances, right)
    axes.set_title(f"{len(chances)} held-out texts, calibration error {error:.3f}", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    write_figure(path, figure)
