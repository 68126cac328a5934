"""Pictures of one seed in order, drawn by several processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.render import BLOCK, render_many
from podium.captcha.tasks import Task

PART = 2 * BLOCK  # pictures that one process draws at a time
AHEAD = 2  # parts waiting for each process

Pixels = NDArray[np.uint8]
Part = tuple[Pixels, list[str]]  # (n, H, W, 3) and texts (n,)


def drawn(task: Task, seed: int, start: int, stop: int, processes: int) -> Iterator[Part]:
    """Pictures number `start` to `stop` - 1, up to PART at a time.

    Args:
        task: what is drawn.
        seed: of the pictures.
        start: number of the first.
        stop: number after the last.
        processes: how many draw beside this one; 0 draws here. Memory grows with it, never with
            the number of pictures, and the pictures do not change.
    """
    edges = [start, *range((start // PART + 1) * PART, stop, PART), stop]
    jobs = [(task, seed, low, high) for low, high in pairwise(edges)]
    if not processes or stop <= start:
        yield from (_draw(*job) for job in jobs if stop > start)
        return
    waiting: deque[Future[Part]] = deque()
    with ProcessPoolExecutor(processes, get_context("spawn"), cv2.setNumThreads, (1,)) as pool:
        for job in jobs:
            if len(waiting) == AHEAD * processes:
                yield waiting.popleft().result()
            waiting.append(pool.submit(_draw, *job))
        while waiting:
            yield waiting.popleft().result()


def _draw(task: Task, seed: int, start: int, stop: int) -> Part:
    pictures = list(render_many(task, seed, start, stop))
    return np.stack([one for one, _ in pictures]), [text for _, text in pictures]
