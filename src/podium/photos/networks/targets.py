"""What a network learns from each row, and what its outputs say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.params import PhotoNetwork
from podium.models.losses import class_weights
from podium.photos.crossval import Floats, TrainRows

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Targets:
    """The targets of one network, as `PictureLoss` takes them.

    Attributes:
        rows: (N, C) float32; those of rows that the network does not learn from mean nothing.
        mean: of the numbers that it learns from; 0 of classes and labels.
        scale: their deviation; 1 of classes and labels.
    """

    rows: NDArray[np.float32]
    mean: float = 0.0
    scale: float = 1.0


def targets_of(data: TrainRows, learnt: Rows, settings: PhotoNetwork, ordered: bool) -> Targets:
    """Return the targets of a network that learns from the rows `learnt` (n,).

    Args:
        data: the train rows.
        learnt: row numbers; weights, mean and deviation are theirs.
        settings: label smoothing and class weights.
        ordered: whether the classes are grades: smoothing goes to the neighbours only.
    """
    truth, smooth = data.truth, settings.label_smoothing
    if data.kind.name == "number":
        mean, scale = float(truth[learnt].mean()), float(truth[learnt].std()) or 1.0
        return Targets(((truth - mean) / scale)[:, None].astype(np.float32), mean, scale)
    if data.kind.name == "classes":
        shares = _smoothed(len(data.names), smooth, ordered)[truth]
        weights = class_weights(truth[learnt], len(data.names), settings.class_weight)
        return Targets(shares * weights[truth][:, None])
    yes = (truth * (1 - smooth) + smooth / 2).astype(np.float32)
    each = [class_weights(column[learnt], 2, settings.class_weight) for column in truth.T]
    weights = np.stack([w[column] for w, column in zip(each, truth.T, strict=True)], axis=1)
    return Targets(np.concatenate([yes * weights, (1 - yes) * weights], axis=1))


def _smoothed(n_classes: int, share: float, ordered: bool) -> NDArray[np.float32]:
    """What a row of each class is worth (K, K): `share` goes to all alike, or to the neighbours."""
    one = np.eye(n_classes)
    if not ordered or n_classes == 1:
        return ((1 - share) * one + share / n_classes).astype(np.float32)
    beside = np.eye(n_classes, k=1) + np.eye(n_classes, k=-1)
    return ((1 - share) * one + share * beside / beside.sum(1, keepdims=True)).astype(np.float32)


def values_of(kind: str, outputs: NDArray[Any], targets: Targets) -> Floats:
    """Return the probabilities or numbers (N, K) that outputs (N, K) of a network mean.

    Args:
        kind: classes, labels or number.
        outputs: logits, or standardised numbers.
        targets: mean and scale of numbers.
    """
    logits = outputs.astype(np.float64)
    if kind == "number":
        return logits * targets.scale + targets.mean
    if kind == "labels":
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -700, 700))))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
