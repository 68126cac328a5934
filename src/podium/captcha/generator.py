"""Pictures in the order of their numbers, drawn by several processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from podium.captcha.render import BLOCK, render_many
from podium.captcha.tasks import Strips, Task
from podium.core.processes import process_pool

PART = 2 * BLOCK  # pictures that one process draws at a time
AHEAD = 2  # parts waiting for each process

Pixels = NDArray[np.uint8]
Made = TypeVar("Made")
Part = tuple[Pixels, list[str]]  # (n, H, W, 3) and texts (n,)


def drawn(task: Task | Strips, seed: int, start: int, stop: int, processes: int) -> Iterator[Part]:
    """Pictures number `start` to `stop` - 1 of a task, as `in_parts` gives them."""
    return in_parts(partial(_draw, task, seed), start, stop, processes)


def in_parts(
    make: Callable[[int, int], Made], start: int, stop: int, processes: int, part: int = PART
) -> Iterator[Made]:
    """What `make` gives for numbers `start` to `stop` - 1, up to `part` at a time and in order.

    Args:
        make: what is made of the numbers from one to before another; it goes to other processes.
        start: the first number.
        stop: the number after the last.
        processes: how many work beside this one; 0 works here. Memory grows with it, never with
            the numbers, and what is made does not change.
        part: how many are made at a time.
    """
    edges = [start, *range((start // part + 1) * part, stop, part), stop]
    jobs = list(pairwise(edges)) if stop > start else []
    if not processes:
        yield from (make(*job) for job in jobs)
        return
    waiting: deque[Future[Made]] = deque()
    with process_pool(processes) as workers:
        for job in jobs:
            if len(waiting) == AHEAD * processes:
                yield waiting.popleft().result()
            waiting.append(workers.submit(make, *job))
        while waiting:
            yield waiting.popleft().result()


def _draw(task: Task | Strips, seed: int, start: int, stop: int) -> Part:
    pictures = list(render_many(task, seed, start, stop))
    return np.stack([one for one, _ in pictures]), [text for _, text in pictures]
