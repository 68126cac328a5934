"""Vision transformers of KerasHub: built by hand, pooled, with downloaded or local weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.core.errors import EnvironmentFault, first_line
from podium.models import keras_networks
from podium.models.extractor_table import TABLE, find

INSTALL = "pip install --require-hashes -r requirements/hub.txt"
SMALL = {"num_layers": 12, "hidden_dim": 384, "num_heads": 6, "intermediate_dim": 1536}
BASE = {"num_layers": 12, "hidden_dim": 768, "num_heads": 12, "intermediate_dim": 3072}
_DINOV2 = {"patch_size": 14, "position_embedding_shape": (518, 518, 3)}
_REGISTERS = {**_DINOV2, "num_register_tokens": 4, "antialias_in_interpolation": True}
_DINOV3 = {"patch_size": 16, "num_register_tokens": 4, "use_key_bias": False}
# preset -> arguments of its class, as the preset's config.json says them; but for the picture size
ARCHITECTURES: Mapping[str, Mapping[str, Any]] = {
    "dinov2_small": {**_DINOV2, **SMALL},
    "dinov2_base": {**_DINOV2, **BASE},
    "dinov2_with_registers_small": {**_REGISTERS, **SMALL},
    "dinov2_with_registers_base": {**_REGISTERS, **BASE},
    "dinov3_vit_small_lvd1689m": {**_DINOV3, **SMALL},
    "dinov3_vit_base_lvd1689m": {**_DINOV3, **BASE},
    "siglip2_base_patch16_224": {"patch_size": 16, **BASE},
    "clip_vit_base_patch16": {"patch_size": 16, **BASE},
}
ONE_SIZE = ("SigLIPVisionEncoder", "CLIPVisionEncoder")  # its places are learnt for 224 px alone
_VISION = {"SigLIPVisionEncoder": "SigLIPBackbone", "CLIPVisionEncoder": "CLIPBackbone"}


def build(name: str, weights: str, weights_dir: Path, key: str, size: int = 0) -> Any:
    """Return the pooled network of extractor `name`: prepared pictures -> features (N, D).

    Args:
        name: a row of the extractor table whose family is hub.
        weights: `download`, the sha256 of `weights_dir/<name>.weights.h5`, or `none` (random).
        weights_dir: the folder of local weights files.
        key: the key in params.yaml that says `weights`, for messages.
        size: width and height of the pictures in pixels; 0: as the table says.

    Raises:
        PodiumError: the weights file is missing, altered, or of another network.
        EnvironmentFault: KerasHub is not installed, or the download failed.
    """
    from podium.training.distribution import in_scope

    if weights == "download":
        return pooled(in_scope(downloaded)(name, size))
    path = weights_dir / f"{name}.weights.h5"
    if weights != "none":
        kind = "KerasHub's weights (docs/add-extractor.md says how to fetch them)"
        keras_networks.check_file(path, weights, key, kind)
    spec = find(name)
    side = size or spec.image_size
    config = {**ARCHITECTURES[spec.builder], "image_shape": (side, side, 3)}
    network = in_scope(untrained)(spec.module, config, key)
    if weights != "none":
        remedy = f"use the file that python -m podium.models.fetch_weights {name} writes"
        keras_networks.load_weights(network, path, remedy)
    return pooled(network)


def untrained(module: str, config: Mapping[str, Any], key: str) -> Any:
    """Return the network of a class of KerasHub with random weights: pictures -> tokens (N, T, C).

    Args:
        module: the class.
        config: its arguments.
        key: the setting that asks for it, for messages.

    Raises:
        EnvironmentFault: KerasHub is not installed.
    """
    return _class(module, key)(**config)


def downloaded(name: str, size: int = 0) -> Any:
    """Return the network of extractor `name` with the weights of its preset, from Kaggle.

    Its pictures are `size` px a side; 0: as the table says.

    Raises:
        EnvironmentFault: KerasHub is not installed, or the download failed.
    """
    spec = find(name)
    backbone = _class(_VISION.get(spec.module, spec.module), f"extractors.{name}")
    whole = spec.module in _VISION  # the preset holds a network for texts, too
    side = size or spec.image_size
    options = {} if whole else {"image_shape": (side, side, 3)}
    try:
        network = backbone.from_preset(spec.builder, **options)
    except Exception as error:  # kagglehub raises many kinds
        raise EnvironmentFault(
            f"weights of {name}: the download failed ({first_line(error)})\n"
            f"remedy: put the file at data/weights/{name}.weights.h5 and its sha256 at "
            f"extractors.{name}.weights in params.yaml; docs/add-extractor.md says how"
        ) from None
    return network.vision_encoder if whole else network


def _class(name: str, key: str) -> Any:
    from podium.training import runtime  # noqa: F401 (TensorFlow is set up before KerasHub)

    try:
        import keras_hub  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise EnvironmentFault(
            f"{key}: it needs KerasHub, which cannot be imported ({first_line(error)})\n"
            f"remedy: {INSTALL}"
        ) from None
    models = keras_hub.models
    if hasattr(models, name):
        return getattr(models, name)
    return getattr(keras_hub.layers, name)


def require(name: str, key: str) -> None:
    """Import KerasHub, without which the layers of network `name` cannot be read from a file.

    Raises:
        EnvironmentFault: it is not installed; `key` says what needs it.
    """
    if name in TABLE and TABLE[name].family == "hub":
        _class(TABLE[name].module, key)


def train_last_block(network: Any) -> None:
    """Let the last block of a pooled network learn, with all after it and nothing before it."""
    units: list[Any] = []
    for layer in network.layers:
        units += layer.layers if type(layer).__name__.endswith("Encoder") else [layer]
    last = max(k for k, unit in enumerate(units) if type(unit).__name__.endswith("Layer"))
    for number, unit in enumerate(units):
        unit.trainable = number >= last


def pooled(network: Any) -> Any:
    """Return a network with features (N, D) of one with tokens (N, T, C) or pooled ones (N, C).

    DINO: class token and mean of the patches, side by side (D = 2 C), as in the linear probes of
    Oquab et al. 2023; CLIP: the class token; SigLIP pools itself.
    """
    from podium.training.runtime import keras

    for weight in network.weights:  # of DINO's own training alone
        weight.trainable = weight.trainable and weight.name != "mask_token"
    tokens = network.output
    if len(tokens.shape) == 2:
        features = tokens
    elif type(network).__name__.startswith("DINO"):
        patches = tokens[:, 1 + network.num_register_tokens :]
        features = keras.ops.concatenate([tokens[:, 0], keras.ops.mean(patches, axis=1)], axis=-1)
    else:
        features = tokens[:, 0]
    (pixels,) = network.inputs
    return keras.Model(pixels, features, name=f"{network.name}_pooled")
