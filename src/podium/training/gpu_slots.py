"""One GPU for each process of a sweep: a slot is taken before TensorFlow looks for devices."""

from __future__ import annotations

import fcntl
import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from podium.core.errors import SettingsError
from podium.core.files import scratch_dir

VARIABLE, VISIBLE = "PODIUM_GPU_SLOTS", "CUDA_VISIBLE_DEVICES"
PAUSE, REMIND = 1.0, 60.0  # seconds between two attempts, and between two messages

_held: list[int] = []  # never closed: the operating system frees the lock with the process


@dataclass(frozen=True)
class Gpu:
    """A GPU.

    Attributes:
        name: its name in CUDA_VISIBLE_DEVICES.
        key: the name by which all processes lock it.
    """

    name: str
    key: str


def take() -> None:
    """Wait for a free slot on a GPU and make that GPU the only one this process sees.

    `PODIUM_GPU_SLOTS` says how many processes share a GPU; if it is not set, nothing happens. The
    operating system frees the slot when the process ends. Processes that this one starts see the
    same GPU and take no slot of their own.

    Raises:
        SettingsError: the variable is no positive integer.
    """
    per_gpu = os.environ.get(VARIABLE)
    if not per_gpu:
        return
    if not re.fullmatch("[1-9][0-9]*", per_gpu):
        raise SettingsError(
            f"{VARIABLE}={per_gpu}: not a number of processes for each GPU, 1 or more"
        )
    gpus = visible_gpus()
    if gpus:
        gpu = _first_free(gpus, int(per_gpu))
        os.environ[VISIBLE] = gpu.name
    else:
        print(f"note: {VARIABLE}={per_gpu}, but no GPU is there", file=sys.stderr)
    del os.environ[VARIABLE]


def visible_gpus() -> list[Gpu]:
    """Return the GPUs this process may use: in CUDA_VISIBLE_DEVICES, or else all of nvidia-smi."""
    uuids = _uuids()
    chosen = os.environ.get(VISIBLE)
    if chosen is None:  # by uuid: CUDA numbers them by speed, nvidia-smi by where they sit
        return [Gpu(uuid, uuid) for uuid in uuids.values()]
    gpus = []
    for name in (part.strip() for part in chosen.split(",")):
        if name in ("", "-1"):  # for CUDA the list ends there
            break
        uuid = uuids.get(name) or next(
            (full for full in uuids.values() if full.startswith(name)), name
        )
        gpus.append(Gpu(name, uuid))
    return gpus


def _uuids() -> dict[str, str]:
    """Index -> uuid of every GPU of the machine."""
    if not shutil.which("nvidia-smi"):
        return {}
    command = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines() if result.returncode == 0 else []
    pairs = (line.partition(",") for line in lines if "," in line)
    return {index.strip(): uuid.strip() for index, _, uuid in pairs}


def _first_free(gpus: Sequence[Gpu], per_gpu: int) -> Gpu:
    folder = scratch_dir("gpu-slots")
    # every GPU gets its first process before one gets a second
    slots = [(gpu, folder / f"{gpu.key}.{slot}") for slot in range(per_gpu) for gpu in gpus]
    last_message = -math.inf
    while True:
        for gpu, path in slots:
            if _take_slot(path):
                return gpu
        now = time.monotonic()
        if now - last_message >= REMIND:
            last_message = now
            which = f"all {len(slots)} slots on {len(gpus)} GPUs" if len(gpus) > 1 else "the GPU"
            print(f"{which} taken ({VARIABLE}), waiting", file=sys.stderr, flush=True)
        time.sleep(PAUSE)


def _take_slot(path: Path) -> bool:
    """Lock the slot if it is free; its file holds the process id, for people to see."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())
    _held.append(file)
    return True
