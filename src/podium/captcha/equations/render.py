"""Pictures of equations by number: the same for (seed, index), in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.canvas import paint
from podium.captcha.equations.grammar import Equations
from podium.captcha.equations.scene import Box, Scene, compose
from podium.captcha.equations.strips import SIZE, grown_box, joined

CODE = 3  # keeps the random numbers of competitions apart
SHAKE = 0.05  # of its height: how far off the edges of a found line are, in one deviation
Picture = tuple[NDArray[np.uint8], str]


def scene_of(seed: int, index: int) -> tuple[Scene, str]:
    """Where everything lies on picture number `index`, and its text: lines joined by `;`."""
    rng = np.random.default_rng([seed, CODE, index])
    grammar = Equations()
    [text] = grammar.texts(rng.random((1, grammar.n_uniform)))
    return compose(text.split(";"), rng), text


def render(seed: int, index: int) -> Picture:
    """Picture number `index`, pixels (H, W, 3) uint8 RGB, and its text.

    Args:
        seed: 0 or more; other seeds give other pictures.
        index: 0 or more.
    """
    scene, text = scene_of(seed, index)
    return paint(scene), text


def renders(seed: int, start: int, stop: int) -> tuple[list[NDArray[np.uint8]], list[str]]:
    """Pictures number `start` to `stop` - 1 and their texts, as `render` gives them."""
    found = [render(seed, index) for index in range(start, stop)]
    return [pixels for pixels, _ in found], [text for _, text in found]


def strip(seed: int, index: int, size: tuple[int, int] = SIZE) -> Picture:
    """The lines of picture number `index` on a strip (h, w, 3) of a size (w, h), and its text.

    Only the lines are painted, which takes a fraction of the time of a picture. Their boxes are
    as far from the truth as those of a line finder.
    """
    scene, text = scene_of(seed, index)
    rng = np.random.default_rng([seed, CODE, index, 1])
    boxes = [_shaken(box, scene.size, rng) for box in scene.boxes]
    parts = [paint(scene, grown_box(box, scene.size)) for box in boxes]
    return joined(parts, np.array(scene.paper), size), text


def _shaken(box: Box, size: tuple[int, int], rng: np.random.Generator) -> Box:
    """A box whose edges are a little off, but on the picture (w, h)."""
    off = np.rint(np.clip(rng.normal(0, SHAKE, 4), -2 * SHAKE, 2 * SHAKE) * (box[3] - box[1]))
    x0, y0, x1, y1 = (np.array(box) + off).astype(int).tolist()
    return max(x0, 0), max(y0, 0), min(x1, size[0]), min(y1, size[1])
