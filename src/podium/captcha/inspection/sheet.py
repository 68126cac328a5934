"""A picture of some raw captchas as the reader will see them, each under its text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageDraw

from podium.captcha.fit import PictureFit
from podium.captcha.fonts import load_font
from podium.captcha.raw_captchas import RawCaptchas
from podium.captcha.raw_pixels import decode_picture
from podium.captcha.report import FONT
from podium.core.files import atomic_write
from podium.core.printable import printable

T = TypeVar("T")
COLUMNS, N, LINE = 4, 32, 22  # pictures beside each other; pictures; px of a text
WIDEST = 400  # px of a picture


def write_sheet(
    path: Path, raw: RawCaptchas, fit: PictureFit | None, max_megapixels: float
) -> None:
    """Write a PNG of up to N train pictures, and of a row of test pictures.

    Args:
        path: of the PNG.
        raw: the pictures.
        fit: how they become as large as one another; None: only a thumbnail is shown.
        max_megapixels: of one picture.
    """
    train, _, test = raw.pictures
    cells = [(text, place) for text, place in zip(train.texts, train.paths, strict=True) if place]
    shown = _spread(cells, N) + [("test", place) for place in _spread(test.paths, COLUMNS) if place]
    pictures = [_thumbnail(place, fit, max_megapixels) for _, place in shown]
    wide = max(picture.width for picture in pictures) + 8
    high = max(picture.height for picture in pictures) + LINE + 6
    n_rows = -(-len(shown) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * wide, n_rows * high), "white")
    pen, font = ImageDraw.Draw(sheet), load_font(FONT, 14)
    for number, ((text, _), picture) in enumerate(zip(shown, pictures, strict=True)):
        left, top = number % COLUMNS * wide + 4, number // COLUMNS * high
        pen.text((left, top), printable(text)[:60], "black", font)
        sheet.paste(picture, (left, top + LINE))
    with atomic_write(path) as partial:
        sheet.save(partial, "PNG")


def _thumbnail(path: Path, fit: PictureFit | None, max_megapixels: float) -> Image.Image:
    pixels = decode_picture(path, max_megapixels)
    picture = Image.fromarray(fit(pixels) if fit else pixels)
    picture.thumbnail((WIDEST, WIDEST))
    return picture


def _spread(items: Sequence[T], n: int) -> list[T]:
    """Up to `n` items from all over a list."""
    step = max(len(items) / n, 1)
    return [items[int(k * step)] for k in range(min(n, len(items)))]
