"""Pictures by number: the same picture and text for (task, seed, index), in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.captcha.draws import draw, n_uniform
from podium.captcha.glyphs import table
from podium.captcha.grammar import Arithmetic, Grammar, PlainText
from podium.captcha.paint import paint
from podium.captcha.style import Style, arithmetic_style, package_style
from podium.errors import SettingsError

Picture = tuple[NDArray[np.uint8], str]
BLOCK = 32  # pictures that share a random generator and are drawn together


@dataclass(frozen=True)
class Task:
    """A competition's pictures.

    Attributes:
        code: keeps the random numbers of tasks apart.
        grammar: what the pictures say.
        style: how they look.
    """

    code: int
    grammar: Grammar
    style: Style


TEXT = Task(1, PlainText(), package_style((170, 80), ("droid-sans-mono",)))
ARITHMETIC = Task(2, Arithmetic(), arithmetic_style((180, 60), ("droid-sans-mono", "dejavu-sans")))
TASKS = {"text": TEXT, "arithmetic": ARITHMETIC}


def task_named(name: str) -> Task:
    """The competition's own settings of the task `name`; raises SettingsError for others."""
    if name not in TASKS:
        raise SettingsError(f"captcha task {name!r} is unknown; known are {', '.join(TASKS)}")
    return TASKS[name]


def render(task: Task | str, seed: int, index: int) -> Picture:
    """Picture number `index`, pixels (H, W, 3) uint8 RGB, and its text.

    Args:
        task: a task, or the name of one in `TASKS`.
        seed: 0 or more; other seeds give other pictures.
        index: 0 or more.
    """
    return next(render_many(task, seed, index, index + 1))


def render_many(task: Task | str, seed: int, start: int, stop: int) -> Iterator[Picture]:
    """Pictures number `start` to `stop` - 1, as `render` gives them, many times as fast."""
    task = task_named(task) if isinstance(task, str) else task
    for block in range(start // BLOCK, -(-stop // BLOCK)):
        first = block * BLOCK
        rows = slice(max(start - first, 0), min(stop - first, BLOCK))
        yield from _render_block(task, seed, block, rows)


def _render_block(task: Task, seed: int, block: int, rows: slice) -> Iterator[Picture]:
    """The pictures `rows` of a block; each has a row of random numbers of its own."""
    grammar, style = task.grammar, task.style
    n_grammar = grammar.n_uniform
    n_numbers = n_grammar + n_uniform(style, grammar.longest)
    uniform = np.random.default_rng([seed, task.code, block]).random((BLOCK, n_numbers))[rows]
    texts = grammar.texts(uniform[:, :n_grammar])
    glyphs = table(style, grammar.alphabet)
    pixels = paint(style, glyphs, draw(style, glyphs, texts, uniform[:, n_grammar:]))
    return zip(pixels, texts, strict=True)
