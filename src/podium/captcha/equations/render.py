"""Pictures of equations drawn by number: the same for (seed, index), in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.canvas import paint
from podium.captcha.equations.grammar import Equations
from podium.captcha.equations.scene import Box, Scene, compose
from podium.captcha.equations.strips import SIZE, join_lines, padded_box

CODE = 3  # part of the random seed, as `tasks.Task.code`
BOX_ERROR = 0.05  # of the height of a line: standard deviation of the edges of its box
Picture = tuple[NDArray[np.uint8], str]


def equation_text(seed: int, index: int) -> str:
    """The text of picture number `index`: lines joined by `;`."""
    return _text_and_rng(seed, index)[0]


def scene_of(seed: int, index: int) -> tuple[Scene, str]:
    """The scene of picture number `index`, and its text: lines joined by `;`."""
    text, rng = _text_and_rng(seed, index)
    return compose(text.split(";"), rng), text


def _text_and_rng(seed: int, index: int) -> tuple[str, np.random.Generator]:
    """The text of picture number `index`, and the source of its other random numbers."""
    rng = np.random.default_rng([seed, CODE, index])
    grammar = Equations()
    [text] = grammar.texts(rng.random((1, grammar.n_uniform)))
    return text, rng


def render(seed: int, index: int) -> Picture:
    """Picture number `index`, pixels (H, W, 3) uint8 RGB, and its text.

    Args:
        seed: 0 or more; other seeds give other pictures.
        index: 0 or more.
    """
    scene, text = scene_of(seed, index)
    return paint(scene), text


def render_range(seed: int, start: int, stop: int) -> tuple[list[NDArray[np.uint8]], list[str]]:
    """Pictures (H, W, 3) of their own sizes and texts (n,), as `render` gives them.

    Args:
        seed: 0 or more.
        start: number of the first picture.
        stop: number after the last.
    """
    pictures, texts = zip(*(render(seed, index) for index in range(start, stop)), strict=True)
    return list(pictures), list(texts)


def render_strip(seed: int, index: int, size: tuple[int, int] = SIZE) -> Picture:
    """The lines of picture number `index` on a strip (h, w, 3) uint8 RGB, and its text.

    Only the lines are painted, which takes a fraction of the time of a picture. Their boxes are
    as inexact as those of a line finder.

    Args:
        seed: 0 or more.
        index: 0 or more.
        size: (w, h) of the strip.
    """
    scene, text = scene_of(seed, index)
    rng = np.random.default_rng([seed, CODE, index, 1])
    boxes = [_inexact(box, scene.size, rng) for box in scene.boxes]
    parts = [paint(scene, padded_box(box, scene.size)) for box in boxes]
    return join_lines(parts, np.array(scene.paper), size), text


def _inexact(box: Box, size: tuple[int, int], rng: np.random.Generator) -> Box:
    """A box with random errors of its edges, cut to the picture (w, h)."""
    errors = np.clip(rng.normal(0, BOX_ERROR, 4), -2 * BOX_ERROR, 2 * BOX_ERROR)
    x0, y0, x1, y1 = (np.array(box) + np.rint(errors * (box[3] - box[1]))).astype(int).tolist()
    return max(x0, 0), max(y0, 0), min(x1, size[0]), min(y1, size[1])
