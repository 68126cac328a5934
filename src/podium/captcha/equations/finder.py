"""The line finder: a small network that maps a picture of any size, and its artefact."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.line_maps import (
    CELL,
    SAME,
    boxes_of,
    overlap,
    shrunk,
)
from podium.captcha.equations.scene import Box
from podium.core.errors import PodiumError
from podium.training import artefact
from podium.training.artefact import MetadataLayer
from podium.training.distribution import batch_normalization, in_scope
from podium.training.runtime import keras, tf

TASK = "equation-lines"
layers = keras.layers
_MOMENTUM = 0.95  # of batch statistics: settled after some 60 steps
_SMALL = 48  # height of a line, pixels, below which it is looked at again
_AROUND = 64  # pixels around such a line that are looked at
_SHIFTS = ((0, 0), (2, 6), (4, 4), (6, 2), (8, 8))  # of the cells, pixels

Pair = tuple[int, int]


@in_scope
def build(width: int) -> keras.Model:
    """An untrained finder: `maps.shrunk` (N, h, w, 3) -> logits (N, h/2, w/2, 2).

    A U-Net (Ronneberger et al. 2015) of three levels.

    Args:
        width: channels of the first level; the others have two and three times as many.
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    x = MetadataLayer({"task": TASK}, name="described")(pixels)
    x = layers.Rescaling(1 / SAME, offset=-1)(x)
    high = _convolved(x, width, 5, stride=2)
    middle = _convolved(_convolved(high, 2 * width, stride=2), 2 * width)
    low = _convolved(_convolved(middle, 3 * width, stride=2), 3 * width)
    low = _convolved(low, 3 * width)
    middle = _convolved(_joined(middle, low, 2 * width), 2 * width)
    high = _convolved(_joined(high, middle, width), width)
    return keras.Model(pixels, layers.Conv2D(2, 1, dtype="float32", name="logits")(high))


def _convolved(x: Any, channels: int, side: int = 3, stride: int = 1) -> Any:
    x = layers.Conv2D(channels, side, stride, "same", use_bias=False)(x)
    return layers.ReLU()(batch_normalization(_MOMENTUM)(x))


def _joined(fine: Any, coarse: Any, channels: int) -> Any:
    """Two levels side by side, the coarser one at the size of the finer one."""
    return layers.Concatenate()([fine, layers.UpSampling2D(2)(_convolved(coarse, channels, 1))])


class LineFinder:
    """Finds the lines on pictures of any size."""

    def __init__(self, model: keras.Model) -> None:
        given = [tf.TensorSpec((1, None, None, 3), tf.float32)]
        self._graph = tf.function(lambda x: tf.sigmoid(model(x, training=False)), given)

    @classmethod
    def load(cls, path: Path) -> LineFinder:
        """The finder in the artefact at `path`.

        Raises:
            PodiumError: the file cannot be read, or holds another model.
        """
        model, found = artefact.load(path)
        if found.get("task") != TASK:
            raise PodiumError(f"{path}: a podium model, but not one that finds lines")
        return cls(model)

    def maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (h, w, 2) of lines and of glyphs in the cells of a picture (H, W, 3)."""
        found = self._graph(tf.cast(shrunk(pixels)[None], tf.float32)).numpy()[0]
        h, w = -(-pixels.shape[0] // CELL), -(-pixels.shape[1] // CELL)
        return np.asarray(found[:h, :w], dtype=np.float32)

    def find(self, pixels: NDArray[np.uint8]) -> list[Box]:
        """The boxes of the lines on a picture (H, W, 3), from top to bottom.

        Small lines, on which a cell is a good part of the height, are looked at again.
        """
        found = boxes_of(self.maps(pixels), (pixels.shape[1], pixels.shape[0]))
        return [self._again(pixels, one) if one[3] - one[1] < _SMALL else one for one in found]

    def _again(self, pixels: NDArray[np.uint8], box: Box) -> Box:
        """The box of a line from the mean of maps whose cells lie differently on its pixels."""
        left, top = (max(side - _AROUND, 0) // CELL * CELL for side in box[:2])
        size = (
            min(box[2] + _AROUND, pixels.shape[1]) - left,
            min(box[3] + _AROUND, pixels.shape[0]) - top,
        )
        maps = np.mean([self._shifted(pixels, (left, top), size, by) for by in _SHIFTS], axis=0)
        found = [
            (x0 + left, y0 + top, x1 + left, y1 + top) for x0, y0, x1, y1 in boxes_of(maps, size)
        ]
        best = max(found, key=partial(overlap, box), default=box)
        return best if overlap(best, box) > 0.5 else box

    def _shifted(
        self, pixels: NDArray[np.uint8], at: Pair, size: Pair, shift: Pair
    ) -> NDArray[np.float32]:
        """Maps (h, w, 2) of the part of a picture at x, y; cells begin `shift` before it."""
        x, y = (max(one - more, 0) for one, more in zip(at, shift, strict=True))
        maps = self.maps(pixels[y : at[1] + size[1], x : at[0] + size[0]])
        way = np.array([[1, 0, (x - at[0]) / CELL], [0, 1, (y - at[1]) / CELL]])
        cells = (-(-size[0] // CELL), -(-size[1] // CELL))
        edge = cv2.BORDER_REPLICATE
        return cast(NDArray[np.float32], cv2.warpAffine(maps, way, cells, borderMode=edge))
