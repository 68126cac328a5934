"""A line finder made by hand, which sees dark pixels on clean paper, and pictures of dark lines."""

from __future__ import annotations

import numpy as np

from podium.captcha.equations.finder import TASK
from podium.captcha.equations.line_maps import PAPER_LEVEL
from podium.training.artefact import MetadataLayer
from podium.training.runtime import keras

layers = keras.layers


def dark_finder() -> keras.Model:
    """Glyphs: what is 25 grey levels darker than the paper. Lines: what lies beside them."""
    pixels = keras.Input((None, None, 3))
    x = MetadataLayer({"task": TASK}, name="described")(pixels)
    darker = layers.Conv2D(1, 1, name="darker")
    glyphs = layers.MaxPooling2D(2)(darker(x))
    lines = layers.MaxPooling2D((3, 15), strides=1, padding="same")(glyphs)
    model = keras.Model(pixels, layers.Concatenate()([lines, glyphs]))
    darker.set_weights([np.full((1, 1, 3, 1), 1 / 3), np.array([-PAPER_LEVEL - 25.0])])
    return model


def dark_lines(n: int, size: tuple[int, int] = (800, 400), at: int = 40) -> np.ndarray:
    """Pixels (H, W, 3) of n rows of dark blocks, the first `at` pixels from the upper left."""
    pixels = np.full((size[1], size[0], 3), 240, dtype=np.uint8)
    for row in range(n):
        top = at + row * 80
        for left in range(at, at + 280, 28):
            pixels[top : top + 36, left : left + 20] = 20
    return pixels
