"""Training of the fused heads.

All M heads of a cross-validation (one per fold and seed) are trained at once, as one wide product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.params import Head
from podium.models.losses import class_weights, head_loss, head_losses
from podium.photos.feature_feed import Gatherer, moments
from podium.photos.fusion import FusedHeads
from podium.photos.scales import floored
from podium.training import distribution, optimizers
from podium.training.runtime import tf

Floats = NDArray[np.float64]
Gather = Callable[[Any], Any]  # row numbers (B,) -> features (B, D)
BESIDE_WEIGHT = 10.0  # a column beside the pictures moves a head like so many features


@dataclass(frozen=True)
class HeadTask:
    """The rows that M heads are trained on.

    Attributes:
        features: (N, D).
        truth: class indices (N, M) for each row and head, 1 or 0 for each label (N, M, K), or
            numbers (N, M).
        train: rows (N, M) that a head learns from.
        stop: rows (N, M) whose loss says when a head stops; neither in `train` nor out of fold.
        n_outputs: K.
        batch_rows: rows (N,) that fill the batches; None: those that any head learns from.
        kind: of the target: classes, labels or number.
        n_beside: the last features, those from columns beside the pictures; never dropped.
        widths: features of each extractor; none: all are of one.
    """

    features: NDArray[np.float32]
    truth: NDArray[Any]
    train: NDArray[np.bool_]
    stop: NDArray[np.bool_]
    n_outputs: int
    batch_rows: NDArray[np.bool_] | None = None
    kind: str = "classes"
    n_beside: int = 0
    widths: tuple[int, ...] = ()

    @property
    def in_batches(self) -> NDArray[np.bool_]:
        """Which rows (N,) fill the batches, whichever heads learn from them."""
        return np.asarray(self.train.any(1)) if self.batch_rows is None else self.batch_rows


def train_heads(
    task: HeadTask, settings: Head, seed: int, independent: bool = False
) -> tuple[FusedHeads, pd.DataFrame]:
    """Return heads with the weights of their best epochs, and the learning curve.

    The best epoch of a head has the lowest loss on its own `stop` rows. With patience 0 all
    epochs are run and the last weights count. Order and dropout depend only on (seed, epoch, row).

    Args:
        task: the rows.
        settings: of the training.
        seed: of order and dropout.
        independent: whether a head keeps its weights once its own patience is at an end, however
            long the others are trained.

    Returns:
        The layer, and a table with epoch, train_loss, stop_loss (means over heads).
    """
    task, mean, scale = _standardised_truth(task)
    layer = _new_heads(task)
    _standardise(layer, task)
    gather = Gatherer(task.features)
    run_epoch = _epoch(layer, gather, task, settings)
    stop_losses = _stop_losses(layer, gather, task)
    best = np.full(layer.n_heads, np.inf)
    best_epoch = np.zeros(layer.n_heads, dtype=np.int64)
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
    curve = []
    for epoch in range(settings.epochs):
        train_loss = float(run_epoch(_batches(task, settings, seed, epoch), [seed, epoch]))
        losses = stop_losses()
        curve.append((epoch, train_loss, float(np.mean(losses))))
        better = losses < best if settings.patience else np.ones_like(best, dtype=bool)
        if independent and settings.patience:
            better &= epoch - best_epoch <= settings.patience
        best[better], best_epoch[better] = losses[better], epoch
        kernel[:, better] = layer.kernel.numpy()[:, better]
        bias[better] = layer.bias.numpy()[better]
        if settings.patience and (epoch - best_epoch > settings.patience).all():
            break
    gather.let_go()
    layer.kernel.assign(kernel * scale[:, None])
    layer.bias.assign(bias * scale[:, None] + mean[:, None])
    return layer, pd.DataFrame(curve, columns=pd.Index(["epoch", "train_loss", "stop_loss"]))


@distribution.in_scope
def _new_heads(task: HeadTask) -> FusedHeads:
    layer = FusedHeads(task.train.shape[1], task.n_outputs, task.kind)
    layer.build(task.features.shape)
    return layer


def _standardised_truth(task: HeadTask) -> tuple[HeadTask, Floats, Floats]:
    """The task with numbers of mean 0 and deviation 1 for each head, and what they were (M,)."""
    n_heads = task.train.shape[1]
    if task.kind != "number":
        return task, np.zeros(n_heads), np.ones(n_heads)
    learnt = [truth[rows] for truth, rows in zip(task.truth.T, task.train.T, strict=True)]
    mean = np.array([numbers.mean() for numbers in learnt])
    scale = np.array([numbers.std() or 1.0 for numbers in learnt])
    return replace(task, truth=(task.truth - mean) / scale), mean, scale


def _standardise(layer: FusedHeads, task: HeadTask) -> None:
    """Let each head standardise by its own train rows."""
    mean = np.empty((task.features.shape[1], layer.n_heads))
    scale = np.empty_like(mean)
    for head, rows in enumerate(task.train.T):
        mean[:, head], scale[:, head] = moments(task.features, rows)
    n_beside = task.n_beside  # each of its own kind
    widths = task.widths or (len(scale) - n_beside,)
    scale = floored(scale, [*widths, *[1] * n_beside])
    if task.n_beside:
        scale[-task.n_beside :] /= BESIDE_WEIGHT
    layer.mean.assign(mean[:, :, None])
    layer.scale.assign(scale[:, :, None])


def _batches(task: HeadTask, settings: Head, seed: int, epoch: int) -> NDArray[np.int64]:
    """Row numbers (steps, batch) of one epoch in random order; -1 pads the last batch."""
    used = np.flatnonzero(task.in_batches)
    order = np.random.default_rng([seed, epoch]).permutation(used)[: settings.epoch_size]
    steps = -(-len(order) // settings.batch_size)
    padded = np.full(steps * settings.batch_size, -1, dtype=np.int64)
    padded[: len(order)] = order
    return padded.reshape(steps, settings.batch_size)


def _row_weights(task: HeadTask, how: str) -> NDArray[np.float32]:
    """The weight of each row for each head, by the classes of the head's own train rows.

    (N, M); of labels (N, M, K), by how many of the rows have each.
    """
    if task.kind == "number":
        return np.ones(task.train.shape, dtype=np.float32)
    n_classes, truth = (task.n_outputs, task.truth) if task.kind == "classes" else (2, task.truth)
    columns = truth.reshape(len(truth), task.train.shape[1], -1)  # (N, M, 1 or K)
    weights = np.empty(columns.shape, dtype=np.float32)
    for head, rows in enumerate(task.train.T):
        for k in range(columns.shape[2]):
            column = columns[:, head, k]
            weights[:, head, k] = class_weights(column[rows], n_classes, how)[column]
    return weights.reshape(truth.shape)


def _epoch(layer: FusedHeads, gather: Gather, task: HeadTask, settings: Head) -> Any:
    """A graph that runs one epoch over row numbers (steps, batch) and gives the mean loss.

    Several devices take a part of each batch; their gradients are added up.
    """
    truth = tf.constant(task.truth)
    weights = tf.constant(_row_weights(task, settings.class_weight))
    train = tf.constant(task.train, tf.float32)
    variables = [layer.kernel, layer.bias]
    optimizer = optimizers.by_name(settings, variables)
    devices = distribution.n_devices()

    def loss(rows: Any, seed: Any) -> Any:
        keep = _dropout_mask(task, tf.shape(rows)[0], settings.dropout, seed)
        learnt = tf.gather(train, tf.maximum(rows, 0)) * tf.cast(rows >= 0, tf.float32)[:, None]
        n_rows = tf.maximum(tf.reduce_sum(learnt, 0), 1)  # of the whole batch, for each head
        part = _part_of_device(tf.shape(rows)[0])
        rows, learnt, keep = tf.maximum(rows, 0)[part], learnt[part], keep[part]
        logits = layer(gather(rows), keep)
        learnt = learnt[..., None] if task.kind == "labels" else learnt
        row_weights = learnt * tf.gather(weights, rows)
        return head_loss(tf.gather(truth, rows), logits, row_weights, n_rows, task.kind)

    def learn(rows: Any, seed: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(rows, seed)
            penalty = settings.l2 / devices * tf.reduce_sum(layer.kernel**2)
        gradients = tape.gradient([value, penalty], [variable.value for variable in variables])
        optimizer.apply(gradients, variables)
        return value

    @tf.function
    def run(batches: Any, seed: Any) -> Any:
        total = tf.constant(0.0)
        for step in tf.range(tf.shape(batches)[0]):
            args = (batches[step], seed + [0, step * 1_000_003])
            total += distribution.sum_over_devices(distribution.strategy().run(learn, args=args))
        return total / tf.cast(tf.shape(batches)[0] * layer.n_heads, tf.float32)

    return lambda batches, seed: run(tf.constant(batches), tf.constant(seed, tf.int32))


def _part_of_device(n: Any) -> slice:
    """Which of the `n` rows of a batch this device computes."""
    number, of = distribution.replica_id(), distribution.n_devices()
    return slice(n * number // of, n * (number + 1) // of)


def _dropout_mask(task: HeadTask, n_rows: Any, rate: float, seed: Any) -> Any:
    """What features (B, D) are multiplied by; columns beside the pictures are always kept."""
    wide = task.features.shape[1] - task.n_beside
    if not rate:
        return tf.ones((n_rows, wide + task.n_beside))
    kept = tf.random.stateless_uniform((n_rows, wide), seed) >= rate
    keep = tf.cast(kept, tf.float32) / (1 - rate)
    return tf.pad(keep, [[0, 0], [0, task.n_beside]], constant_values=1.0)


def _stop_losses(layer: FusedHeads, gather: Gather, task: HeadTask) -> Callable[[], Floats]:
    """What gives the mean loss (M,) of each head on its stop rows; on train rows if it has none."""
    chosen = np.where(task.stop.any(0), task.stop, task.train)
    every = [tf.constant(np.flatnonzero(rows)) for rows in chosen.T]
    truths = [tf.constant(task.truth[rows, head]) for head, rows in enumerate(chosen.T)]

    def loss(head: int) -> Any:
        starts = range(0, len(every[head]), 4096)
        parts = [gather(every[head][start : start + 4096]) for start in starts]
        outputs = tf.concat([layer.of_head(part, head) for part in parts], 0)
        logits, truth = tf.cast(outputs, tf.float64)[:, None], truths[head][:, None]
        weights = tf.ones((*truth.shape[:2], 1)[: len(truth.shape)], tf.float64)
        return tf.reduce_mean(head_losses(truth, logits, weights, task.kind))

    @tf.function
    def losses() -> Any:
        return tf.stack([loss(head) for head in range(len(every))])

    return lambda: np.asarray(losses())
