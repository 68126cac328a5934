"""Two sides on the same rows: whether they can be paired, and the bootstrap of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.evaluation.metric_terms import ratio, score

CHUNK = 5_000_000  # numbers that a part of the bootstrap holds at once

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """A score less the baseline's, its 95 % interval, and the share of draws that are better."""

    value: float
    low: float
    high: float
    better: float


def misfit(measure: str, mine: pd.DataFrame, base: pd.DataFrame | None) -> str:
    """Why two sides cannot be paired, '' if they can."""
    if base is None:
        return f"not paired: the baseline has no {measure}"
    if not mine.index.equals(base.index):
        common = len(mine.index.intersection(base.index))
        return f"not paired: other ids ({len(mine)}, the baseline {len(base)}, {common} in common)"
    if (other := mine["truth"] != base["truth"]).any():
        return f"not paired: other truths of {int(other.sum())} ids, e.g. {mine.index[other][0]}"
    return ""


def differences(
    frames: Sequence[pd.DataFrame], base: pd.DataFrame, lower: bool, draws: int, seed: int
) -> list[Difference]:
    """The paired bootstrap (Efron 1979) of each of `frames` against `base`.

    Args:
        frames: `by_id` rows with the ids of `base`.
        base: the baseline's; its groups are drawn whole, with replacement.
        lower: whether lower scores are better.
        draws: how many.
        seed: of the drawing.
    """
    every = [base, *frames]
    columns = np.concatenate([one[["over", "under"]].to_numpy() for one in every], axis=1)
    codes, names = pd.factorize(base["group"])
    sums = np.zeros((len(names), columns.shape[1]))
    np.add.at(sums, codes, columns)
    drawn = resampled(sums, draws, seed)
    scores = ratio(drawn[:, 0::2], drawn[:, 1::2])
    found = []
    for k, one in enumerate(frames, start=1):
        off = scores[:, k] - scores[:, 0]
        low, high = np.percentile(off, [2.5, 97.5])
        better = float((off < 0 if lower else off > 0).mean())
        found.append(Difference(score(one) - score(base), float(low), float(high), better))
    return found


def resampled(sums: Floats, draws: int, seed: int) -> Floats:
    """The totals (draws, K) of as many rows of `sums` (N, K), drawn with replacement."""
    n, rng, found = len(sums), np.random.default_rng(seed), []
    step = max(1, CHUNK // n)
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        chosen = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        times = np.bincount(chosen.ravel(), minlength=rows * n).reshape(rows, n)
        found.append(times @ sums)
    return np.concatenate(found)
