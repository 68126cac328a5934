"""What a person wants to see of a reader of equations: pictures, their lines, text and answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from podium.captcha.answer_rules import answer_rules
from podium.captcha.equations.render import render
from podium.captcha.equations.report import SHOWN, WIDE, seen
from podium.captcha.equations.strips import lay_out
from podium.captcha.fonts import load_font
from podium.captcha.reader import CaptchaReader
from podium.evaluation.plots import write_picture
from podium.evaluation.predictions import Reading


def readings_png(path: Path, reader: CaptchaReader, seed: int) -> None:
    """The first pictures of a seed: their lines as found, the strip, what is read, its value."""
    assert reader.finder
    h, w, _ = reader.logits.shape
    rows, size = [], (w, h)
    for index in range(SHOWN):
        pixels, truth = render(seed, index)
        strip = lay_out(pixels, reader.finder.find(pixels), size)
        [found] = reader.read(strip[None])
        rows += [*seen(pixels, reader.finder), _caption(truth, found)]
    write_picture(path, Image.fromarray(np.vstack(rows)))


def _caption(truth: str, found: Reading) -> NDArray[np.uint8]:
    """Text, value and probability; in red, with the truth, where the text is wrong."""
    right = found.text == truth
    [value] = answer_rules("equations").answers(found.text)
    words = f"{found.text}  =  {value or 'no value'}   ({np.exp(found.log_prob):.2f})"
    strip = Image.new("RGB", (WIDE, 44), "white")
    text = words if right else f"{words}   it says {truth}"
    colour = "#222222" if right else "#bb2222"
    ImageDraw.Draw(strip).text((8, 6), text, colour, load_font("noto-sans-sc", 16))
    return np.asarray(strip)
