"""Facts of the machine that need no TensorFlow."""

from __future__ import annotations

import functools
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

GIB = 2**30


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor(path: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name and the number of cores that may be used."""
    match = re.search(r"^model name\s*:\s*(.+)$", _text(path), re.M)
    name = match.group(1).strip() if match else platform.machine()
    return f"{name}, {cores()} cores"


def memory_gib(path: Path = Path("/proc/meminfo"), field: str = "MemTotal") -> float:
    """Return the memory in GiB, or (MemAvailable) the free part; 0.0 if the system does not say."""
    match = re.search(rf"^{field}:\s+(\d+) kB", _text(path), re.M)
    return round(int(match.group(1)) * 1024 / GIB, 1) if match else 0.0


def report() -> dict[str, Any]:
    """Return device and software of a process without TensorFlow, for the record of a run."""
    return {
        "device": processor(),
        "memory_gib": memory_gib(),
        "software": f"python {platform.python_version()}",
    }


def gpu_memory_gib() -> float:
    """Return the memory of the first visible GPU; 0.0 if it is unknown."""
    mib = nvidia_smi("memory.total")  # '[N/A]' if the device shares the machine's
    return round(int(mib) / 1024, 1) if mib.isdecimal() else 0.0


@functools.cache
def nvidia_smi(field: str) -> str:
    """Return a field of the first visible GPU as `nvidia-smi` prints it; '' if it does not."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits"]
    command += [f"--id={visible}"] if visible else []
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return (result.stdout.splitlines() or [""])[0].strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
