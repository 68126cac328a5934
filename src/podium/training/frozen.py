"""Trained networks in use: batches of pixels in, arrays out, as one graph with frozen weights."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.training import distribution
from podium.training.batch_size import in_batches
from podium.training.parts import compute_by_parts
from podium.training.runtime import freeze, jit_compile, keras, tf

Size = tuple[int | None, int | None]  # H, W; None: any
Compute = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (N, H, W, 3) -> (N, ...)


def compiled(models: Sequence[keras.Model], forward: Callable[[Any], Any], size: Size) -> Compute:
    """Return `forward` as one graph of TensorFlow: uint8 RGB (N, H, W, 3) -> float32 (N, ...).

    On a processor the weights are frozen into the graph, so that TensorFlow folds batch
    normalisation into the convolutions, and a batch is computed in parts (together about 1.5 times
    faster); the bytes of a row do not depend on that. On a GPU XLA does better.

    Args:
        models: that `forward` runs.
        forward: float32 pixels of 0 to 255, a tensor (N, H, W, 3) -> a tensor (N, ...).
        size: of the pictures.
    """
    graph = graph_of(forward, size)
    whole = distribution.keeps_batches_whole()
    return in_batches(models, graph if whole else _frozen(graph))


def graph_of(forward: Callable[[Any], Any], size: Size) -> Any:
    """Return `forward` as a function of TensorFlow from uint8 pixels to float32, see `compiled`."""

    @tf.function(
        input_signature=[tf.TensorSpec((None, *size, 3), tf.uint8, name="pixels")],
        jit_compile=jit_compile(),
    )
    def graph(pixels: Any) -> Any:
        return tf.cast(forward(tf.cast(pixels, tf.float32)), tf.float32)

    return graph


def _frozen(graph: Any) -> Callable[[Any], NDArray[np.float32]]:
    """What computes a batch by a frozen copy of a graph, made at the first batch."""

    @functools.cache
    def frozen() -> Any:
        return freeze(graph.get_concrete_function())

    def part(pixels: Any) -> NDArray[np.float32]:
        return np.asarray(frozen()(pixels)[0])

    def by_parts(pixels: Any) -> NDArray[np.float32]:
        frozen()  # before several threads ask for it
        return compute_by_parts(part, pixels)

    return by_parts
