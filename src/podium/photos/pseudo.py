"""Pseudo-labels: test pictures that a head is sure of join the rows it learns from."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.params import Head
from podium.photos.fusion import FusedHeads, HeadTask, head_probabilities, train_heads


def train_twice(
    task: HeadTask, features: NDArray[np.float32], settings: Head, seed: int, threshold: float
) -> tuple[FusedHeads, pd.DataFrame, NDArray[np.int64]]:
    """Heads of a second round, its learning curve, and how many new rows (M,) joined each head.

    What a head becomes depends on its own rows alone, in both rounds: never on what other heads
    learn from the rows it is scored on.

    Args:
        task: what the heads learn in the first round, N rows.
        features: (N + T, D), those of `task`, then those of T rows of unknown class.
        settings: how heads are trained, in both rounds from the start.
        seed: as for `train_heads`.
        threshold: as for `with_sure_rows`.
    """
    first, _ = train_heads(task, settings, seed, independent=True)
    second = with_sure_rows(task, features, head_probabilities(first, features), threshold)
    heads, curve = train_heads(second, settings, seed, independent=True)
    return heads, curve, second.train[len(task.train) :].sum(0)


def with_sure_rows(
    task: HeadTask, features: NDArray[np.float32], probs: NDArray[np.float64], threshold: float
) -> HeadTask:
    """`task` for a second round: more rows, and for each head those of them it was sure of.

    A head takes the classes it gave itself, so nothing comes to it from rows it must not see. The
    batches hold all of the new rows, whoever learns from them: else their order would depend on
    what the other heads are sure of.

    Args:
        task: what the heads learnt in the first round, N rows.
        features: (N + T, D), those of `task`, then those of T rows of unknown class.
        probs: (N + T, M, K), what each head of the first round says of all of them.
        threshold: a row joins a head that gives its likeliest class at least this probability.
    """
    new = probs[len(task.truth) :]
    sure = new.max(2) >= threshold
    return HeadTask(
        features,
        np.concatenate([task.truth, new.argmax(2)]),
        np.concatenate([task.train, sure]),
        np.concatenate([task.stop, np.zeros_like(sure)]),
        task.n_classes,
        np.concatenate([task.in_batches, np.ones(len(new), dtype=np.bool_)]),
    )
