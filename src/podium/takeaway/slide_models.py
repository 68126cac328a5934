"""The segmenter as one graph: a tile in, the probability of its classes for each pixel out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from podium.core.errors import SettingsError
from podium.slides.segmenter import Segmenter
from podium.takeaway.portable import Floats, Pixels, Portable
from podium.training import artefact
from podium.training.runtime import keras


def portable_segmenter(path: Path) -> Portable:
    """Return the mean of all folds: tiles (N, S, S, 3) -> probabilities (N, S, S).

    Those of a segmenter of K > 1 classes are (N, K, S, S).

    Args:
        path: of the artefact.
    """
    segmenter, (trained, says) = Segmenter(path), artefact.load(path)
    side = segmenter.tiles.tile
    pixels = keras.Input((side, side, 3), name="pixels", dtype="float32")
    folds = [_probabilities(logits) for logits in keras.tree.flatten(trained(pixels))]
    mean = keras.ops.mean(keras.ops.stack(folds), axis=0)
    model = keras.Model(pixels, keras.layers.Identity(name="answers")(mean))

    def inputs(picture: Pixels) -> list[Pixels]:
        if min(picture.shape[:2]) < side:
            raise SettingsError(
                f"a picture of {picture.shape[1]}x{picture.shape[0]} px: tiles for this model are "
                f"{side}x{side} px\nremedy: give pictures that are at least so large"
            )
        return [np.ascontiguousarray(picture[:side, :side])]

    def answer(pictures: Sequence[Pixels]) -> Floats:
        tiles = np.stack([inputs(picture)[0] for picture in pictures])
        return segmenter.heat(tiles).astype(np.float64)

    names, scale = segmenter.classes, says["tiles"].get("target_mpp")
    n_classes = [len(names)] if len(names) > 1 else []
    description = {
        "task": says["task"],
        "inputs": [
            {"name": "pixels", "shape": ["N", side, side, 3], "dtype": "float32",
             "pixels": f"RGB of 0 to 255; a tile at {scale} micrometres per pixel"}
        ],
        "output": {"shape": ["N", *n_classes, side, side],
                   "meaning": f"probability of {' / '.join(names)} of each pixel"},
    }  # fmt: skip
    return Portable(model, inputs, answer, description)


def _probabilities(logits: Any) -> Any:
    """As the segmenter has them: of tumour (N, H, W), or of K classes (N, K, H, W)."""
    if logits.shape[-1] == 1:
        return keras.ops.sigmoid(logits[..., 0])
    return keras.ops.transpose(keras.ops.softmax(logits)[..., 1:], (0, 3, 1, 2))
