"""Words on pictures in a font that has their characters: Chinese ones, too."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

CHINESE = "mplfonts", "fonts/NotoSansCJKsc-Regular.otf"  # package, file in it
PLAIN = 0x250  # characters below are Latin, which every font has
Pixels = NDArray[np.uint8]


@cache
def chinese_font() -> Path | None:
    """Return the file of a font with Chinese characters; None where its package is missing."""
    spec = find_spec(CHINESE[0])
    folders = list(spec.submodule_search_locations or []) if spec else []
    path = Path(folders[0]) / CHINESE[1] if folders else None
    return path if path and path.is_file() else None


@cache
def _font(size: int, plain: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    path = None if plain else chinese_font()
    return ImageFont.truetype(str(path), size) if path else ImageFont.load_default(size)


def font_for(words: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own font at `size` pixels per em, or one that has the words' characters."""
    return _font(size, all(ord(character) < PLAIN for character in words))


def put_words(picture: Pixels, words: str, corner: tuple[int, int], scale: float) -> None:
    """Write dark words into a picture.

    Args:
        picture: RGB (H, W, 3); changed.
        words: one line.
        corner: x of their left end, y of their base line.
        scale: of OpenCV's Hershey font, which plain words are written in.
    """
    grey = (30, 30, 30)
    if words.isascii():
        cv2.putText(picture, words, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, grey, 1, cv2.LINE_AA)
        return
    drawn = Image.fromarray(picture)
    ImageDraw.Draw(drawn).text(corner, words, grey, font_for(words, round(32 * scale)), "ls")
    picture[:] = np.asarray(drawn)
