"""The line finder: a small network that finds the lines of text on a picture of any size."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.line_maps import CELL, PAPER_LEVEL, find_boxes, network_input, overlap
from podium.captcha.equations.paper import like_drawn, tilt, turned
from podium.captcha.equations.scene import Box
from podium.captcha.network import convolution
from podium.core.errors import PodiumError
from podium.training import artefact, model_file
from podium.training.artefact import MetadataLayer
from podium.training.distribution import in_scope
from podium.training.runtime import keras, tf

TASK = "equation-lines"
layers = keras.layers
_SMALL = 48  # height of a line, pixels, below which its box is refined
_MOST = 16  # lines that are refined: more are noise, and would take minutes
_MARGIN = 64  # pixels around such a line that the refinement sees
_SHIFTS = ((0, 0), (2, 6), (4, 4), (6, 2), (8, 8))  # of the grid of cells, pixels

Pair = tuple[int, int]


@in_scope
def build(width: int) -> keras.Model:
    """An untrained finder, a U-Net (Ronneberger et al. 2015) of three levels.

    It takes `line_maps.network_input` (N, h, w, 3) and returns logits (N, h/2, w/2, 2).

    Args:
        width: channels of the first level; the others have two and three times as many.
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    x = MetadataLayer({"task": TASK}, name="described")(pixels)
    x = layers.Rescaling(1 / PAPER_LEVEL, offset=-1)(x)
    high = convolution(x, width, 5, stride=2)
    middle = convolution(convolution(high, 2 * width, stride=2), 2 * width)
    low = convolution(convolution(middle, 3 * width, stride=2), 3 * width)
    low = convolution(low, 3 * width)
    middle = convolution(_joined(middle, low, 2 * width), 2 * width)
    high = convolution(_joined(high, middle, width), width)
    return keras.Model(pixels, layers.Conv2D(2, 1, dtype="float32", name="logits")(high))


def _joined(fine: Any, coarse: Any, channels: int) -> Any:
    """The channels of two levels concatenated, the coarser one enlarged to the finer one's size."""
    return layers.Concatenate()([fine, layers.UpSampling2D(2)(convolution(coarse, channels, 1))])


class LineFinder:
    """Finds the lines of text on pictures of any size."""

    def __init__(self, model: keras.Model) -> None:
        signature = [tf.TensorSpec((1, None, None, 3), tf.float32)]
        self._graph = tf.function(lambda x: tf.sigmoid(model(x, training=False)), signature)

    @classmethod
    def load(cls, path: Path) -> LineFinder:
        """The finder of the artefact at `path`.

        Raises:
            PodiumError: the file cannot be read, or holds another model.
        """
        model, metadata = artefact.load(path)
        if metadata.get("task") != TASK:
            raise PodiumError(
                f"{path}: a podium model, but not one that finds lines\n{model_file.RETRAIN}"
            )
        return cls(model)

    def maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (h, w, 2) of line and of glyph in each cell of a picture (H, W, 3)."""
        maps = self._graph(tf.cast(network_input(pixels)[None], tf.float32)).numpy()[0]
        h, w = -(-pixels.shape[0] // CELL), -(-pixels.shape[1] // CELL)
        return np.asarray(maps[:h, :w], dtype=np.float32)

    def lines(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], list[Box]]:
        """A sheet (H, W, 3) on any paper, made like drawn ones and upright, and its lines."""
        pixels = like_drawn(pixels)
        maps = self.maps(pixels)
        if degrees := tilt(maps[..., 1]):
            pixels = turned(pixels, degrees)
            maps = self.maps(pixels)
        return pixels, self._boxes(pixels, maps)

    def find(self, pixels: NDArray[np.uint8]) -> list[Box]:
        """The boxes of the lines on a picture (H, W, 3), RGB, from top to bottom."""
        return self._boxes(pixels, self.maps(pixels))

    def _boxes(self, pixels: NDArray[np.uint8], maps: NDArray[np.float32]) -> list[Box]:
        """The boxes of the lines on a picture (H, W, 3) by its maps (h, w, 2), from the top.

        The boxes of small lines, whose height is but a few cells, are refined.
        """
        boxes = find_boxes(maps, (pixels.shape[1], pixels.shape[0]))
        if len(boxes) > _MOST:
            return boxes
        return [self._refined(pixels, box) if box[3] - box[1] < _SMALL else box for box in boxes]

    def _refined(self, pixels: NDArray[np.uint8], box: Box) -> Box:
        """The box of a line from the mean of maps with differently placed cells."""
        left, top = (max(side - _MARGIN, 0) // CELL * CELL for side in box[:2])
        size = (
            min(box[2] + _MARGIN, pixels.shape[1]) - left,
            min(box[3] + _MARGIN, pixels.shape[0]) - top,
        )
        maps = np.mean([self._shifted(pixels, (left, top), size, by) for by in _SHIFTS], axis=0)
        boxes = [
            (x0 + left, y0 + top, x1 + left, y1 + top) for x0, y0, x1, y1 in find_boxes(maps, size)
        ]
        best = max(boxes, key=partial(overlap, box), default=box)
        return best if overlap(best, box) > 0.5 else box

    def _shifted(
        self, pixels: NDArray[np.uint8], corner: Pair, size: Pair, shift: Pair
    ) -> NDArray[np.float32]:
        """Maps (h, w, 2) of the part (w, h) of a picture at x, y; cells begin `shift` before it."""
        x, y = (max(start - by, 0) for start, by in zip(corner, shift, strict=True))
        maps = self.maps(pixels[y : corner[1] + size[1], x : corner[0] + size[0]])
        matrix = np.array([[1, 0, (x - corner[0]) / CELL], [0, 1, (y - corner[1]) / CELL]])
        cells = (-(-size[0] // CELL), -(-size[1] // CELL))
        edge = cv2.BORDER_REPLICATE
        return cast(NDArray[np.float32], cv2.warpAffine(maps, matrix, cells, borderMode=edge))
