"""Captchas drawn by number: the same picture and text for (task, seed, index), in any order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.render import equation_text, render_strip
from podium.captcha.finishes import chosen_finishes, legible
from podium.captcha.glyphs import table
from podium.captcha.paint import paint
from podium.captcha.sampling import n_uniform, sample_pictures
from podium.captcha.style import Style
from podium.captcha.tasks import StripTask, Task, task_named
from podium.core.processes import n_workers, process_pool

BLOCK = 128  # pictures that share one random generator and are drawn together
PART = 2 * BLOCK  # pictures that one process draws at a time
AHEAD = 2  # parts waiting for each process

Pixels = NDArray[np.uint8]
Picture = tuple[Pixels, str]  # (H, W, 3) and its text
Part = tuple[Pixels, list[str]]  # (n, H, W, 3) and texts (n,)
Result = TypeVar("Result")


def render(task: Task | StripTask | str, seed: int, index: int) -> Picture:
    """Picture number `index`, pixels (H, W, 3) uint8 RGB, and its text.

    Args:
        task: a task, or the name of one with its default settings.
        seed: 0 or more; other seeds give other pictures.
        index: 0 or more.
    """
    return next(render_many(task, seed, index, index + 1))


def render_many(
    task: Task | StripTask | str, seed: int, start: int, stop: int
) -> Iterator[Picture]:
    """Pictures number `start` to `stop` - 1 as `render` gives them, but many times as fast.

    Args:
        task: a task, or the name of one with its default settings.
        seed: 0 or more.
        start: the first number.
        stop: the number after the last.

    Yields:
        Pixels (H, W, 3) uint8 RGB and their text.
    """
    task = task_named(task) if isinstance(task, str) else task
    if isinstance(task, StripTask):
        yield from (render_strip(seed, index, task.size) for index in range(start, stop))
        return
    for block in range(start // BLOCK, -(-stop // BLOCK) if stop > start else 0):
        first = block * BLOCK
        rows = slice(max(start - first, 0), min(stop - first, BLOCK))
        yield from _render_block(task, seed, block, rows)


def _render_block(task: Task, seed: int, block: int, rows: slice) -> Iterator[Picture]:
    """The pictures `rows` of a block; each has its own row of random numbers."""
    uniform = _uniform(task, seed, block)[rows]
    texts = task.grammar.texts(uniform[:, : task.grammar.n_uniform])
    if len(task.styles) == 1 and not task.finishes:
        return zip(_drawn(task, task.style, texts, uniform), texts, strict=True)
    turns = (block * BLOCK + rows.start + np.arange(len(texts))) % len(task.styles)
    pictures: dict[int, Pixels] = {}
    for turn, style in enumerate(task.styles):
        numbers = np.flatnonzero(turns == turn).tolist()
        drawn = _drawn(task, style, [texts[number] for number in numbers], uniform[numbers])
        pictures.update(zip(numbers, drawn, strict=True))
    return zip((pictures[number] for number in range(len(texts))), texts, strict=True)


def _drawn(
    task: Task, style: Style, texts: Sequence[str], uniform: NDArray[np.float64]
) -> Iterator[Pixels]:
    """Finished pictures of `texts` (B,) in one style, from random numbers `uniform` (B, n)."""
    if not texts:
        return iter(())
    glyphs, first = table(style, task.grammar.alphabet), task.grammar.n_uniform
    numbers = uniform[:, first : first + n_uniform(style, task.grammar.longest)]
    sampled = sample_pictures(style, glyphs, texts, numbers)
    if not task.finishes:
        return paint(style, glyphs, sampled)
    finishes = chosen_finishes(task.finishes, task.finished, uniform[:, -2])
    sampled = legible(sampled, [finish is not None for finish in finishes])
    return (
        finish(picture, number) if finish else picture
        for picture, finish, number in zip(
            paint(style, glyphs, sampled), finishes, uniform[:, -1], strict=True
        )
    )


def texts_of(task: Task | StripTask, seed: int, n: int) -> list[str]:
    """The texts of pictures number 0 to `n` - 1, without drawing them.

    Args:
        task: what is drawn.
        seed: 0 or more.
        n: how many.
    """
    if isinstance(task, StripTask):
        return [equation_text(seed, index) for index in range(n)]
    texts: list[str] = []
    for block in range(-(-n // BLOCK)):
        texts += task.grammar.texts(_uniform(task, seed, block)[:, : task.grammar.n_uniform])
    return texts[:n]


def _uniform(task: Task, seed: int, block: int) -> NDArray[np.float64]:
    """The random numbers of a block, a row for each picture: first those of its text."""
    longest = max(n_uniform(style, task.grammar.longest) for style in task.styles)
    n_numbers = task.grammar.n_uniform + longest + (2 if task.finishes else 0)
    return np.random.default_rng([seed, task.code, block]).random((BLOCK, n_numbers))


def generate(
    task: Task | StripTask, seed: int, start: int, stop: int, processes: int
) -> Iterator[Part]:
    """Pictures number `start` to `stop` - 1, drawn by several processes, in order.

    Args:
        task: what is drawn.
        seed: 0 or more.
        start: the first number.
        stop: the number after the last.
        processes: how many draw beside this one; 0 draws here.

    Yields:
        Pixels (n, H, W, 3) uint8 RGB and texts (n,), up to PART at a time.
    """
    return map_ranges(partial(_generate_part, task, seed), start, stop, processes)


def _generate_part(task: Task | StripTask, seed: int, start: int, stop: int) -> Part:
    pictures, texts = zip(*render_many(task, seed, start, stop), strict=True)
    return np.stack(pictures), list(texts)


def map_ranges(
    function: Callable[[int, int], Result], start: int, stop: int, processes: int, part: int = PART
) -> Iterator[Result]:
    """The results of `function` for ranges of the numbers `start` to `stop` - 1, in order.

    Args:
        function: takes the first number of a range and the one after its last; it is sent to
            other processes.
        start: the first number.
        stop: the number after the last.
        processes: how many work beside this one; 0 works here. Memory grows with it, never with
            the numbers, and the results do not depend on it.
        part: the most numbers in a range.
    """
    edges = [start, *range((start // part + 1) * part, stop, part), stop]
    ranges = list(pairwise(edges)) if stop > start else []
    processes = n_workers(processes)
    if not processes:
        yield from (function(*each) for each in ranges)
        return
    waiting: deque[Future[Result]] = deque()
    with process_pool(processes) as workers:
        for each in ranges:
            if len(waiting) == AHEAD * processes:
                yield waiting.popleft().result()
            waiting.append(workers.submit(function, *each))
        while waiting:
            yield waiting.popleft().result()
