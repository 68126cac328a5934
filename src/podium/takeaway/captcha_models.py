"""Captcha readers as one graph: pixels in, probabilities of characters by time step out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from podium.captcha.network import DECADE, GREY_LEVEL, Standardise
from podium.captcha.reader import READER, CaptchaReader
from podium.core.errors import SettingsError
from podium.takeaway.portable import Floats, Pixels, Portable
from podium.training import artefact
from podium.training.model_file import read_description
from podium.training.runtime import keras

DECODING = (
    "the likeliest class of each step; then repeated ones once, then without blanks (class 0); "
    "class k is character k - 1 of the charset"
)
ONE_EACH = "the likeliest class of each step; class k is character k - 1 of the charset"


def portable_reader(path: Path, any_width: bool) -> Portable:
    """Return a reader whose output is the probabilities (N, T, C) of each time step.

    Args:
        path: of the artefact.
        any_width: whether pictures may be wider or narrower than those it learnt on.

    Raises:
        SettingsError: a reader with one step for each character has one width only.
    """
    reader, says = CaptchaReader(path), read_description(path)
    loaded, _ = artefact.load(path)
    parts = {layer.name: layer for layer in loaded.layers if isinstance(layer, keras.Model)}
    trained, (h, w, _) = parts.get(READER, loaded), reader.logits.shape
    if any_width and says["kind"] == "cnn":
        raise SettingsError(
            f"{path.name}: a {says['kind']} has one step for each character, and one width\n"
            "remedy: leave --any-width out, or export a crnn"
        )
    trained = _rebuilt(trained, (h, None if any_width else w))
    pixels = keras.Input((h, None if any_width else w, 3), name="pixels", dtype="float32")
    softmax = keras.layers.Softmax(axis=-1, name="answers")
    model = keras.Model(pixels, softmax(keras.tree.flatten(trained(pixels))[0]))

    def inputs(picture: Pixels) -> list[Pixels]:
        if reader.finder is None:
            return [reader.fit(picture)]
        if picture.shape[:2] != (h, w):
            return [reader.strip(Path("the sheet"), picture, reader.finder)]
        return [picture]

    def answer(pictures: Sequence[Pixels]) -> Floats:
        logits = reader.logits(np.stack([inputs(picture)[0] for picture in pictures]))
        powers = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
        return np.asarray(powers / powers.sum(-1, keepdims=True))

    return Portable(model, inputs, answer, _description(says, h, "W" if any_width else w))


def _description(says: dict[str, Any], h: int, w: int | str) -> dict[str, Any]:
    charset = says["charset"]
    shape = ["N", h, w, 3]
    return {
        "task": says["task"],
        "inputs": [
            {"name": "pixels", "shape": shape, "dtype": "float32", "pixels": "RGB of 0 to 255"}
        ],
        "output": {
            "shape": ["N", "T", len(charset) + 1],
            "meaning": "probability of each class at each time step",
            "decoding": ONE_EACH if says["kind"] == "cnn" else DECODING,
        },
        **({"ctc": True} if says["kind"] != "cnn" else {}),
        **({"recurrent": True} if says["kind"] == "crnn" else {}),
        "charset": charset,
        "rules": says["rules"],
        **{name: says[name] for name in ("fit", "chance") if name in says},
    }


def _rebuilt(model: keras.Model, shape: tuple[int, int | None]) -> keras.Model:
    """The same reader for pictures (N, *shape, 3), of operations that every format has.

    Only reshaping knows the width. LiteRT has no asinh.
    """

    def layer_for(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.layers.Reshape) and shape[1] is None:
            return keras.layers.Reshape((-1, layer.target_shape[-1]), name=layer.name)
        kind = StandardiseByLogs if type(layer) is Standardise else type(layer)
        return kind.from_config(layer.get_config())

    pixels = keras.Input((*shape, 3), name="pixels")
    given = [pixels] if isinstance(model.input, list) else pixels
    copy = keras.models.clone_model(model, input_tensors=given, clone_function=layer_for)
    copy.set_weights(model.get_weights())
    return copy


class StandardiseByLogs(Standardise):
    """As `Standardise`, with asinh as a logarithm: sign(x) log(|x| + sqrt(x x + 1))."""

    def call(self, pixels: Any) -> Any:
        """Pictures (N, H, W, 3) of any dtype -> (N, H, W, 6) float32."""
        ops = keras.ops
        pixels = ops.cast(pixels, "float32")
        centred = pixels - ops.mean(pixels, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True)
        grey = centred / GREY_LEVEL
        asinh = ops.sign(grey) * ops.log(ops.abs(grey) + ops.sqrt(ops.square(grey) + 1))
        plain = centred / (ops.sqrt(variance) + GREY_LEVEL)
        return ops.concatenate([plain, asinh / DECADE], axis=-1)
