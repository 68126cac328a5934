"""Fully convolutional networks for segmentation (Long, Shelhamer & Darrell 2015, arXiv 1411.4038).

An encoder trained on ImageNet, a score per pixel at its coarsest stride, and transposed
convolutions that bring the scores up, adding those of finer strides: `finest` 32, 16 and 8 are
the paper's FCN-32s, -16s and -8s; 4 and 2 go on in the same way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.params import TrainSegmenter
from podium.models.encoders import encoder as pretrained_encoder
from podium.training.artefact import MetadataLayer
from podium.training.distribution import batch_normalization, in_scope
from podium.training.runtime import keras

layers = keras.layers
TASK = "slides"
STRIDES = (32, 16, 8, 4, 2)
_MOMENTUM = 0.9  # of batch statistics: settled after some 30 steps


@in_scope
def build(
    settings: TrainSegmenter, weights_dir: Path, description: dict[str, Any], n_classes: int = 1
) -> keras.Model:
    """A network from RGB (N, H, W, 3) of 0 to 255, sides multiples of 32, to logits (N, H, W, 1).

    The logits are of tumour; of K classes they are K + 1, none first. The encoder's batch
    statistics stay those of ImageNet.

    Args:
        settings: encoder, its weights, `finest`, `channels` of the scores on their way up (1 is
            the paper's; more are refined by 3x3 convolutions), dropout before the first score.
        weights_dir: folder of local weight files.
        description: the metadata of the artefact.
        n_classes: K.

    Raises:
        PodiumError: the weights cannot be had or belong to another network.
        SettingsError: they do not fit the encoder.
    """
    encoder = pretrained_encoder(settings.encoder, settings.weights, weights_dir)
    pixels = keras.Input((None, None, 3), name="pixels")
    x = MetadataLayer(description, name="described")(pixels)
    taps = dict(zip(STRIDES[::-1], encoder(x), strict=True))
    x = layers.Dropout(settings.dropout)(taps[32])
    n_outputs = 1 if n_classes == 1 else n_classes + 1
    channels = settings.channels if n_classes == 1 else max(settings.channels, n_outputs)
    x, stride = _score(x, channels, 32), 32
    while stride > settings.finest:
        stride //= 2
        x = _upsampled(x, channels, 2, f"up{stride}")
        x = layers.Add(name=f"fuse{stride}")([x, _score(taps[stride], channels, stride)])
        x = _refined(x, channels, stride)
    if channels > 1:
        x = layers.Conv2D(n_outputs, 1, name="score")(x)
    logits = _upsampled(x, n_outputs, stride, "whole", trainable=False)
    return keras.Model(pixels, layers.Activation("linear", dtype="float32", name="logits")(logits))


def _score(x: Any, channels: int, stride: int) -> Any:
    """A 1x1 convolution; all but that of the coarsest stride begin at 0, as in the paper."""
    start = "glorot_uniform" if channels > 1 or stride == 32 else "zeros"
    x = layers.Conv2D(channels, 1, kernel_initializer=start, name=f"score{stride}")(x)
    return batch_normalization(_MOMENTUM)(x) if channels > 1 else x


def _refined(x: Any, channels: int, stride: int) -> Any:
    """Scores of several channels after a 3x3 convolution; single ones stay, as in the paper."""
    if channels == 1:
        return x
    x = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"refine{stride}")(x)
    return layers.ReLU()(batch_normalization(_MOMENTUM)(x))


def _upsampled(x: Any, channels: int, factor: int, name: str, trainable: bool = True) -> Any:
    """A transposed convolution that begins as bilinear interpolation, channel by channel."""
    kernel = np.zeros((2 * factor, 2 * factor, channels, channels), dtype=np.float32)
    kernel[:, :, range(channels), range(channels)] = bilinear(factor)[:, :, None]
    start = keras.initializers.Constant(kernel.tolist())
    return layers.Conv2DTranspose(
        channels, 2 * factor, factor, "same", use_bias=False, kernel_initializer=start,
        name=name, trainable=trainable,
    )(x)  # fmt: skip


def bilinear(factor: int) -> NDArray[np.float32]:
    """The kernel (K, K), K = 2 factor, of a transposed convolution that interpolates linearly."""
    side = 1 - np.abs((np.arange(2 * factor) + 0.5) / factor - 1)
    return np.outer(side, side).astype(np.float32)
