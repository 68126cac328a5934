"""Trained models as single .keras files that carry their own description."""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

from podium.core.errors import PodiumError, first_line
from podium.core.files import atomic_write, locked
from podium.training.distribution import in_scope
from podium.training.runtime import keras


@keras.saving.register_keras_serializable("podium")
class MetadataLayer(keras.layers.Layer):
    """Passes its input on; its config holds the artefact's description (JSON values)."""

    def __init__(self, description: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.description = description

    def call(self, inputs: Any) -> Any:
        """The input, unchanged."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The layer's settings, with the description."""
        return {**super().get_config(), "description": self.description}


def save(model: keras.Model, path: Path) -> None:
    """Write `model`, whole or not at all."""
    with locked(path), atomic_write(path) as partial:
        model.save(partial)


def load_bytes(data: bytes, name: str) -> tuple[keras.Model, dict[str, Any]]:
    """What `load` gives for the artefact whose bytes are `data`, which came from the file `name`.

    Raises:
        PodiumError: as `load`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return load(path)


def read_task(path: Path) -> str:
    """What the model in `path` is for, read without building it: photos, captcha-text, ...

    Raises:
        PodiumError: the file is missing, damaged, or was not written by `save`.
    """
    _require(path)
    try:
        with zipfile.ZipFile(path) as parts:
            config = json.loads(parts.read("config.json"))
        layers = config["config"]["layers"]
        found = [
            one["config"]["description"] for one in layers if one["class_name"] == "MetadataLayer"
        ]
        return str(found[0]["task"])
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, IndexError):
        raise PodiumError(
            f"{path}: not a podium model\nremedy: run dvc repro, which trains it again"
        ) from None


def _require(path: Path) -> None:
    if not path.is_file():
        raise PodiumError(f"{path}: no such model\nremedy: run dvc repro, which trains it")


@in_scope
def load(path: Path) -> tuple[keras.Model, dict[str, Any]]:
    """The model in `path` and its description. Nothing in the file is run.

    The layers it uses must have been registered, i.e. their module imported.

    Raises:
        PodiumError: the file is missing, damaged, or was not written by `save`.
    """
    _require(path)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many kinds for foreign and damaged files
        raise PodiumError(
            f"{path}: not a model this version can read ({first_line(error)[:200]})\n"
            "remedy: run dvc repro, which trains it again"
        ) from None
    described = [layer for layer in model.layers if isinstance(layer, MetadataLayer)]
    if len(described) != 1:
        raise PodiumError(f"{path}: a Keras model, but not one of podium's")
    return model, dict(described[0].description)
