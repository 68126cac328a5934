"""The loss of masks with several classes, or with places that nobody knows."""

from __future__ import annotations

from typing import Any

from podium.slides.annotations.labelled import UNKNOWN
from podium.training.runtime import keras, tf

_GAMMA = 2.0  # of the focal loss


class MaskLoss(keras.losses.Loss):
    """The sum of the named losses over known pixels of masks (N, H, W, 1) of labels, and of logits.

    Logits (N, H, W, 1) are of tumour, (N, H, W, K + 1) of none and K classes. Of cross-entropy and
    focal loss each picture has a mean over its pixels to which unknown ones add nothing, so a batch
    computed in parts has the same loss; dice is of the whole batch, and a mean over classes.

    Args:
        kind: cross_entropy, dice, focal (gamma 2), or cross_entropy+dice.
        n_classes: K.
        has_unknown: whether any mask holds places that nobody knows.
    """

    def __init__(self, kind: str, n_classes: int, has_unknown: bool = True) -> None:
        super().__init__()
        self._kinds, self._n_classes = kind.split("+"), n_classes
        self._has_unknown = has_unknown

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the sum of the parts, for each picture (N,) where anything is unknown."""
        labels = tf.cast(tf.round(y_true[..., 0]), tf.int32)
        known = tf.cast(labels != UNKNOWN, tf.float32)
        if self._n_classes == 1:
            y_pred = tf.concat([tf.zeros_like(y_pred), y_pred], axis=-1)
        # labels in the middle of a move between two may be none: moves take the nearest
        truth = tf.one_hot(labels, self._n_classes + 1)
        logs = tf.nn.log_softmax(y_pred)
        return sum(self._part(kind, truth, logs, known) for kind in self._kinds)

    def _part(self, kind: str, truth: Any, logs: Any, known: Any) -> Any:
        if kind == "dice":
            p, known = tf.exp(logs)[..., 1:], known[..., None]
            axes = [0, 1, 2]
            both = tf.reduce_sum(truth[..., 1:] * p * known, axes)
            either = tf.reduce_sum((truth[..., 1:] + p) * known, axes)
            return 1 - tf.reduce_mean((2 * both + 1) / (either + 1))
        of_truth = tf.reduce_sum(truth * logs, -1)
        weight = known * (1 - tf.exp(of_truth)) ** _GAMMA if kind == "focal" else known
        if self._has_unknown:
            return -tf.reduce_mean(of_truth * weight, axis=[1, 2])
        return -tf.reduce_sum(of_truth * weight) / tf.maximum(tf.reduce_sum(known), 1.0)
