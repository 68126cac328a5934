"""What the project computes with: TensorFlow, GPUs and their memory, XLA, precision, seeds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from podium.core import hardware
from podium.training import gpu_slots

__all__ = [
    "GPUS", "freeze", "is_out_of_memory", "jit_compile", "keras", "precision", "report", "set_up",
    "tf",
]  # fmt: skip


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


gpu_slots.take()  # before TensorFlow looks for GPUs
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with _silent_stderr():
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2 as freeze,
    )

    GPUS = tf.config.list_physical_devices("GPU")  # asking greets once more
    for _gpu in GPUS:
        tf.config.experimental.set_memory_growth(_gpu, True)

# what errors of other kinds say when a kernel, a copy to the device or cuBLAS finds it full
_FULL = ("out of memory", "resource_exhausted", "dst tensor is not initialized", "alloc_failed")
_AMPERE = (8, 0)  # the first compute capability whose tensor cores know bfloat16


def set_up(seed: int, wanted: str = "float32", deterministic: bool = False) -> None:
    """Seed Python, NumPy and TensorFlow, and choose what the layers built from now on compute in.

    Args:
        seed: 0 or more.
        wanted: float32, mixed_bfloat16, mixed_float16, or auto; see `supported`.
        deterministic: the same bytes on the same GPU every time, at the cost of speed; for the
            rest of the process.
    """
    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_global_policy(supported(wanted))
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def supported(wanted: str) -> str:
    """The policy of Keras that comes nearest to what is wanted and that pays on this device.

    auto: float16 beside float32 on a GPU, float32 on a processor. Processors do not compute in
    float16, and GPUs older than Ampere not in bfloat16: they get float32 and float16.
    """
    if not GPUS:
        return "float32" if wanted in ("auto", "mixed_float16") else wanted
    if wanted == "auto" or (wanted == "mixed_bfloat16" and _capability() < _AMPERE):
        return "mixed_float16"
    return wanted


def _capability() -> tuple[int, int]:
    details = tf.config.experimental.get_device_details(GPUS[0])
    return tuple(details.get("compute_capability", _AMPERE))


def precision() -> str:
    """The policy of layers built now."""
    return str(keras.mixed_precision.global_policy().name)


def jit_compile() -> bool:
    """Whether XLA pays: on one GPU it does; on a CPU it was seen 2 to 20 times slower.

    Not on several GPUs: what they tell each other in a step is nothing that XLA can compile.
    """
    return len(GPUS) == 1


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error of TensorFlow says that the device's memory is full."""
    told = str(error).lower()
    return isinstance(error, tf.errors.ResourceExhaustedError) or (
        isinstance(error, tf.errors.OpError) and any(words in told for words in _FULL)
    )


def report() -> dict[str, Any]:
    """What this process computes on and with: device, software, precision, for metrics."""
    if not GPUS:
        return {**hardware.report(), "software": _software(), "precision": precision()}
    name = tf.config.experimental.get_device_details(GPUS[0]).get("device_name", "GPU")
    several = f"{len(GPUS)} x " if len(GPUS) > 1 else ""
    return {
        "device": f"{several}{name}, driver {hardware.nvidia_smi('driver_version') or 'unknown'}",
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
