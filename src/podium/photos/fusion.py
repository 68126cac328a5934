"""The fused classifier: dropout + dense on standardised, concatenated bottleneck features.

All M heads of a cross-validation (one per fold and seed) are trained at once, as one wide product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.params import Head
from podium.models.losses import class_weights, head_loss
from podium.training import distribution, optimizers
from podium.training.runtime import keras, tf


@keras.saving.register_keras_serializable("podium")
class FusedHeads(keras.layers.Layer):
    """M independent softmax heads: features (N, D) -> logits (N, M, K).

    Each head standardises with the mean and deviation of its own train rows. Dropout works on the
    standardised features; all heads of a step share one mask.
    """

    def __init__(self, n_heads: int, n_classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_heads, self.n_classes = n_heads, n_classes

    def build(self, shape: tuple[int, ...]) -> None:
        """Create the weights for features of `shape` (N, D)."""
        fixed, per_head = (shape[-1], self.n_heads, 1), (self.n_heads, self.n_classes)
        self.mean = self.add_weight(fixed, "zeros", trainable=False, name="mean")
        self.scale = self.add_weight(fixed, "ones", trainable=False, name="scale")
        self.kernel = self.add_weight((shape[-1], *per_head), "zeros", name="kernel")
        self.bias = self.add_weight(per_head, "zeros", name="bias")

    def call(self, features: Any, keep: Any | None = None) -> Any:
        """Return logits (N, M, K) of features (N, D).

        `keep` (N, D) is the dropout mask, already divided by the share it keeps.
        """
        kernel = self.kernel / self.scale  # (x - mean) / scale @ W = x @ (W / scale) - ...
        shift = self.mean * kernel  # (D, M, K)
        if keep is None:
            offset = tf.reduce_sum(shift, axis=0)
        else:
            features = features * keep
            offset = tf.einsum("nd,dmk->nmk", keep, shift)
        return tf.einsum("nd,dmk->nmk", features, kernel) - offset + self.bias

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to build the layer again."""
        return {**super().get_config(), "n_heads": self.n_heads, "n_classes": self.n_classes}


@dataclass(frozen=True)
class HeadTask:
    """The rows that M heads are trained on.

    Attributes:
        features: (N, D).
        truth: class indices (N, M), for each row and head.
        train: rows (N, M) that a head learns from.
        stop: rows (N, M) whose loss says when a head stops; neither in `train` nor out of fold.
        n_classes: K.
        batch_rows: rows (N,) that fill the batches; None: those that any head learns from.
    """

    features: NDArray[np.float32]
    truth: NDArray[np.int64]
    train: NDArray[np.bool_]
    stop: NDArray[np.bool_]
    n_classes: int
    batch_rows: NDArray[np.bool_] | None = None

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
    layer = _new_heads(task)
    _standardise(layer, task)
    run_epoch = _epoch(layer, task, settings)
    best = np.full(layer.n_heads, np.inf)
    best_epoch = np.zeros(layer.n_heads, dtype=np.int64)
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
    curve = []
    for epoch in range(settings.epochs):
        train_loss = float(run_epoch(_batches(task, settings, seed, epoch), [seed, epoch]))
        losses = _stop_losses(layer, task)
        curve.append((epoch, train_loss, float(np.mean(losses))))
        better = losses < best if settings.patience else np.ones_like(best, dtype=bool)
        if independent and settings.patience:
            better &= epoch - best_epoch <= settings.patience
        best[better], best_epoch[better] = losses[better], epoch
        kernel[:, better] = layer.kernel.numpy()[:, better]
        bias[better] = layer.bias.numpy()[better]
        if settings.patience and (epoch - best_epoch > settings.patience).all():
            break
    layer.kernel.assign(kernel)
    layer.bias.assign(bias)
    return layer, pd.DataFrame(curve, columns=pd.Index(["epoch", "train_loss", "stop_loss"]))


@distribution.in_scope
def _new_heads(task: HeadTask) -> FusedHeads:
    layer = FusedHeads(task.train.shape[1], task.n_classes)
    layer.build(task.features.shape)
    return layer


def _standardise(layer: FusedHeads, task: HeadTask) -> None:
    columns = [task.features[task.train[:, head]] for head in range(layer.n_heads)]
    mean = np.stack([rows.mean(0, dtype=np.float64) for rows in columns], 1)
    scale = np.stack([rows.std(0, dtype=np.float64) for rows in columns], 1)
    layer.mean.assign(mean[:, :, None])
    layer.scale.assign(np.where(scale > 1e-6, scale, 1.0)[:, :, None])


def _batches(task: HeadTask, settings: Head, seed: int, epoch: int) -> NDArray[np.int64]:
    """Row numbers (steps, batch) of one epoch in random order; -1 pads the last batch."""
    used = np.flatnonzero(task.in_batches)
    order = np.random.default_rng([seed, epoch]).permutation(used)
    steps = -(-len(order) // settings.batch_size)
    padded = np.full(steps * settings.batch_size, -1, dtype=np.int64)
    padded[: len(order)] = order
    return padded.reshape(steps, settings.batch_size)


def _row_weights(task: HeadTask, how: str) -> NDArray[np.float32]:
    """The weight (N, M) of each row for each head, by the classes of the head's own train rows."""
    per_class = [
        class_weights(truth[train], task.n_classes, how)
        for truth, train in zip(task.truth.T, task.train.T, strict=True)
    ]
    return np.take_along_axis(np.stack(per_class, 1), task.truth, 0)


def _epoch(layer: FusedHeads, task: HeadTask, settings: Head) -> Any:
    """A graph that runs one epoch over row numbers (steps, batch) and gives the mean loss.

    Several devices take a part of each batch; their gradients are added up.
    """
    features, truth = tf.constant(task.features), tf.constant(task.truth)
    weights = tf.constant(_row_weights(task, settings.class_weight))
    train = tf.constant(task.train, tf.float32)
    variables = [layer.kernel, layer.bias]
    optimizer = optimizers.by_name(settings, variables)
    devices = distribution.n_devices()

    def loss(rows: Any, seed: Any) -> Any:
        keep = _dropout_mask(tf.shape(rows)[0], task.features.shape[1], settings.dropout, seed)
        learnt = tf.gather(train, tf.maximum(rows, 0)) * tf.cast(rows >= 0, tf.float32)[:, None]
        n_rows = tf.maximum(tf.reduce_sum(learnt, 0), 1)  # of the whole batch, for each head
        part = _part_of_device(tf.shape(rows)[0])
        rows, learnt, keep = tf.maximum(rows, 0)[part], learnt[part], keep[part]
        logits = layer(tf.gather(features, rows), keep)
        row_weights = learnt * tf.gather(weights, rows)
        return head_loss(tf.gather(truth, rows), logits, row_weights, n_rows)

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


def _dropout_mask(rows: Any, wide: int, rate: float, seed: Any) -> Any:
    if not rate:
        return tf.ones((rows, wide))
    kept = tf.random.stateless_uniform((rows, wide), seed) >= rate
    return tf.cast(kept, tf.float32) / (1 - rate)


def head_probabilities(layer: FusedHeads, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the probabilities (N, M, K) of each head on features (N, D)."""
    parts = [layer(features[start : start + 4096]) for start in range(0, len(features), 4096)]
    return np.concatenate([tf.nn.softmax(tf.cast(part, tf.float64)).numpy() for part in parts])


def _stop_losses(layer: FusedHeads, task: HeadTask) -> NDArray[np.float64]:
    """The mean log loss (M,) of each head on its stop rows; on its train rows if it has none."""
    probs = head_probabilities(layer, task.features)
    of_truth = np.take_along_axis(probs, task.truth[:, :, None], axis=2)[:, :, 0]
    losses = -np.log(np.maximum(of_truth, 1e-15))  # (N, M)
    rows = np.where(task.stop.any(0), task.stop, task.train)
    return (losses * rows).sum(0) / rows.sum(0)
