"""Two sides on the same rows: whether they can be paired, and the bootstrap of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from podium.evaluation.intervals import bootstrap, interval
from podium.evaluation.metric_terms import pooled_score, terms_in
from podium.evaluation.scores import Metric


@dataclass(frozen=True)
class Difference:
    """A score less the baseline's, its 95 % interval, and the share of draws that are better."""

    value: float
    low: float
    high: float
    better: float


def why_not_paired(metric: str, rows: pd.DataFrame, baseline: pd.DataFrame | None) -> str:
    """Return why two sides cannot be paired, '' if they can.

    Args:
        metric: its name, for the message.
        rows: `by_id` rows of one side.
        baseline: those of the other; None where it lacks that metric.
    """
    if baseline is None:
        return f"not paired: the baseline has no {metric}"
    if not rows.index.equals(baseline.index):
        common = len(rows.index.intersection(baseline.index))
        return (
            f"not paired: other ids ({len(rows)}, the baseline {len(baseline)}, {common} in common)"
        )
    if (differ := rows["truth"] != baseline["truth"]).any():
        first = rows.index[differ][0]
        return f"not paired: other truths of {int(differ.sum())} ids, e.g. {first}"
    return ""


def differences(
    sides: Sequence[pd.DataFrame], baseline: pd.DataFrame, metric: Metric, draws: int, seed: int
) -> list[Difference]:
    """Return the difference of each of `sides` to `baseline`, all scored on the same draws.

    Args:
        sides: `by_id` rows with the ids of `baseline`.
        baseline: the baseline's rows; its groups are drawn whole, with replacement.
        metric: the score.
        draws: how many.
        seed: of the drawing.
    """
    every = [terms_in(baseline), *map(terms_in, sides)]
    groups = baseline["group"].to_numpy(dtype=str)
    scores = bootstrap(every, groups, draws, seed, metric)
    base = pooled_score(baseline, metric)
    results = []
    for k, rows in enumerate(sides, start=1):
        gaps = scores[:, k] - scores[:, 0]
        _, low, high = interval(gaps)
        better = float(np.mean(gaps < 0 if metric.lower_is_better else gaps > 0))
        results.append(Difference(pooled_score(rows, metric) - base, low, high, better))
    return results
