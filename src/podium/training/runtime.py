"""TensorFlow, set up once for all: GPUs and their memory, XLA, precision, seeds.

Under another of Keras' backends (KERAS_BACKEND) networks are built and loaded, and that is all:
`tf` is None.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from podium.core import hardware
from podium.core.errors import exit_on_fault
from podium.training import gpu_slots

__all__ = [
    "GPUS", "freeze", "is_out_of_memory", "jit_compile", "keras", "precision", "report", "set_up",
    "silent_stderr", "tf",
]  # fmt: skip


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Silence file descriptor 2: TensorFlow's C++ writes there before it reads any log level."""
    stderr, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null)


with exit_on_fault():  # stages import this before their own guard is up
    gpu_slots.take()  # before TensorFlow looks for GPUs
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with silent_stderr():
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf
        from tensorflow.python.framework.convert_to_constants import (
            convert_variables_to_constants_v2 as freeze,
        )

        GPUS = tf.config.list_physical_devices("GPU")  # asking writes there once more
        for _gpu in GPUS:
            tf.config.experimental.set_memory_growth(_gpu, True)
    else:
        tf = freeze = None
        GPUS = []

# in messages of other errors, if a kernel, a copy to the device or cuBLAS runs out of memory
_FULL = ("out of memory", "resource_exhausted", "dst tensor is not initialized", "alloc_failed")
_AMPERE = (8, 0)  # the first compute capability with bfloat16 in tensor cores


def set_up(seed: int, requested: str = "float32", deterministic: bool = False) -> None:
    """Seed Python, NumPy and TensorFlow, and set the precision of layers built from now on.

    Args:
        seed: 0 or more.
        requested: float32, mixed_bfloat16, mixed_float16, or auto; see `supported_precision`.
        deterministic: whether the same GPU gives the same bytes every time, which is slower; it
            cannot be undone in this process.
    """
    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_global_policy(supported_precision(requested))
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def supported_precision(requested: str) -> str:
    """Return the Keras policy nearest to the requested one that this device computes fast.

    auto is mixed_float16 on a GPU and float32 on a processor. Processors get float32 instead of
    float16, GPUs older than Ampere float16 instead of bfloat16.
    """
    if not GPUS:
        return "float32" if requested in ("auto", "mixed_float16") else requested
    if requested == "auto" or (requested == "mixed_bfloat16" and _capability() < _AMPERE):
        return "mixed_float16"
    return requested


def _capability() -> tuple[int, int]:
    details = tf.config.experimental.get_device_details(GPUS[0])
    return tuple(details.get("compute_capability", _AMPERE))


def precision() -> str:
    """Return the Keras policy of layers built now."""
    return str(keras.mixed_precision.global_policy().name)


def jit_compile() -> bool:
    """Return whether to compile by XLA: on one GPU only.

    On a CPU it was measured to be 2 to 20 times slower; on several GPUs XLA cannot compile the
    communication between them.
    """
    return len(GPUS) == 1


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error of TensorFlow says that the device's memory is full."""
    message = str(error).lower()
    return isinstance(error, tf.errors.ResourceExhaustedError) or (
        isinstance(error, tf.errors.OpError) and any(words in message for words in _FULL)
    )


def report() -> dict[str, Any]:
    """Return device, software and precision of this process, for the record of a run."""
    if not GPUS:
        return {**hardware.report(), "software": _software(), "precision": precision()}
    name = tf.config.experimental.get_device_details(GPUS[0]).get("device_name", "GPU")
    several = f"{len(GPUS)} x " if len(GPUS) > 1 else ""
    return {
        "device": f"{several}{name}, driver {hardware.gpu_info('driver_version') or 'unknown'}",
        "memory_gib": hardware.gpu_memory_gib(),
        "software": _software(),
        "precision": precision(),
    }


def _software() -> str:
    parts = {"tensorflow": tf.__version__, "keras": keras.__version__}
    if GPUS:
        built = tf.sysconfig.get_build_info()
        parts |= {"cuda": built.get("cuda_version"), "cudnn": built.get("cudnn_version")}
    return ", ".join(f"{name} {value}" for name, value in parts.items())
