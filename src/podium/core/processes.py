"""Work spread over fresh processes, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import cv2

Item = TypeVar("Item")
Made = TypeVar("Made")


def process_pool(processes: int) -> ProcessPoolExecutor:
    """Fresh processes, each with one thread of OpenCV.

    Not forks: a fork of a process that runs TensorFlow's threads can hang.
    """
    return ProcessPoolExecutor(processes, get_context("spawn"), cv2.setNumThreads, (1,))


def parallel_map(
    work: Callable[[Item], Made], items: Sequence[Item], processes: int, chunksize: int = 1
) -> Iterator[Made]:
    """What `work` makes of each item, in order.

    Args:
        work: a function of a module, or a partial of one: it goes to other processes.
        items: what it is given.
        processes: how many work at once; 1 works here.
        chunksize: how many items go to a process at a time.
    """
    if processes == 1:
        yield from map(work, items)
        return
    with process_pool(processes) as workers:
        yield from workers.map(work, items, chunksize=chunksize)
