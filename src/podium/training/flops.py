"""How many floating-point operations a network takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from podium.training.runtime import keras, tf

RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)


def mflop(model: keras.Model, shape: Sequence[int]) -> float:
    """Million floating-point operations, forward, for one input of `shape` (without the batch).

    Convolutions and matrix products, a multiplication and an addition counting two; what goes
    element by element is left out, as it is in published figures. Recurrent layers are counted by
    their weights.
    """
    given = tf.TensorSpec((1, *shape), tf.float32)
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(given).graph
    recurrent = [one for one in model.layers if isinstance(one, RECURRENT)]
    inside = tuple(f"/{one.name}" for one in recurrent)  # the graph shows one time step at most
    plain = [one for one in graph.get_operations() if not any(name in one.name for name in inside)]
    return float(sum(map(_of, plain)) + sum(map(_over_time, recurrent))) / 1e6


def _of(operation: Any) -> float:
    if operation.type not in ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "MatMul"):
        return 0.0
    kernel = operation.inputs[1].shape.as_list()
    if operation.type == "Conv2DBackpropInput":  # a transposed convolution: per pixel put in
        return 2.0 * np.prod(kernel) * _places(operation.inputs[2])
    if operation.type == "DepthwiseConv2dNative":
        return 2.0 * np.prod(kernel) * _places(operation.outputs[0])
    if operation.type == "Conv2D":
        return 2.0 * np.prod(kernel) * _places(operation.outputs[0])
    return 2.0 * np.prod(kernel) * np.prod(operation.inputs[0].shape.as_list()[:-1])


def _places(tensor: Any) -> float:
    """Rows times pixels of (N, H, W, C)."""
    return float(np.prod(tensor.shape.as_list()[:3]))


def _over_time(layer: keras.layers.Layer) -> float:
    """Every weight of a recurrent layer is used once for each time step."""
    return 2.0 * layer.input.shape[1] * sum(float(np.prod(one.shape)) for one in layer.weights)
