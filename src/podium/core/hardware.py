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
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor(facts: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name and how many cores of it may be used."""
    found = re.search(r"^model name\s*:\s*(.+)$", _text(facts), re.M)
    name = found.group(1).strip() if found else platform.machine()
    return f"{name}, {cores()} cores"


def memory_gib(facts: Path = Path("/proc/meminfo"), what: str = "MemTotal") -> float:
    """The memory in GiB, or what of it is free (MemAvailable); 0.0 where the system is silent."""
    found = re.search(rf"^{what}:\s+(\d+) kB", _text(facts), re.M)
    return round(int(found.group(1)) * 1024 / GIB, 1) if found else 0.0


def report() -> dict[str, Any]:
    """What a process without TensorFlow computes on, for metrics."""
    return {
        "device": processor(),
        "memory_gib": memory_gib(),
        "software": f"python {platform.python_version()}",
    }


def gpu_memory_gib() -> float:
    """The memory of the first GPU in sight; 0.0 where nothing tells it."""
    told = nvidia_smi("memory.total")  # '[N/A]' where the device shares the machine's
    return round(int(told) / 1024, 1) if told.isdecimal() else 0.0


@functools.cache
def nvidia_smi(field: str) -> str:
    """What `nvidia-smi` says of the first GPU in sight; '' if it says nothing."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits"]
    command += [f"--id={seen}"] if seen else []
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return (found.stdout.splitlines() or [""])[0].strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
