"""Pseudo-labels: test pictures that a head is confident of join the rows it learns from."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.params import Head
from podium.photos.fusion import FusedHeads, head_values
from podium.photos.head_training import HeadTask, train_heads


def train_twice(
    task: HeadTask, features: NDArray[np.float32], settings: Head, seed: int, threshold: float
) -> tuple[FusedHeads, pd.DataFrame, NDArray[np.int64]]:
    """Return heads of a second round, its learning curve, and the number (M,) of pseudo-labels.

    In both rounds a head depends on its own rows alone, never on what other heads learn from the
    rows it is scored on.

    Args:
        task: the N rows of the first round.
        features: (N + T, D), those of `task`, then those of T rows of unknown class.
        settings: of the training; both rounds start from scratch.
        seed: as for `train_heads`.
        threshold: as for `add_pseudo_labels`.
    """
    first, _ = train_heads(task, settings, seed, independent=True)
    second = add_pseudo_labels(task, features, head_values(first, features), threshold)
    heads, curve = train_heads(second, settings, seed, independent=True)
    return heads, curve, second.train[len(task.train) :].sum(0)


def add_pseudo_labels(
    task: HeadTask, features: NDArray[np.float32], probs: NDArray[np.float64], threshold: float
) -> HeadTask:
    """Return the task of a second round: for each head more rows, those it is confident of.

    Each head learns its own pseudo-labels, so that it gets nothing from rows it must not see. The
    batches hold all new rows, whichever heads learn from them; otherwise their order would depend
    on the other heads.

    Args:
        task: the N rows of the first round.
        features: (N + T, D), those of `task`, then those of T rows of unknown class.
        probs: (N + T, M, K), by the heads of the first round.
        threshold: the probability of the likeliest class from which a row joins a head.
    """
    new = probs[len(task.truth) :]
    confident = new.max(2) >= threshold
    return HeadTask(
        features,
        np.concatenate([task.truth, new.argmax(2)]),
        np.concatenate([task.train, confident]),
        np.concatenate([task.stop, np.zeros_like(confident)]),
        task.n_outputs,
        np.concatenate([task.in_batches, np.ones(len(new), dtype=np.bool_)]),
        widths=task.widths,
    )
