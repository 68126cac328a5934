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
_LEAST = -20.0  # log-mass: below it a reader takes no allowed text for possible


@dataclass(frozen=True)
class Chance:
    """Turns log-probabilities of texts into chances of being right.

    Attributes:
        slope: of the logit of a text among those allowed.
        offset: is added.
        mass: of the logarithm of the probability that all allowed texts have together. Where it
            is low, what was read fits no allowed text, and the likeliest one means little.
    """

    slope: float = 1.0
    offset: float = 0.0
    mass: float = 0.0

    def apply(self, log_probs: ArrayLike, log_masses: ArrayLike = 0.0) -> Floats:
        """The chances (N,), from 0 to 1, of log-probabilities (N,) and log-masses (N,)."""
        scores = self.slope * logits_of(log_probs) + self.offset
        return np.asarray(expit(scores + self.mass * np.clip(log_masses, _LEAST, 0)))

    def as_list(self) -> list[float]:
        """The numbers, as an artefact holds them."""
        return [float(number) for number in astuple(self)]


def logits_of(log_probs: ArrayLike) -> Floats:
    """The logits (N,) of probabilities given by their logarithms (N,)."""
    logs = np.minimum(np.asarray(log_probs, dtype=np.float64), -1e-12)
    return np.clip(logs - np.log(-np.expm1(logs)), -4 * _SUREST, _SUREST)


def fit_chance(
    log_probs: ArrayLike, right: ArrayLike, log_masses: ArrayLike | None = None
) -> Chance:
    """The correction that fits held-out texts best.

    A surer text, or one of more mass, never gets a lower chance for it.

    Args:
        log_probs: (N,) of the texts.
        right: (N,) whether they were read right.
        log_masses: (N,) of all allowed texts together; None: not looked at.
    """
    logits, truth = logits_of(log_probs), np.asarray(right, dtype=np.float64)
    columns = [logits, np.ones_like(logits)]
    if log_masses is not None:
        columns.append(np.clip(np.asarray(log_masses, dtype=np.float64), _LEAST, 0))
    features, neutral = np.stack(columns), np.array([1.0, 0.0, 0.0][: len(columns)])

    def loss(numbers: Floats) -> tuple[float, Floats]:
        scores, away = numbers @ features, numbers - neutral
        value = np.sum(np.logaddexp(0, scores) - truth * scores) + _PULL * np.sum(away**2) / 2
        return float(value), features @ (expit(scores) - truth) + _PULL * away

    bounds = [(0, None), (None, None), (0, None)][: len(columns)]
    fitted = minimize(loss, neutral, jac=True, bounds=bounds, options={"ftol": 1e-12})
    return Chance(*map(float, fitted.x))


def honest_chances(
    log_probs: ArrayLike, right: ArrayLike, log_masses: ArrayLike | None = None
) -> Floats:
    """The chances (N,) of held-out texts, each half corrected by what fits the other.

    Halves are drawn by lot, since pictures may differ in turns.

    Args:
        log_probs: (N,) of the texts.
        right: (N,) whether they were read right.
        log_masses: (N,) of all allowed texts together; None: not looked at.
    """
    logs, truth = np.asarray(log_probs, dtype=np.float64), np.asarray(right, dtype=bool)
    masses = None if log_masses is None else np.asarray(log_masses, dtype=np.float64)
    chances = np.empty(len(logs))
    half = np.random.default_rng(0).permutation(len(logs)) % 2 == 1
    for part in (half, ~half):
        if masses is None:
            chances[part] = fit_chance(logs[~part], truth[~part]).apply(logs[part])
        else:
            fitted = fit_chance(logs[~part], truth[~part], masses[~part])
            chances[part] = fitted.apply(logs[part], masses[part])
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
