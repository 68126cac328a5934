"""Several devices that share a batch: each has a copy of the variables and a part of the rows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from podium.training.runtime import GPUS, jit_compile, keras, tf

P = ParamSpec("P")
R = TypeVar("R")
_devices: tuple[str, ...] = tuple(f"GPU:{number}" for number in range(len(GPUS)))


def use_devices(devices: Sequence[str]) -> None:
    """Compute on these devices (such as GPU:0) from now on, instead of on all GPUs."""
    global _devices
    _devices = tuple(devices)


def n_devices() -> int:
    """Return how many devices share a batch."""
    return max(1, len(_devices))


def keeps_batches_whole() -> bool:
    """Return whether a graph stays live and gets whole batches: by XLA, or on several devices."""
    return jit_compile() or n_devices() > 1


def strategy() -> Any:
    """Return TensorFlow's strategy; on several devices, one that copies the variables to each."""
    return _mirrored(_devices) if n_devices() > 1 else tf.distribute.get_strategy()


@functools.cache  # two strategies over the same devices take each other's messages for their own
def _mirrored(devices: tuple[str, ...]) -> Any:
    return tf.distribute.MirroredStrategy(list(devices))


def replica_id() -> Any:
    """Return the number of the device that computes this replica's part of a graph."""
    context = tf.distribute.get_replica_context()
    return context.replica_id_in_sync_group if n_devices() > 1 else 0


def in_scope(build: Callable[P, R]) -> Callable[P, R]:
    """Decorate `build` so that each device gets a copy of the variables it makes."""

    @functools.wraps(build)
    def build_in_scope(*args: P.args, **kwargs: P.kwargs) -> R:
        with strategy().scope() if n_devices() > 1 else nullcontext():
            return build(*args, **kwargs)

    return build_in_scope


def batch_normalization(momentum: float, name: str | None = None) -> keras.layers.Layer:
    """Return batch normalisation over the batch of all devices."""
    together = n_devices() > 1
    return keras.layers.BatchNormalization(momentum=momentum, synchronized=together, name=name)


def run_on_devices(graph: Callable[[Any], Any], rows: NDArray[Any]) -> NDArray[Any]:
    """Return `graph` of rows (N, ...), each device computing its share; dtype as the graph's."""
    n = n_devices()
    if n == 1 or len(rows) < n:
        return np.asarray(graph(tf.constant(rows)))
    parts = np.array_split(rows, n)
    values = distribute_values([(tf.constant(part),) for part in parts])
    # not `graph` itself: its signature knows no values that differ by device
    shared = strategy().run(lambda part: graph(part), args=values)
    results = strategy().experimental_local_results(shared)
    return np.concatenate([np.asarray(result) for result in results])


def distribute_values(parts: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return one tuple of per-device values, for `strategy().run`, from a tuple per device."""
    make = strategy().experimental_distribute_values_from_function

    def value(number: int) -> Any:
        return make(lambda context: parts[context.replica_id_in_sync_group][number])

    return tuple(value(number) for number in range(len(parts[0])))


def sum_over_devices(value: Any) -> Any:
    """Return the sum of a per-device value over all devices."""
    return strategy().reduce("SUM", value, axis=None)
