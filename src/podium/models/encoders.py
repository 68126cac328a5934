"""Pretrained networks that give feature maps at five strides, for segmentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from podium.core.errors import SettingsError
from podium.models import keras_networks
from podium.models.backbones import CAFFE_MEANS
from podium.models.extractor_table import ExtractorSpec, find
from podium.models.torch_state import weights_path

ENCODERS = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "vgg16")


def encoder(name: str, weights: str, weights_dir: Path) -> Any:
    """Return a network from RGB (N, H, W, 3) of 0 to 255 and any size to five feature maps.

    They are those at strides 2, 4, 8, 16 and 32, (N, h, w, C) each; preprocessing is inside. Batch
    normalisation is frozen: Keras forgets a nested network's `training=False`.

    Args:
        name: efficientnet-lite0 to -lite2, or vgg16.
        weights: as for `build`; `none` leaves any network untrained.
        weights_dir: the folder of local weights files.

    Raises:
        SettingsError: another network, or a `weights` word that does not fit it.
        PodiumError: the weights file is missing, altered, or of another network.
    """
    from podium.training.runtime import keras

    spec, key = find(name), "train_segmenter.weights"
    lite = spec.family == "lite"
    if name not in ENCODERS or not (
        weights in ("package", "none") if lite else weights != "package"
    ):
        choices = "package, or none" if lite else "download, none, or a file's sha256"
        raise SettingsError(f"{key}: {weights!r} does not fit {name}; say {choices}")
    if lite:
        model, taps = _lite_taps(spec, weights)
        prepare = keras.layers.Rescaling(1 / 128, offset=-127 / 128)
    else:
        options = {"input_shape": (None, None, 3)}
        model = keras_networks.build(name, weights, weights_dir, options, key)
        taps = [model.get_layer(f"block{k}_pool").output for k in range(1, 6)]
        prepare = keras.layers.Normalization(mean=CAFFE_MEANS, variance=[1.0, 1.0, 1.0])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    pixels = keras.Input((None, None, 3))
    channels = pixels if lite else keras.ops.flip(pixels, axis=-1)  # VGG16 takes BGR
    maps = keras.Model(model.inputs, taps)(prepare(channels), training=False)
    return keras.Model(pixels, maps, name="encoder")


def _lite_taps(spec: ExtractorSpec, weights: str) -> tuple[Any, list[Any]]:
    from podium.models import efficientnet_lite

    variant = int(spec.builder)
    model = efficientnet_lite.build(variant, None)
    if weights != "none":
        efficientnet_lite.load_weights(model, weights_path(variant))
    return model, list(efficientnet_lite.taps(model, variant).values())
