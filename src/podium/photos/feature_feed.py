"""Features as heads take them: some rows at a time, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core import mapped_rows
from podium.training.runtime import GPUS, tf

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
AT_ONCE = 2048  # rows whose moments are taken at once
ON_GPU = 1 << 32  # bytes of features that a GPU holds


class Gatherer:
    """Gives features (B, D) of row numbers (B,), in a graph.

    Few features are held by TensorFlow, which takes three times their memory; of more, each batch
    is read from where they lie.

    Args:
        features: (N, D).
    """

    def __init__(self, features: Features) -> None:
        few = features.nbytes <= (ON_GPU if GPUS else mapped_rows.IN_MEMORY)
        self._shape = None, features.shape[1]
        self._held = tf.constant(features) if few else None
        self._read = None if few else features

    def __call__(self, rows: Any) -> Any:
        """Return the rows."""
        if self._held is not None:
            return tf.gather(self._held, rows)
        return tf.ensure_shape(tf.numpy_function(self._rows, [rows], tf.float32), self._shape)

    def _rows(self, rows: NDArray[np.int64]) -> Features:
        assert self._read is not None
        return self._read[rows]

    def let_go(self) -> None:
        """Forget the features: graphs outlive their training, and hold what they read from."""
        self._held = self._read = None


def moments(features: Features, chosen: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation (D,) of the chosen rows.

    Rows are added up in float64 one after the other, so that the sums do not depend on how many
    are taken at once.

    Args:
        features: (N, D).
        chosen: rows (N,).
    """
    rows = np.flatnonzero(chosen)

    def mean_of(change: Callable[[Floats], Floats]) -> Floats:
        total = np.zeros(features.shape[1])
        for start in range(0, len(rows), AT_ONCE):
            part = change(features[rows[start : start + AT_ONCE]].astype(np.float64))
            part[0] += total
            total = part.sum(0)
        return total / len(rows)

    mean = mean_of(lambda part: part)
    return mean, np.sqrt(mean_of(lambda part: (part - mean) ** 2))
