"""Columns beside the pictures as features, encoded inside the folds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.photos.crossval import Features, Split, TrainRows

UNKNOWN = ("", "na", "nan", "n/a", "null", "none")  # cells among numbers, in small letters
MAX_CATEGORIES = 50  # of one column; rarer ones count as unknown


def encoded(data: TrainRows, split: Split) -> Features:
    """Return the columns (N + T, E) as numbers, by what the split's train rows say of them.

    A column of numbers is standardised, 0 where unknown, and has a second one that is 1 where it
    is unknown. Any other has one for each category that a train row has, 1 where it applies.

    Args:
        data: the rows, with columns.
        split: whose held-out rows have no say.
    """
    assert data.columns is not None
    train = np.flatnonzero(~split.held_out)
    parts = [_encoded(data.columns[name], train) for name in data.columns]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _encoded(cells: pd.Series, train: NDArray[np.int64]) -> NDArray[np.float64]:
    """One column (N, E); `train` (n,) are the rows that say what its values are."""
    unknown = cells.str.strip().str.lower().isin(UNKNOWN).to_numpy()
    numbers = pd.to_numeric(cells.where(~unknown), errors="coerce").to_numpy(dtype=np.float64)
    learnt = numbers[train][~unknown[train]]
    if len(learnt) and np.isfinite(learnt).all():
        values = (numbers - learnt.mean()) / (learnt.std() or 1.0)
        return np.stack([np.nan_to_num(values, posinf=0, neginf=0), ~np.isfinite(values)], axis=1)
    categories = cells.iloc[train].value_counts().index[:MAX_CATEGORIES]
    return (cells.to_numpy()[:, None] == np.array(sorted(categories))[None]).astype(np.float64)
