"""Pictures of equations by number: the same for (seed, index), in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.canvas import paint
from podium.captcha.equations.grammar import Equations
from podium.captcha.equations.scene import Scene, compose

CODE = 3  # keeps the random numbers of competitions apart


def scene_of(seed: int, index: int) -> tuple[Scene, str]:
    """Where everything lies on picture number `index`, and its text: lines joined by `;`."""
    rng = np.random.default_rng([seed, CODE, index])
    grammar = Equations()
    [text] = grammar.texts(rng.random((1, grammar.n_uniform)))
    return compose(text.split(";"), rng), text


def render(seed: int, index: int) -> tuple[NDArray[np.uint8], str]:
    """Picture number `index`, pixels (H, W, 3) uint8 RGB, and its text.

    Args:
        seed: 0 or more; other seeds give other pictures.
        index: 0 or more.
    """
    scene, text = scene_of(seed, index)
    return paint(scene), text
