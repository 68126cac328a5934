"""Networks of `keras.applications` without their top, with downloaded or local weights."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from podium.core.errors import EnvironmentFault, PodiumError, first_line
from podium.core.files import file_sha256
from podium.core.hdf5_guard import hdf5_fault
from podium.models.extractor_table import find

NO_TOP = "use this network's weights without top (Keras calls such files notop)"


def build(name: str, weights: str, weights_dir: Path, options: dict[str, Any], key: str) -> Any:
    """Return the Keras network of extractor `name`.

    Args:
        name: a row of the extractor table whose family is keras.
        weights: `download`, the sha256 of `weights_dir/<name>.weights.h5`, or `none` (random).
        weights_dir: the folder of local weights files.
        options: for the constructor in `keras.applications`.
        key: the key in params.yaml that says `weights`, for messages.

    Raises:
        PodiumError: the weights file is missing, altered, or of another network.
        EnvironmentFault: the download failed.
    """
    from podium.training.distribution import in_scope
    from podium.training.runtime import keras

    constructor = in_scope(getattr(keras.applications, find(name).builder))
    options = {"include_top": False, **options}
    if weights == "none":
        return constructor(weights=None, **options)
    if weights == "download":
        return _download(name, constructor, options)
    path = weights_dir / f"{name}.weights.h5"
    check_file(path, weights, key, "Keras' ImageNet weights without top")
    model = constructor(weights=None, **options)
    load_weights(model, path, NO_TOP)
    return model


def _download(name: str, constructor: Callable[..., Any], options: dict[str, Any]) -> Any:
    try:
        return constructor(weights="imagenet", **options)
    except Exception as error:  # Keras raises a bare Exception when the fetch fails
        raise EnvironmentFault(
            f"weights of {name}: the download failed ({first_line(error)})\n"
            f"remedy: put the file at data/weights/{name}.weights.h5 and its sha256 at "
            f"extractors.{name}.weights in params.yaml"
        ) from None


def check_file(path: Path, digest: str, key: str, kind: str) -> None:
    """Check that a weights file is there and has the sha256 that settings say.

    Args:
        path: of the file.
        digest: that sha256.
        key: the key in params.yaml that says it.
        kind: what should be there, in words.

    Raises:
        PodiumError: it is missing or altered.
    """
    if not path.is_file():
        raise PodiumError(
            f"{path}: no such weights file\nremedy: put {kind} there "
            f"and their sha256 at {key}, or say {key}: download"
        )
    if (actual := file_sha256(path)) != digest:
        raise PodiumError(
            f"{path}: its sha256 is {actual}\nbut {key} says {digest}\n"
            "remedy: if you trust the file, copy the first into params.yaml"
        )


def load_weights(model: Any, path: Path, remedy: str) -> None:
    """Load a weights file in Keras 3's or in Keras' older layout, whatever its name.

    Args:
        model: of the same layers.
        path: of the file.
        remedy: where it is of another network.

    Raises:
        PodiumError: it cannot be loaded.
    """
    import h5py

    try:
        if fault := hdf5_fault(path):
            raise ValueError(fault)
        with h5py.File(path, "r") as file:
            legacy = "layer_names" in file.attrs
        with tempfile.TemporaryDirectory() as folder:  # Keras tells the layouts apart by name
            alias = Path(folder) / ("weights.h5" if legacy else "model.weights.h5")
            alias.symlink_to(path.absolute())
            model.load_weights(alias)
    except Exception as error:  # Keras raises many kinds for files of another network
        raise PodiumError(
            f"{path}: cannot be loaded into {model.name}: {first_line(error)}\nremedy: {remedy}"
        ) from None
