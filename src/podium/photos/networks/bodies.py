"""The networks: pixels (N, S, S, 3) of 0 to 255 -> logits or numbers (N, K), preprocessing inside.

Each consists of a preprocessing, a body that gives features (N, D), dropout and a head.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from podium.core.errors import SettingsError
from podium.core.params import PhotoNetwork
from podium.models import efficientnet_lite, extractor_table, hub_networks, keras_networks
from podium.models.backbones import CAFFE_MEANS, MEAN_STD
from podium.photos.networks.names import SMALL, is_transformer
from podium.training import distribution
from podium.training.runtime import keras

layers = keras.layers
MOMENTUM = 0.9  # of batch statistics: a few hundred steps must do


def weights_word(settings: PhotoNetwork) -> str:
    """Return which weights a body is built with, in the words of the extractor table's builders."""
    if settings.start != "imagenet":
        word = settings.start
        return word if len(word) == 64 or word == "download" else "none"
    lite = extractor_table.find(settings.network).family == "lite"
    return "package" if lite else "download"


@distribution.in_scope
def build(
    network: str, size: int, n_outputs: int, dropout: float, name: str, body: keras.Model
) -> keras.Model:
    """Return a network with an untrained head.

    Args:
        network: its name.
        size: width and height in pixels.
        n_outputs: K.
        dropout: share of the features.
        name: of the model.
        body: as `body` gives it.
    """
    pixels = keras.Input((size, size, 3), name="pixels")
    features = body(_prepared(network, pixels))
    if dropout:
        features = layers.Dropout(dropout, seed=1, name="dropout")(features)
    head = layers.Dense(n_outputs, dtype="float32", name="head")
    return keras.Model(pixels, head(features), name=name)


@distribution.in_scope
def body(network: str, size: int, weights: str, weights_dir: Path, key: str) -> keras.Model:
    """Return the part of a network that gives features: prepared pixels (N, S, S, 3) -> (N, D).

    Args:
        network: its name.
        size: S.
        weights: package, download, none, or a sha256.
        weights_dir: the folder of local weights files.
        key: the key in params.yaml that says `weights`, for messages.
    """
    if network in SMALL:
        inputs = keras.Input((size, size, 3))
        features = {"small_cnn": _small_cnn, "small_resnet": _small_resnet}[network](inputs, size)
        return keras.Model(inputs, features, name="body")
    spec = extractor_table.find(network)
    if spec.family == "lite":
        variant = int(spec.builder)
        model = efficientnet_lite.build(variant, size)
        if weights != "none":
            efficientnet_lite.load_weights(model, efficientnet_lite.weights_path(variant))
    elif spec.family == "hub":
        model = hub_networks.build(network, weights, weights_dir, key, size)
    else:
        options = {"pooling": "avg", "input_shape": (size, size, 3)}
        model = keras_networks.build(network, weights, weights_dir, options, key)
    model.name = "body"
    return model


def _prepared(network: str, pixels: Any) -> Any:
    """The pixels as the network takes them, by serialisable layers."""
    words = "x / 127.5 - 1" if network in SMALL else extractor_table.find(network).preprocessing
    if words == "inside the network":
        return pixels
    if words == "(x - 127) / 128":
        return layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaled")(pixels)
    if words == "x / 127.5 - 1":
        return layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaled")(pixels)
    if words.startswith("BGR minus ImageNet means"):
        return layers.Normalization(mean=CAFFE_MEANS, variance=[1.0] * 3, name="centred")(
            keras.ops.flip(pixels, axis=-1)
        )
    if words in MEAN_STD:
        of_one, std = MEAN_STD[words]
        mean, variance = [255 * value for value in of_one], [(255 * value) ** 2 for value in std]
        return layers.Normalization(mean=mean, variance=variance, name="standardised")(pixels)
    raise SettingsError(f"{network}: its preprocessing is not known to training ({words})")


def choose_trainable(model: keras.Model, settings: PhotoNetwork) -> None:
    """Let the head, the last block too, or all of a network learn, as its settings say.

    The last block is whatever has weights where the feature maps are smallest.
    """
    inner = model.get_layer("body")
    inner.trainable = settings.train != "head"
    if settings.train == "last_block" and is_transformer(settings.network):
        return hub_networks.train_last_block(inner)
    last = _last_block(inner) if settings.train == "last_block" else None
    for layer in inner.layers if inner.trainable else []:
        frozen = isinstance(layer, layers.BatchNormalization) and settings.batch_norm == "frozen"
        layer.trainable = not frozen and (last is None or layer.name in last)


def _last_block(inner: keras.Model) -> set[str]:
    """The names of the layers with weights whose maps are smallest, and of those after them."""
    sides = {
        layer.name: math.prod(layer.output.shape[1:-1]) for layer in inner.layers if layer.weights
    }
    least = min(side for side in sides.values() if side > 1)
    return {name for name, side in sides.items() if side <= least}


def _conv(
    x: Any, width: int, name: str, kernel: int = 3, stride: int = 1, relu: bool = True
) -> Any:
    """Convolution, batch normalisation and, if asked for, ReLU."""
    x = layers.Conv2D(
        width, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)  # fmt: skip
    x = distribution.batch_normalization(MOMENTUM, f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def _small_cnn(x: Any, size: int) -> Any:
    """Blocks of two convolutions and a pooling until maps are 4 to 7 px; D is 128 to 256."""
    if size >= 96:
        x = _conv(x, 32, "stem", stride=2)
        size = -(-size // 2)
    n_blocks = max(2, min(5, int(math.log2(size / 4))))
    for block in range(n_blocks):
        width = min(256, 32 * 2**block)
        x = _conv(x, width, f"block{block}_first")
        x = _conv(x, width, f"block{block}_second")
        if block < n_blocks - 1 or size // 2 ** (block + 1) >= 4:
            x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    return layers.GlobalAveragePooling2D(name="gap")(x)


def _small_resnet(x: Any, size: int) -> Any:
    """Three stages of two residual blocks (He et al. 2015, section 4.2), twice as wide; D = 128."""
    x = _conv(x, 32, "stem", stride=2 if size > 48 else 1)
    if size > 96:
        x = layers.MaxPooling2D(name="stem_pool")(x)
    for stage, width in enumerate((32, 64, 128)):
        for block in range(2):
            stride = 2 if stage and not block else 1
            name = f"stage{stage}_block{block}"
            shortcut = x
            if stride > 1:
                shortcut = _conv(x, width, f"{name}_shortcut", 1, stride, relu=False)
            y = _conv(x, width, f"{name}_first", stride=stride)
            y = _conv(y, width, f"{name}_second", relu=False)
            x = layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([shortcut, y]))
    return layers.GlobalAveragePooling2D(name="gap")(x)
