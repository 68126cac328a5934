"""Small pictures of where a model looks: one for a picture, without a scale."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from podium.captcha.fonts import load_font
from podium.takeaway.portable import Pixels

Map = NDArray[np.float64]
COLOURS = ((31, 95, 191), (194, 65, 12), (8, 103, 61), (124, 58, 237), (190, 24, 93))
FONT, MOST_FONT = "noto-sans-sc", 22  # px; has the Chinese characters of equations, too


def class_overlay(picture: Pixels, values: Map) -> Pixels:
    """Return a picture in grey, red where a map speaks for a class, blue where against it.

    Args:
        picture: RGB (H, W, 3).
        values: (H, W), 0 where a place does not matter.
    """
    most = float(np.abs(values).max()) or 1.0
    colours = mpl.colormaps["RdBu_r"](0.5 + 0.5 * values / most)[..., :3] * 255
    return np.rint(0.4 * _grey(picture) + 0.6 * colours).astype(np.uint8)


def character_overlay(picture: Pixels, places: Sequence[tuple[str, Map]]) -> Pixels:
    """Return a picture in grey, with a colour for the places of each character, named below.

    Args:
        picture: RGB (H, W, 3).
        places: each character, and how much each pixel sways it (H, W).
    """
    mixed = _grey(picture)
    height = min(MOST_FONT, max(10, picture.shape[0] // 3))
    sheet = np.full((picture.shape[0] + height + 6, picture.shape[1], 3), 255, dtype=np.uint8)
    for number, (_, values) in enumerate(places):
        share = 0.8 * values[..., None] / (float(values.max()) or 1.0)
        mixed = mixed * (1 - share) + np.array(COLOURS[number % len(COLOURS)]) * share
    sheet[: len(mixed)] = np.rint(mixed)
    drawn = Image.fromarray(sheet)
    for number, (character, values) in enumerate(places):
        x = float(values.sum(0) @ np.arange(values.shape[1]) / (values.sum() or 1.0))
        ImageDraw.Draw(drawn).text(
            (x, len(mixed) + 2 + height / 2), character, COLOURS[number % len(COLOURS)],
            load_font(FONT, height), anchor="mm",
        )  # fmt: skip
    return np.asarray(drawn)


def _grey(picture: Pixels) -> Map:
    return np.repeat(picture.mean(-1, keepdims=True), 3, axis=-1)
