"""A model as one graph that needs nothing of this project: pixels in, calibrated answers out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.training.runtime import freeze, keras, tf

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Batch = NDArray[np.float32]
# inputs (n, H, W, 3) -> answers (n, ...), and the map (n, h, w, K) of models that have it
Runner = Callable[[Sequence[Batch]], list[NDArray[Any]]]
NAMES = ("answers", "map")  # of the outputs of models that have two
TINY = 1e-15  # as in podium.evaluation.calibration


@dataclass(frozen=True)
class Portable:
    """A model that can be exported.

    Attributes:
        model: float32 RGB of 0 to 255, (N, H, W, 3) for each input, to answers (N, ...).
        inputs: RGB pixels (H, W, 3) of a picture -> uint8 (h, w, 3) for each input of the model;
            a format of another package may ask for others.
        answer: pictures (N,) of RGB pixels -> answers (N, ...) by the pipeline's own route.
        description: inputs, outputs and classes, as JSON values.
        map_of: RGB pixels of a picture -> its map (h, w, K) by the pipeline's own route, where the
            model gives {answers, map}.
    """

    model: keras.Model
    inputs: Callable[[Pixels], list[Pixels]]
    answer: Callable[[Sequence[Pixels]], Floats]
    description: dict[str, Any]
    map_of: Callable[[Pixels], Floats] | None = None


def frozen_graph(portable: Portable) -> Any:
    """Return the graph for one picture, weights inside; its outputs are the answers, then a map."""
    inputs = portable.model.inputs
    signature = [tf.TensorSpec((1, *each.shape[1:]), tf.float32, each.name) for each in inputs]

    @tf.function(input_signature=signature)
    def graph(*pixels: Any) -> Any:
        return portable.model(list(pixels) if len(pixels) > 1 else pixels[0], training=False)

    return freeze(graph.get_concrete_function())


class Calibrated(keras.layers.Layer):
    """Predictions (N, K) -> calibrated ones, as `photos.calibration_by_kind` calibrates them."""

    def __init__(self, kind: str, numbers: dict[str, float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind, self.numbers = kind, numbers

    def call(self, values: Any) -> Any:
        """Return calibrated probabilities or numbers (N, K)."""
        if not self.numbers:
            return values
        if self.kind == "number":
            return values * self.numbers["slope"] + self.numbers["offset"]
        if self.kind == "classes":
            return self._sharpened(values)
        pairs = keras.ops.stack([1 - values, values], axis=-1)
        return self._sharpened(pairs)[..., 1]

    def _sharpened(self, probs: Any) -> Any:
        """Probabilities (..., K) after temperature and clip."""
        ops, n_classes = keras.ops, probs.shape[-1]
        logs = ops.log(ops.clip(probs, TINY, 1.0)) / self.numbers["temperature"]
        sharp = ops.softmax(logs, axis=-1)
        lowest = ops.min(sharp, axis=-1, keepdims=True)
        lacking = ops.maximum(self.numbers["clip"] - lowest, 0.0)
        share = lacking / ops.maximum(1 / n_classes - lowest, TINY)
        return sharp + ops.minimum(share, 1.0) * (1 / n_classes - sharp)
