"""What a project may have or do without: Kaggle's client, DVC's remotes, CUDA's packages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from configparser import ConfigParser, Error
from pathlib import Path

from podium.doctor.environment import CheckResult, installed, versions_in

INSTALL = "pip install --require-hashes -r"
PLUGINS = ("azure", "gdrive", "gs", "hdfs", "oss", "s3", "ssh", "webdav", "webhdfs")  # dvc-<name>
SCHEMES = {"webdavs": "webdav", "abfs": "azure"} | {name: name for name in PLUGINS}


def kaggle(pins: Path) -> CheckResult:
    """Whether Kaggle's client is there, as `pins` names it."""
    found = installed("kaggle")
    if found is None:
        text = f"not installed; podium download and podium submit want it: {INSTALL} {pins}"
        return CheckResult("kaggle", "note", text)
    wanted = _pinned(pins).get("kaggle", [found])
    if found not in wanted:
        return CheckResult(
            "kaggle", "note", f"{found}, pinned {' or '.join(wanted)}: {INSTALL} {pins}"
        )
    return CheckResult("kaggle", "ok", f"client {found}")


def remotes(root: Path) -> Iterator[CheckResult]:
    """Whether DVC can speak to each remote that the project at `root` names."""
    urls: dict[str, str] = {}
    for path in (root / ".dvc/config", root / ".dvc/config.local"):
        config = ConfigParser(interpolation=None, strict=False)
        try:
            config.read(path, encoding="utf-8")
        except (Error, UnicodeDecodeError):
            yield CheckResult("remotes", "data", f"{path}: DVC cannot read it: correct it by hand")
            continue
        for section in config.sections():
            if found := re.fullmatch(r"""'?remote "(.+)"'?""", section):
                urls[found[1]] = config.get(section, "url", fallback=urls.get(found[1], ""))
    for name, url in urls.items():
        yield _remote(name, url)


def _remote(name: str, url: str) -> CheckResult:
    scheme = url.partition("://")[0] if "://" in url else ""  # the rest may hold a password
    plugin = SCHEMES.get(scheme)
    what = f"remote {name}"
    if plugin and installed(f"dvc-{plugin}") is None:
        text = f"{scheme}:// wants a plugin of DVC that is not installed: pip install dvc-{plugin}"
        return CheckResult(what, "data", text)
    return CheckResult(what, "ok", f"{scheme}://" if scheme else "a folder")


def cuda(pins: Path) -> Iterator[CheckResult]:
    """Whether TensorFlow's CUDA packages, as `pins` names them, are there; if there is a GPU."""
    if not shutil.which("nvidia-smi"):
        return
    wanted = [name for name in _pinned(pins) if re.fullmatch(r"nvidia-.+-cu\d+", name)]
    missing = [name for name in wanted if installed(name) is None]
    if missing:
        few = ", ".join(missing[:2]) + ", ..." * (len(missing) > 2)
        text = f"a GPU is there, but not {few}: {INSTALL} {pins} (fine if CUDA is the system's)"
        yield CheckResult("cuda", "note", text)
    else:
        yield CheckResult("cuda", "ok", f"{len(wanted)} packages")


def _pinned(pins: Path) -> dict[str, list[str]]:
    return versions_in(pins) if pins.is_file() else {}
