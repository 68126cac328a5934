"""Processor, memory and GPU of the machine, without TensorFlow."""

from __future__ import annotations

import functools
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

GIB = 2**30


def cores(cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """How many processors this process may use: by its affinity, and by its container's quota."""
    if hasattr(os, "sched_getaffinity"):
        n_processors = len(os.sched_getaffinity(0))
    else:
        n_processors = os.cpu_count() or 1
    quota = _text(cgroups / "cpu.max").split()
    old = [cgroups / f"cpu/cpu.cfs_{name}_us" for name in ("quota", "period")]
    quota = quota or " ".join(map(_text, old)).split()
    if len(quota) != 2 or not all(re.fullmatch(r"[1-9][0-9]{0,14}", each) for each in quota):
        return n_processors  # 'max', or -1: none
    return min(n_processors, max(1, -(-int(quota[0]) // int(quota[1]))))


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name and how many of its cores this process may use."""
    match = re.search(r"^model name\s*:\s*(.+)$", _text(cpuinfo), re.M)
    name = match[1].strip() if match else platform.machine()
    return f"{name}, {cores()} cores"


def memory_gib(meminfo: Path = Path("/proc/meminfo"), field: str = "MemTotal") -> float:
    """The memory in GiB, or its free part (field MemAvailable); 0.0 where the system is silent."""
    match = re.search(rf"^{field}:\s+(\d+) kB", _text(meminfo), re.M)
    return round(int(match[1]) * 1024 / GIB, 1) if match else 0.0


def report() -> dict[str, Any]:
    """Device, memory and software of a process without TensorFlow, for its run record."""
    return {
        "device": processor(),
        "memory_gib": memory_gib(),
        "software": f"python {platform.python_version()}",
    }


def gpu_memory_gib() -> float:
    """The memory in GiB of the first visible GPU; 0.0 where it is unknown."""
    mebibytes = gpu_info("memory.total")  # '[N/A]' where the GPU shares the machine's memory
    return round(int(mebibytes) / 1024, 1) if mebibytes.isdecimal() else 0.0


@functools.cache
def gpu_info(field: str) -> str:
    """A field of `nvidia-smi --query-gpu` for the first visible GPU; '' where it fails."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits"]
    command += [f"--id={seen}"] if seen else []
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return (done.stdout.splitlines() or [""])[0].strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
