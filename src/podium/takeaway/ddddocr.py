"""Captcha readers as the package ddddocr loads them (`import_onnx_path`, `charsets_path`).

It fits a picture to the size that the charsets file names, gives the graph float32 (1, 3, H, W)
as `input1`, and reads texts from the first output: likeliest class of each step, repeated ones
once, without class 0. Up to 1.5 it standardises pixels as for ImageNet, and expects the likeliest
classes themselves; from 1.6 on pixels are 0 to 1, and it expects a score for each class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import SettingsError
from podium.takeaway.portable import Floats, Pixels, Portable
from podium.training.runtime import keras, tf

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
OLD = "ddddocr-1.5"  # the format for versions up to 1.5


def for_ddddocr(reader: Portable, name: str) -> Portable:
    """Return a captcha reader with the input and the output that ddddocr has.

    Args:
        reader: as one graph.
        name: of the format: ddddocr for 1.6 and later, or ddddocr-1.5.

    Raises:
        SettingsError: it is no reader of single pictures.
    """
    says = reader.description
    if not says["task"].startswith("captcha-") or says["task"] == "captcha-equations":
        raise SettingsError(f"--to {name}: for readers of text and arithmetic\nremedy: --to onnx")
    h, w = reader.model.input_shape[1:3]
    mean, deviation = (MEAN, DEVIATION) if name == OLD else (0 * MEAN, 1 + 0 * MEAN)
    given = keras.Input((3, h, w), name="input1", dtype="float32")
    pixels = 255 * (keras.ops.transpose(given, (0, 2, 3, 1)) * deviation + mean)
    probs = _steps(reader.model(pixels), "ctc" in says)
    last = Likeliest if name == OLD else keras.layers.Identity
    model = keras.Model(given, last(name="answers")(probs))

    def inputs(picture: Pixels) -> list[NDArray[Any]]:
        fitted = (reader.inputs(picture)[0] / np.float32(255) - mean) / deviation
        return [fitted.transpose(2, 0, 1).astype(np.float32)]

    def answer(pictures: Sequence[Pixels]) -> Floats:
        own = np.asarray(_steps(reader.answer(pictures), "ctc" in says))
        return own.argmax(-1).astype(np.float64) if name == OLD else own

    charset = {"charset": ["", *says["charset"]], "word": False, "channel": 3,
               "image": [-1 if w is None else w, h]}  # fmt: skip
    return Portable(model, inputs, answer, {**says, "inputs": [{"name": "input1"}], **charset})


class Likeliest(keras.layers.Layer):
    """The likeliest class of each step; ONNX has no bitcast, which Keras' argmax uses."""

    def call(self, probs: Any) -> Any:
        """Probabilities (N, T, C) -> classes (N, T) int64."""
        return tf.math.argmax(probs, axis=-1)


def _steps(probs: Any, recurrent: bool) -> Any:
    """Probabilities (N, T, C), with a blank after each step where every step is a character."""
    if recurrent:
        return probs
    n_steps, n_classes = probs.shape[1:]
    blank = 0 * probs + np.eye(1, n_classes, dtype=np.float32)
    return keras.ops.reshape(keras.ops.stack([probs, blank], axis=2), (-1, 2 * n_steps, n_classes))
