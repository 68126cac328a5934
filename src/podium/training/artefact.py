"""Trained models as single .keras files that carry their own description.

The bytes of a file depend on weights, architecture, description and versions only: neither on the
clock nor on where in memory the model lay.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from podium.core.errors import PodiumError, first_line
from podium.core.files import atomic_write, locked
from podium.core.hdf5_guard import hdf5_fault
from podium.core.printable import printable
from podium.training.distribution import in_scope
from podium.training.model_file import RETRAIN, read_config, require_model
from podium.training.runtime import keras

MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
MAX_WEIGHTS_BYTES = 1 << 33


@keras.saving.register_keras_serializable("podium")
class MetadataLayer(keras.layers.Layer):
    """An identity layer whose config holds the description of a model (JSON values)."""

    def __init__(self, description: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.description = description

    def call(self, inputs: Any) -> Any:
        """Return the input, unchanged."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the layer's settings and the description."""
        return {**super().get_config(), "description": self.description}


def save(model: keras.Model, path: Path) -> None:
    """Write `model` to `path`, whole or not at all; the same model gives the same bytes."""
    with locked(path), atomic_write(path) as partial:
        model.save(partial)
        _make_reproducible(partial)


def _make_reproducible(path: Path) -> None:
    """Rewrite a .keras file (a zip) without dates, and with shared objects numbered from 1.

    Keras writes when it saved the file, and the memory addresses of objects that layers share.
    """
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(entries["metadata.json"])
    del metadata["date_saved"]
    entries["metadata.json"] = json.dumps(metadata).encode()
    numbers: dict[bytes, int] = {}
    entries["config.json"] = re.sub(
        rb'"shared_object_id": (\d+)',
        lambda match: b'"shared_object_id": %d' % numbers.setdefault(match[1], len(numbers) + 1),
        entries["config.json"],
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data)  # dated 1980, the first year of a zip


def load_bytes(data: bytes, name: str) -> tuple[keras.Model, dict[str, Any]]:
    """Return the model and the description of the artefact whose bytes are `data`.

    `name` is the file it comes from, for messages.

    Raises:
        PodiumError: as `load`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return load(path)


def _check_members(path: Path) -> None:
    """Check that a model file holds nothing else than Keras writes, and weights that can be read.

    Raises:
        PodiumError: its weights are damaged, or refer to other files.
        Exception: it is no such file.
    """
    read_config(path)
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        if unknown := sorted(set(archive.namelist()) - set(MEMBERS)):
            raise ValueError(f"it holds {printable(unknown[0])[:80]}")
        if archive.getinfo(MEMBERS[-1]).file_size > MAX_WEIGHTS_BYTES:
            raise ValueError("its weights are too large")
        archive.extract(MEMBERS[-1], folder)
        weights = Path(folder) / MEMBERS[-1]
        if fault := hdf5_fault(weights):
            raise ValueError(f"weights: {fault}")


@in_scope
def load(path: Path) -> tuple[keras.Model, dict[str, Any]]:
    """Return the model in `path` and its description. Code inside the file is refused, not run.

    The modules that define its layers must have been imported.

    Raises:
        PodiumError: the file is missing, damaged, or was not written by `save`.
    """
    require_model(path)
    try:
        _check_members(path)
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many kinds for foreign and damaged files
        reason = printable(first_line(error))[:200]
        raise PodiumError(
            f"{printable(path)}: not a model this version can read ({reason})\n{RETRAIN}"
        ) from None
    metadata = [layer for layer in model.layers if isinstance(layer, MetadataLayer)]
    if len(metadata) != 1:
        raise PodiumError(f"{printable(path)}: a Keras model, but not one of podium's\n{RETRAIN}")
    for array in model.get_weights():
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise PodiumError(f"{printable(path)}: it has weights that are no numbers\n{RETRAIN}")
    return model, dict(metadata[0].description)
