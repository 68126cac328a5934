"""The readers as Keras models: pixels (N, H, W, 3) of 0 to 255 in, logits (N, T, C) out.

Class 0 is the blank (`ctc.BLANK`), class k >= 1 the label k of a charset. `crnn` has a time step
for every 4 or 8 pixels of width and learns by CTC; so does `ctc`, whose steps know of their
surroundings alone, so that it cannot learn whole pictures by heart; `cnn` has one step for each
character and never uses the blank.
"""

from __future__ import annotations

from typing import Any

from podium.training.artefact import MetadataLayer
from podium.training.distribution import batch_normalization, in_scope
from podium.training.runtime import keras

layers, ops = keras.layers, keras.ops
GREY_LEVEL = 1.0  # pictures with less contrast than this are not stretched any further
DECADE = 2.302585  # of a natural logarithm
_MOMENTUM = 0.95  # of batch statistics: settled after some 60 steps


@keras.saving.register_keras_serializable("podium")
class Standardise(keras.layers.Layer):
    """Pictures (N, H, W, 3) of 0 to 255, normalised in two ways -> (N, H, W, 6) float32.

    The first three channels have mean 0 each and standard deviation 1 over all. The other three
    are the differences from the mean on a scale that is linear up to one grey level and
    logarithmic beyond (asinh), so that nearly invisible glyphs stand out beside dark dots. Dark
    stays dark, and colours stay apart.
    """

    def call(self, pixels: Any) -> Any:
        """Pictures (N, H, W, 3) of any dtype -> (N, H, W, 6) float32."""
        pixels = ops.cast(pixels, "float32")
        centred = pixels - ops.mean(pixels, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True)
        plain = centred / (ops.sqrt(variance) + GREY_LEVEL)
        return ops.concatenate([plain, ops.arcsinh(centred / GREY_LEVEL) / DECADE], axis=-1)


@in_scope
def build(
    kind: str,
    size: tuple[int, int],
    n_classes: int,
    n_characters: int,
    width: int,
    description: dict[str, Any],
    step: int = 8,
) -> keras.Model:
    """An untrained reader.

    Args:
        kind: cnn, crnn or ctc.
        size: (w, h) of the pictures, pixels.
        n_classes: C, the characters and the blank.
        n_characters: time steps T of a cnn; ignored for others.
        width: channels of the first layer; all others grow with it.
        description: metadata that is kept in the artefact.
        step: pixels of width for each time step of others, 4 or 8.
    """
    pixels = keras.Input((size[1], size[0], 3), name="pixels")
    x = Standardise(name="standardise")(MetadataLayer(description, name="described")(pixels))
    x = convolution(x, width, 5, stride=2)
    for channels, pool in ((1.5, (2, 2)), (3, (2, 1)), (4, (1, step // 4)), (6, (2, 1))):
        x = layers.MaxPooling2D(pool)(convolution(x, int(channels * width)))
    if kind == "cnn":
        return keras.Model(pixels, _cnn_head(x, width, n_classes, n_characters), name=kind)
    return keras.Model(pixels, _ctc_head(x, width, n_classes, kind == "crnn"), name=kind)


def convolution(x: Any, channels: int, side: int = 3, stride: int = 1) -> Any:
    """Features (N, H, W, C) through a convolution, batch normalisation and ReLU.

    Args:
        x: a Keras tensor.
        channels: of the output.
        side: of the square kernel.
        stride: of the kernel, each way.
    """
    x = layers.Conv2D(channels, side, stride, "same", use_bias=False)(x)
    return layers.ReLU()(batch_normalization(_MOMENTUM)(x))


def _ctc_head(x: Any, width: int, n_classes: int, recurrent: bool) -> Any:
    """Features (N, h, T, D) -> logits (N, T, C)."""
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = layers.Dense(8 * width, use_bias=False)(x)
    x = layers.ReLU()(batch_normalization(_MOMENTUM)(x))
    if recurrent:
        x = layers.Bidirectional(layers.GRU(6 * width, return_sequences=True))(x)
    return layers.Dense(n_classes, dtype="float32", name="logits")(x)


def _cnn_head(x: Any, width: int, n_classes: int, n_characters: int) -> Any:
    """Features (N, h, w, D) -> logits (N, T, C), one step per character."""
    x = layers.MaxPooling2D((1, 2))(convolution(x, 8 * width))
    x = layers.Dense(16 * width, use_bias=False)(layers.Flatten()(x))
    x = layers.ReLU()(batch_normalization(_MOMENTUM)(x))
    x = layers.Dense(n_characters * n_classes, dtype="float32", name="logits")(x)
    return layers.Reshape((n_characters, n_classes), dtype="float32")(x)


def n_steps(model: keras.Model) -> int:
    """The number of time steps T of a reader."""
    return int(model.output_shape[1])
