"""Heads of all splits: trained together, or one by one with columns beside the pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from podium.core.mapped_rows import empty_rows
from podium.core.params import Head
from podium.photos.column_codes import Code, encode
from podium.photos.columns import codes_of_split
from podium.photos.crossval import Features, Floats, TrainRows
from podium.photos.fusion import FusedHeads, head_values
from podium.photos.head_training import HeadTask, train_heads


def head_task(
    features: Features, data: TrainRows, settings: Head, widths: tuple[int, ...] = ()
) -> HeadTask:
    """Return the rows that one head per split is trained on.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        settings: of the training.
        widths: features of each extractor; none: all are of one.
    """
    train = np.stack([split.train for split in data.splits], axis=1)
    stop = np.stack([split.stop for split in data.splits], axis=1)
    if not settings.patience:  # never stopped early: nothing needs to be kept back
        train, stop = train | stop, np.zeros_like(stop)
    truth = np.repeat(data.truth[:, None], len(data.splits), axis=1)
    kind = data.kind.name
    learnt = features[: len(data.ids)]
    return HeadTask(learnt, truth, train, stop, len(data.names), kind=kind, widths=widths)


def fit_heads(
    features: Features, data: TrainRows, settings: Head, seed: int, widths: tuple[int, ...] = ()
) -> tuple[FusedHeads, pd.DataFrame]:
    """Train one head per split and return the heads and their learning curve.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        settings: of the training.
        seed: of order and dropout.
        widths: features of each extractor; none: all are of one.
    """
    return train_heads(head_task(features, data, settings, widths), settings, seed)


@dataclass(frozen=True)
class HeadsWithColumns:
    """Heads that see columns beside the pictures, one for each split.

    Attributes:
        values: (N + T, M, K), what they predict.
        curve: how they learnt.
        layers: the heads, one in each.
        codes: how the columns become numbers, for each head.
    """

    values: Floats
    curve: pd.DataFrame
    layers: list[FusedHeads]
    codes: list[list[Code]]


def fit_with_columns(
    features: Features, data: TrainRows, settings: Head, seed: int, widths: tuple[int, ...] = ()
) -> HeadsWithColumns:
    """Return heads that see the columns too.

    Each head is trained alone, because each has an encoding of its own.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits, with columns.
        settings: of the training.
        seed: of order and dropout.
        widths: features of each extractor; none: all are of one.
    """
    assert data.columns is not None
    whole = head_task(features, data, settings, widths)
    values, curves, layers, codes = [], [], [], []
    for number, split in enumerate(data.splits):
        codes.append(codes_of_split(data, split))
        beside = encode(data.columns, codes[-1])
        both = empty_rows(len(features), features.shape[1] + beside.shape[1])
        np.concatenate([features, beside], axis=1, out=both)
        own = slice(number, number + 1)
        task = HeadTask(
            both[: len(data.ids)], whole.truth[:, own], whole.train[:, own], whole.stop[:, own],
            whole.n_outputs, whole.in_batches, whole.kind, beside.shape[1], widths,
        )  # fmt: skip
        layer, curve = train_heads(task, settings, seed)
        values.append(head_values(layer, both)[:, 0])
        curves.append(curve)
        layers.append(layer)
    curve = pd.concat(curves).groupby("epoch", as_index=False).mean()
    return HeadsWithColumns(np.stack(values, axis=1), curve, layers, codes)
