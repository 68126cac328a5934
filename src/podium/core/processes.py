"""A function mapped over items by several processes, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import cv2

Item = TypeVar("Item")
Result = TypeVar("Result")


def process_pool(processes: int) -> ProcessPoolExecutor:
    """Return a pool of fresh processes, each with one thread of OpenCV.

    They are spawned: a fork of a process in which TensorFlow's threads run can hang.
    """
    return ProcessPoolExecutor(processes, get_context("spawn"), cv2.setNumThreads, (1,))


def parallel_map(
    function: Callable[[Item], Result], items: Sequence[Item], processes: int, chunksize: int = 1
) -> Iterator[Result]:
    """Yield the result for each item, in order.

    Args:
        function: of a module, or a partial of one, so that it can be pickled.
        items: its arguments.
        processes: how many run at once; with 1 this process does the work.
        chunksize: items that a process gets at a time.
    """
    if processes == 1:
        yield from map(function, items)
        return
    with process_pool(processes) as workers:
        yield from workers.map(function, items, chunksize=chunksize)
