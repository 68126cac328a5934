"""What a .keras file says of itself, read without TensorFlow."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from podium.core.errors import PodiumError
from podium.core.nearest import did_you_mean_file
from podium.core.printable import printable

RETRAIN = "remedy: run dvc repro, which trains it again"
MAX_CONFIG_BYTES = 1 << 26
# what zip and JSON raise for files that `artefact.save` did not write: encrypted, nested, cut, ...
_FOREIGN = (
    OSError, zipfile.BadZipFile, zlib.error, ValueError, LookupError, TypeError, AttributeError,
    NotImplementedError, RuntimeError, EOFError, MemoryError,
)  # fmt: skip


def read_task(path: Path) -> str:
    """Return the task of the model in `path` (photos, captcha-text, ...) without building it.

    Raises:
        PodiumError: the file is missing, damaged, or is no artefact of podium.
    """
    return str(read_description(path)["task"])


def read_description(path: Path) -> dict[str, Any]:
    """Return what the model in `path` says of itself, its task at least, without building it.

    Raises:
        PodiumError: the file is missing, damaged, or is no artefact of podium.
    """
    require_model(path)
    try:
        layers = [
            layer
            for layer in read_config(path)["config"]["layers"]
            if layer["class_name"] == "MetadataLayer"
        ]
        description = dict(layers[0]["config"]["description"])
        return {**description, "task": str(description["task"])}
    except _FOREIGN:
        raise PodiumError(f"{printable(path)}: not a podium model\n{RETRAIN}") from None


def read_config(path: Path) -> Any:
    """Return the configuration in the model file at `path`, as JSON values."""
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo("config.json").file_size > MAX_CONFIG_BYTES:
            raise ValueError("its configuration is too large")
        return json.loads(archive.read("config.json"))


def require_model(path: Path) -> None:
    """Raise a PodiumError if there is no file at `path`; it names the model that may be meant."""
    if not path.is_file():
        hint = did_you_mean_file(path, "*.keras")
        raise PodiumError(
            f"{printable(path)}: no such model{printable(hint)}\n"
            "remedy: run dvc repro, which trains it"
        )
