"""What the held-out rows of a blend show: calibration, confusions, the most confident mistakes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.captcha.chance import honest_chances, reliability
from podium.evaluation.table_kinds import DECISION, kind_of

Floats = NDArray[np.float64]
MISTAKES = 12  # that the page shows


@dataclass(frozen=True)
class Mistake:
    """A row that was predicted wrong, or a number that is far off.

    Attributes:
        id: of the row.
        true: in words.
        said: in words.
        sure: the probability of what was said; None of numbers.
    """

    id: str
    true: str
    said: str
    sure: float | None


def decisions(table: pd.DataFrame) -> tuple[list[str], Floats]:
    """Return what each of N rows says, as text, and its probability (N,); NaN for numbers."""
    kind = kind_of(table)
    if kind.name == "text":
        said = kind.values(table)
        right = [a == b for a, b in zip(said, table["truth"], strict=True)]
        return said, honest_chances(table["log_prob"].tolist(), right)
    values = kind.values(table)
    if kind.name == "number":
        return [f"{value:.4g}" for value in values[:, 0]], np.full(len(table), np.nan)
    if kind.name == "labels":
        said = table[DECISION].tolist() if DECISION in table else kind.truth_cells(values >= 0.5)
        return said, np.where(values >= 0.5, values, 1 - values).min(1)
    names = list(kind.names)
    said = table[DECISION].tolist() if DECISION in table else [names[k] for k in values.argmax(1)]
    return said, values[np.arange(len(values)), [names.index(name) for name in said]]


def mistakes(table: pd.DataFrame, most: int) -> tuple[int, list[Mistake]]:
    """Return how many rows are wrong, and the most confident of them (of numbers the farthest).

    Args:
        table: held-out rows of one kind.
        most: are returned.
    """
    said, sure = decisions(table)
    truth = table["truth"].tolist()
    if kind_of(table).name == "number":
        far = np.abs(table["y"].to_numpy(np.float64) - table["truth"].astype(float).to_numpy())
        farthest = np.argsort(-far, kind="stable")[:most]
        own = [Mistake(table["id"].iloc[k], truth[k], said[k], None) for k in farthest]
        return len(table), own
    wrong = [k for k in range(len(table)) if _differ(said[k], truth[k])]
    rows = sorted(wrong, key=lambda k: (-sure[k], k))[:most]
    own = [Mistake(table["id"].iloc[k], truth[k], said[k], float(sure[k])) for k in rows]
    return len(wrong), own


def _differ(said: str, truth: str) -> bool:
    return set(said.split(";")) != set(truth.split(";")) if ";" in truth + said else said != truth


def calibration(table: pd.DataFrame) -> pd.DataFrame:
    """Return confidence, right (a share) and rows of ten bins of equal width that have rows.

    Of labels each label of each row counts.
    """
    kind = kind_of(table)
    if kind.name == "labels":
        values, truth = kind.values(table).ravel(), kind.truth(table).ravel()
        sure, right = np.maximum(values, 1 - values), (values >= 0.5) == (truth == 1)
    else:
        said, sure = decisions(table)
        right = np.array([not _differ(*pair) for pair in zip(said, table["truth"], strict=True)])
    bins = reliability(sure, right.tolist()).rename(columns={"chance": "confidence", "n": "rows"})
    return bins[["confidence", "right", "rows"]]


def confusion(table: pd.DataFrame) -> pd.DataFrame:
    """Return how often each class (rows, true) is taken for each (columns), as counts (K, K)."""
    names = list(kind_of(table).names)
    said, _ = decisions(table)
    counts = pd.crosstab(table["truth"].to_numpy(), np.array(said))
    return counts.reindex(index=names, columns=names, fill_value=0)


def commonest(pairs: pd.DataFrame, most: int) -> list[tuple[str, str, int]]:
    """Return the commonest (actual, predicted, times) that differ.

    Args:
        pairs: rows of actual and predicted.
        most: are returned.
    """
    wrong = pairs[pairs["actual"] != pairs["predicted"]]
    counts = wrong.value_counts(["actual", "predicted"]).reset_index(name="times")
    order = counts.sort_values(["times", "actual", "predicted"], ascending=[False, True, True])
    rows = order.head(most).itertuples(index=False)
    return [(str(true), str(said), int(times)) for true, said, times in rows]
