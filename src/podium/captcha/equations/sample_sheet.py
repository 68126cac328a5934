"""Sheets of sample pictures of equations: the lines found on them, and the texts read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from podium.captcha.answer_rules import answer_rules
from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.render import render
from podium.captcha.equations.strips import lay_out
from podium.captcha.fonts import load_font
from podium.captcha.reader import CaptchaReader
from podium.evaluation.plots import write_picture
from podium.evaluation.predictions import Reading

N_SAMPLES = 6  # pictures on a sheet
WIDTH = 960  # of a sheet, pixels
Pixels = NDArray[np.uint8]
_GREEN = (0, 130, 0)


def write_lines_png(path: Path, finder: LineFinder, seed: int) -> None:
    """Draw a sheet of the first pictures of a seed with the lines found, each above its strip.

    Args:
        path: a PNG file.
        finder: finds the lines.
        seed: of the pictures.
    """
    gap, rows = np.full((12, WIDTH, 3), 255, np.uint8), []
    for index in range(N_SAMPLES):
        rows += [*lines_and_strip(render(seed, index)[0], finder), gap]
    write_picture(path, Image.fromarray(np.vstack(rows)))


def write_readings_png(path: Path, reader: CaptchaReader, seed: int) -> None:
    """Draw a sheet of the first pictures of a seed: lines found, strip, text read, its value.

    Args:
        path: a PNG file.
        reader: of equations.
        seed: of the pictures.
    """
    assert reader.finder
    h, w, _ = reader.logits.shape
    rows = []
    for index in range(N_SAMPLES):
        pixels, truth = render(seed, index)
        strip = lay_out(pixels, reader.finder.find(pixels), (w, h))
        [reading] = reader.read(strip[None])
        rows += [*lines_and_strip(pixels, reader.finder), _caption(truth, reading)]
    write_picture(path, Image.fromarray(np.vstack(rows)))


def lines_and_strip(pixels: Pixels, finder: LineFinder) -> list[Pixels]:
    """A picture (H, W, 3) with frames around the lines found, and its strip, both WIDTH wide."""
    boxes = finder.find(pixels)
    strip = lay_out(pixels, boxes)
    for x0, y0, x1, y1 in boxes:
        cv2.rectangle(pixels, (x0 - 3, y0 - 3), (x1 + 2, y1 + 2), _GREEN, 3)
    return [_at_width(pixels), _at_width(strip)]


def _at_width(pixels: Any) -> Any:
    size = (WIDTH, round(pixels.shape[0] * WIDTH / pixels.shape[1]))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _caption(truth: str, reading: Reading) -> Pixels:
    """Text read, value and probability; in red, with the true text, if it was read wrong."""
    [value] = answer_rules("equations").answers(reading.text)
    caption = f"{reading.text}  =  {value or 'no value'}   ({np.exp(reading.log_prob):.2f})"
    colour = "#222222"
    if reading.text != truth:
        caption, colour = f"{caption}   it says {truth}", "#bb2222"
    strip = Image.new("RGB", (WIDTH, 44), "white")
    ImageDraw.Draw(strip).text((8, 6), caption, colour, load_font("noto-sans-sc", 16))
    return np.asarray(strip)
