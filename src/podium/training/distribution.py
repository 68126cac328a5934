"""Several devices that share one batch: copies of the variables, parts of the pictures."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from podium.training.runtime import GPUS, keras, tf

P = ParamSpec("P")
R = TypeVar("R")
_devices: tuple[str, ...] = tuple(f"GPU:{number}" for number in range(len(GPUS)))


def use_devices(devices: Sequence[str]) -> None:
    """Compute on these devices from now on, instead of on all GPUs."""
    global _devices
    _devices = tuple(devices)


def n_devices() -> int:
    """How many devices share a batch."""
    return max(1, len(_devices))


def strategy() -> Any:
    """TensorFlow's strategy: one copy of the variables on each device if there are several."""
    return _mirrors(_devices) if n_devices() > 1 else tf.distribute.get_strategy()


@functools.cache  # two strategies over the same devices take each other's messages for their own
def _mirrors(devices: tuple[str, ...]) -> Any:
    return tf.distribute.MirroredStrategy(list(devices))


def replica_id() -> Any:
    """The number of the device that a replica's part of a graph is for."""
    context = tf.distribute.get_replica_context()
    return context.replica_id_in_sync_group if n_devices() > 1 else 0


def in_scope(build: Callable[P, R]) -> Callable[P, R]:
    """`build`, the variables that it makes having a copy on each device."""

    @functools.wraps(build)
    def made(*args: P.args, **kwargs: P.kwargs) -> R:
        with strategy().scope():
            return build(*args, **kwargs)

    return made


def batch_normalization(momentum: float) -> keras.layers.Layer:
    """Batch normalisation over the batch of all devices."""
    return keras.layers.BatchNormalization(momentum=momentum, synchronized=n_devices() > 1)


def run_on_devices(graph: Callable[[Any], Any], rows: NDArray[Any]) -> NDArray[Any]:
    """What `graph` makes of `rows` (N, ...), every device taking its share of them."""
    n = n_devices()
    if n == 1 or len(rows) < n:
        return np.asarray(graph(tf.constant(rows)))
    parts = np.array_split(rows, n)
    values = distribute_values([(tf.constant(part),) for part in parts])
    # not `graph` itself: its signature knows no values that differ by device
    shared = strategy().run(lambda part: graph(part), args=values)
    found = strategy().experimental_local_results(shared)
    return np.concatenate([np.asarray(one) for one in found])


def distribute_values(parts: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The values of each device (tuples of equal length) as one tuple, as `strategy` takes it."""
    make = strategy().experimental_distribute_values_from_function

    def column(number: int) -> Any:
        return make(lambda context: parts[context.replica_id_in_sync_group][number])

    return tuple(column(number) for number in range(len(parts[0])))


def sum_over_devices(value: Any) -> Any:
    """The sum of a value over all devices."""
    return strategy().reduce("SUM", value, axis=None)
