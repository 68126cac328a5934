"""Columns beside the pictures as features, encoded inside the folds."""

from __future__ import annotations

import numpy as np

from podium.photos.column_codes import Code, codes_of, encode
from podium.photos.crossval import Features, Split, TrainRows


def encoded(data: TrainRows, split: Split) -> Features:
    """Return the columns (N + T, E) as numbers, by what the split's train rows say of them.

    Args:
        data: the rows, with columns.
        split: whose held-out rows have no say.
    """
    assert data.columns is not None
    return encode(data.columns, codes_of_split(data, split))


def codes_of_split(data: TrainRows, split: Split) -> list[Code]:
    """Return how columns become numbers, by the train rows of a split."""
    assert data.columns is not None
    return codes_of(data.columns, np.flatnonzero(~split.held_out))
