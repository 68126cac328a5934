"""Checks of optional extras: Kaggle's client, KerasHub, DVC's plugins, CUDA's packages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from configparser import ConfigParser, Error
from pathlib import Path

from podium.doctor.environment import CheckResult, installed, pinned_versions

INSTALL = "pip install --require-hashes -r"
PLUGINS = ("azure", "gdrive", "gs", "hdfs", "oss", "s3", "ssh", "webdav", "webhdfs")  # dvc-<name>
SCHEMES = {"webdavs": "webdav", "abfs": "azure"} | {name: name for name in PLUGINS}


def kaggle(pins: Path) -> CheckResult:
    """Whether Kaggle's client is installed in the version that `pins` names."""
    return _extra("kaggle", pins, "podium download and podium submit need it", "client ")


def keras_hub(pins: Path) -> CheckResult:
    """Whether KerasHub is installed in the version that `pins` names."""
    return _extra("keras-hub", pins, "extractors such as dinov2-small need it")


def ray(pins: Path) -> CheckResult:
    """Whether Ray is installed in the version that `pins` names."""
    return _extra("ray", pins, "RAY_ADDRESS (work by a cluster) needs it")


def onnxruntime(pins: Path) -> CheckResult:
    """Whether ONNX Runtime is installed in the version that `pins` names."""
    return _extra("onnxruntime", pins, "device.engine: onnxruntime, and exports to ONNX need it")


def _extra(package: str, pins: Path, use: str, word: str = "") -> CheckResult:
    """Whether a package is installed in the version that `pins` names."""
    version = installed(package)
    if version is None:
        return CheckResult(package, "note", f"not installed; {use}: {INSTALL} {pins}")
    pinned = pinned_versions(pins).get(package, [version])
    if version not in pinned:
        text = f"{version}, pinned {' or '.join(pinned)}: {INSTALL} {pins}"
        return CheckResult(package, "note", text)
    return CheckResult(package, "ok", f"{word}{version}")


def remotes(root: Path) -> Iterator[CheckResult]:
    """Whether DVC has the plugin for each remote in the configuration of the project at `root`."""
    urls: dict[str, str] = {}
    for path in (root / ".dvc/config", root / ".dvc/config.local"):
        config = ConfigParser(interpolation=None, strict=False)
        try:
            config.read(path, encoding="utf-8")
        except (Error, UnicodeDecodeError):
            yield CheckResult("remotes", "data", f"{path}: DVC cannot read it: correct it by hand")
            continue
        for section in config.sections():
            if match := re.fullmatch(r"""'?remote "(.+)"'?""", section):
                urls[match[1]] = config.get(section, "url", fallback=urls.get(match[1], ""))
    for name, url in urls.items():
        yield _remote(name, url)


def _remote(name: str, url: str) -> CheckResult:
    scheme = url.partition("://")[0] if "://" in url else ""  # the rest may hold a password
    plugin = SCHEMES.get(scheme)
    if plugin and installed(f"dvc-{plugin}") is None:
        text = f"{scheme}:// needs a plugin of DVC that is not installed: pip install dvc-{plugin}"
        return CheckResult(f"remote {name}", "data", text)
    return CheckResult(f"remote {name}", "ok", f"{scheme}://" if scheme else "a folder")


def cuda(pins: Path) -> Iterator[CheckResult]:
    """Whether the CUDA packages that `pins` names are installed; nothing where there is no GPU."""
    if not shutil.which("nvidia-smi"):
        return
    names = [name for name in pinned_versions(pins) if re.fullmatch(r"nvidia-.+-cu\d+", name)]
    missing = [name for name in names if installed(name) is None]
    if missing:
        few = ", ".join(missing[:2]) + ", ..." * (len(missing) > 2)
        text = f"a GPU is there, but not {few}: {INSTALL} {pins} (fine if CUDA is the system's)"
        yield CheckResult("cuda", "note", text)
    else:
        yield CheckResult("cuda", "ok", f"{len(names)} packages")
