"""The losses of all networks.

Images are N, characters of a label K, time steps T, classes C, heads M.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.training.runtime import GPUS, keras, tf


def class_weights(truth: NDArray[np.int64], n_classes: int, how: str) -> NDArray[np.float32]:
    """Return the weight (C,) of each class.

    Args:
        truth: class indices (N,).
        n_classes: C.
        how: none (all weigh 1), or balanced: N / (C times the count of the class).
    """
    if how == "none":
        return np.ones(n_classes, dtype=np.float32)
    counts = np.maximum(np.bincount(truth, minlength=n_classes), 1)
    return (len(truth) / (n_classes * counts)).astype(np.float32)


def head_loss(truth: Any, outputs: Any, weights: Any, n_rows: Any, kind: str = "classes") -> Any:
    """Return the sum over M heads of the weighted mean loss over their rows.

    Args:
        truth: as `head_losses`.
        outputs: float32 (B, M, K).
        weights: float32 (B, M), or of labels (B, M, K); 0 where a head does not learn from a row.
        n_rows: float32 (M,), rows of the whole batch that each head learns from.
        kind: as `head_losses`.
    """
    losses = head_losses(truth, outputs, weights, kind)
    return tf.reduce_sum(tf.reduce_sum(losses, 0) / n_rows)


def head_losses(truth: Any, outputs: Any, weights: Any, kind: str) -> Any:
    """Return the weighted loss (B, M) of each row for each head.

    classes: cross-entropy; labels: the mean over labels of each one's cross-entropy; number: half
    the squared error.

    Args:
        truth: class indices (B, M), 1 or 0 for each label (B, M, K), or numbers (B, M).
        outputs: logits (B, M, K), or numbers (B, M, 1).
        weights: (B, M), or of labels (B, M, K) or (B, M, 1).
        kind: classes, labels or number.
    """
    if kind == "classes":
        return tf.nn.sparse_softmax_cross_entropy_with_logits(truth, outputs) * weights
    if kind == "labels":
        targets = tf.cast(truth, outputs.dtype)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(targets, outputs)
        return tf.reduce_mean(losses * weights, axis=-1)
    return 0.5 * (outputs[..., 0] - tf.cast(truth, outputs.dtype)) ** 2 * weights


def reader_loss(kind: str) -> keras.losses.Loss:
    """Return the loss of a captcha reader: labels (N, K), padded with 0, and logits (N, T, C).

    crnn and ctc: the negative log-probability of the label over all its paths (Graves et al. 2006),
    blank 0; cnn: the mean cross-entropy over characters.
    """
    if kind != "cnn":
        return keras.losses.CTC() if GPUS else ProcessorCTC()
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class ProcessorCTC(keras.losses.Loss):
    """`keras.losses.CTC` by an operation that only processors have.

    It takes a twelfth of the time there: that of Keras is a loop over time steps.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the losses (N,) of labels (N, K) padded with 0 and of logits (N, T, C)."""
        labels = tf.sparse.from_dense(tf.cast(y_true, tf.int32))
        steps = tf.fill(tf.shape(y_pred)[:1], tf.shape(y_pred)[1])
        return tf.nn.ctc_loss(labels, y_pred, None, steps, logits_time_major=False, blank_index=0)


class BinaryCrossEntropy(keras.losses.Loss):
    """Cross-entropy of maps (N, h, w, 2) of 0 to 255, where 255 is certain, and of logits."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean over pictures, cells and maps."""
        targets = tf.cast(y_true, tf.float32) / 255
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, y_pred))


class TumourLoss(keras.losses.Loss):
    """The sum of the named losses of masks (N, H, W, 1) of 0 and 1 and of logits.

    Args:
        kind: cross_entropy; dice (Milletari et al. 2016: 1 - Dice over the whole batch); focal
            (Lin et al. 2017: gamma 2, alpha 0.25); or cross_entropy+dice.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        losses = {
            "cross_entropy": keras.losses.BinaryCrossentropy(from_logits=True).call,
            "focal": keras.losses.BinaryFocalCrossentropy(
                apply_class_balancing=True, from_logits=True
            ).call,
            "dice": _dice,
        }
        self._parts = [losses[name] for name in kind.split("+")]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the sum of the parts, each a mean over the batch."""
        masks = tf.cast(y_true, tf.float32)
        return sum(tf.reduce_mean(part(masks, y_pred)) for part in self._parts)


def _dice(masks: Any, logits: Any) -> Any:
    return keras.losses.Dice().call(masks, tf.sigmoid(logits))


class PictureLoss(keras.losses.Loss):
    """The loss of pictures (N,) by targets that may be soft, mixed and weighted, and by outputs.

    classes: cross-entropy of weighted shares (N, K) and logits; labels: the mean over L labels of
    each one's cross-entropy, by the weights (N, 2 L) of yes, then of no; number: half the squared
    error of standardised numbers (N, 1).

    Args:
        kind: classes, labels or number.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the losses (N,) of targets and outputs (N, K)."""
        if self._kind == "classes":
            return -tf.reduce_sum(y_true * tf.nn.log_softmax(y_pred), axis=-1)
        if self._kind == "number":
            return 0.5 * tf.reduce_sum((y_true - y_pred) ** 2, axis=-1)
        yes, no = tf.split(y_true, 2, axis=-1)
        losses = yes * tf.nn.softplus(-y_pred) + no * tf.nn.softplus(y_pred)
        return tf.reduce_mean(losses, axis=-1)
