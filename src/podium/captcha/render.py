"""Pictures by number: the same picture and text for (task, seed, index), in any order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.render import strip
from podium.captcha.glyphs import table
from podium.captcha.paint import paint
from podium.captcha.sampling import draw, n_uniform
from podium.captcha.tasks import Strips, Task, task_named

Picture = tuple[NDArray[np.uint8], str]
BLOCK = 128  # pictures that share one random generator and are drawn together


def render(task: Task | Strips | str, seed: int, index: int) -> Picture:
    """Picture number `index`, pixels (H, W, 3) uint8 RGB, and its text.

    Args:
        task: a task, or the name of a competition.
        seed: 0 or more; other seeds give other pictures.
        index: 0 or more.
    """
    return next(render_many(task, seed, index, index + 1))


def render_many(task: Task | Strips | str, seed: int, start: int, stop: int) -> Iterator[Picture]:
    """Pictures number `start` to `stop` - 1, as `render` gives them, many times as fast."""
    task = task_named(task) if isinstance(task, str) else task
    if isinstance(task, Strips):
        yield from (strip(seed, index, task.size) for index in range(start, stop))
        return
    for block in range(start // BLOCK, -(-stop // BLOCK) if stop > start else 0):
        first = block * BLOCK
        rows = slice(max(start - first, 0), min(stop - first, BLOCK))
        yield from _render_block(task, seed, block, rows)


def _render_block(task: Task, seed: int, block: int, rows: slice) -> Iterator[Picture]:
    """The pictures `rows` of a block; each has a row of random numbers of its own."""
    grammar, style = task.grammar, task.style
    n_numbers = grammar.n_uniform + n_uniform(style, grammar.longest)
    rng = np.random.default_rng([seed, task.code, block])
    uniform = rng.random((BLOCK, n_numbers))[rows]
    texts = grammar.texts(uniform[:, : grammar.n_uniform])
    glyphs = table(style, grammar.alphabet)
    draws = draw(style, glyphs, texts, uniform[:, grammar.n_uniform :])
    return zip(paint(style, glyphs, draws), texts, strict=True)
