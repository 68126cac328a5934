"""The fused heads: dropout + dense on standardised, concatenated bottleneck features.

Of classes the outputs are logits of a softmax, of labels those of a sigmoid each, of numbers the
number itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.training.runtime import keras


def activate(kind: str, outputs: Any) -> Any:
    """Return probabilities or numbers (..., K) of the outputs (..., K) of heads."""
    if kind == "classes":
        return keras.ops.softmax(outputs)
    return keras.ops.sigmoid(outputs) if kind == "labels" else outputs


@keras.saving.register_keras_serializable("podium")
class FusedHeads(keras.layers.Layer):
    """M independent heads: features (N, D) -> logits or numbers (N, M, K).

    Each head standardises with the mean and deviation of its own train rows. Dropout works on the
    standardised features; all heads of a step share one mask.
    """

    def __init__(self, n_heads: int, n_outputs: int, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_heads, self.n_outputs, self.kind = n_heads, n_outputs, kind

    def build(self, shape: tuple[int, ...]) -> None:
        """Create the weights for features of `shape` (N, D)."""
        fixed, per_head = (shape[-1], self.n_heads, 1), (self.n_heads, self.n_outputs)
        self.mean = self.add_weight(fixed, "zeros", trainable=False, name="mean")
        self.scale = self.add_weight(fixed, "ones", trainable=False, name="scale")
        self.kernel = self.add_weight((shape[-1], *per_head), "zeros", name="kernel")
        self.bias = self.add_weight(per_head, "zeros", name="bias")

    def call(self, features: Any, keep: Any | None = None) -> Any:
        """Return logits or numbers (N, M, K) of features (N, D).

        `keep` (N, D) is the dropout mask, already divided by the share it keeps.
        """
        kernel = self.kernel / self.scale  # (x - mean) / scale @ W = x @ (W / scale) - ...
        shift = self.mean * kernel  # (D, M, K)
        if keep is None:
            offset = keras.ops.sum(shift, axis=0)
        else:
            features = features * keep
            offset = keras.ops.einsum("nd,dmk->nmk", keep, shift)
        return keras.ops.einsum("nd,dmk->nmk", features, kernel) - offset + self.bias

    def of_head(self, features: Any, head: int) -> Any:
        """Return the outputs (N, K) of one head for features (N, D), without dropout."""
        kernel = self.kernel[:, head] / self.scale[:, head]
        offset = keras.ops.sum(self.mean[:, head] * kernel, axis=0)
        return keras.ops.matmul(features, kernel) - offset + self.bias[head]

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to build the layer again."""
        own = {"n_heads": self.n_heads, "n_outputs": self.n_outputs, "kind": self.kind}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("podium")
class MeanOfHeads(keras.layers.Layer):
    """Outputs (N, M, K) -> the mean probabilities or numbers (N, K) of M heads."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def call(self, outputs: Any) -> Any:
        """Return the mean over heads of what their outputs mean."""
        return keras.ops.mean(activate(self.kind, outputs), axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to build the layer again."""
        return {**super().get_config(), "kind": self.kind}


def head_values(layer: FusedHeads, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the probabilities or numbers (N, M, K) of each head on features (N, D)."""
    parts = [layer(features[start : start + 4096]) for start in range(0, len(features), 4096)]
    exact = (keras.ops.cast(part, "float64") for part in parts)
    return np.concatenate(
        [keras.ops.convert_to_numpy(activate(layer.kind, part)) for part in exact]
    )
