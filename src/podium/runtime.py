"""The only file that knows devices: GPU memory, XLA, seeds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["GPUS", "freeze", "jit_compile", "keras", "set_up", "tf"]


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """TensorFlow's C++ greets on file descriptor 2 before any log level is read."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with _silent_stderr():
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2 as freeze,
    )

    GPUS = tf.config.list_physical_devices("GPU")  # asking greets once more


def set_up(seed: int, precision: str = "float32") -> None:
    """Seed Python, NumPy and TensorFlow, and let GPU memory grow as it is needed.

    Args:
        seed: 0 or more.
        precision: a policy of Keras for the layers built from now on.
    """
    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_global_policy(precision)
    for gpu in GPUS:
        tf.config.experimental.set_memory_growth(gpu, True)


def jit_compile() -> bool:
    """Whether XLA pays: on a GPU it does; on a CPU it was seen 2 to 20 times slower."""
    return bool(GPUS)
