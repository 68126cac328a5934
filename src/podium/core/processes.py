"""A function mapped over items by several processes, in order."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from types import TracebackType
from typing import Any, TypeVar

import cv2

from podium.core import cluster

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Pool(ProcessPoolExecutor):
    """A pool that ends its processes at once where its block ends in an error or Ctrl-C.

    Its processes inherit that Ctrl-C is held back, so that not even their imports are struck.
    """

    def submit(self, *work: Any, **options: Any) -> Future[Any]:
        """Submit work as ever; it may start a process."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(*work, **options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.shutdown()
            return
        previous, threading.excepthook = threading.excepthook, _say_nothing
        try:  # the pool's own thread stumbles over the work that was cancelled
            for process in list((self._processes or {}).values()):
                process.kill()
            self.shutdown(wait=True, cancel_futures=True)
        finally:
            threading.excepthook = previous


def _say_nothing(_: threading.ExceptHookArgs) -> None:
    pass


def n_workers(processes: int) -> int:
    """Return how many processes work at once: `processes` here, or all of a cluster's."""
    return cluster.ClusterPool().n_workers if cluster.in_use() else processes


def process_pool(processes: int) -> Executor:
    """Return a pool of fresh processes, each with one thread of OpenCV; use it as a context.

    Where RAY_ADDRESS names a cluster, they are that cluster's.

    They are spawned: a fork of a process in which TensorFlow's threads run can hang. They end when
    this process does, even if it is killed, and leave Ctrl-C to it.
    """
    if cluster.in_use():
        return cluster.ClusterPool()
    return _Pool(processes, get_context("spawn"), _start_worker)


def _start_worker() -> None:
    cv2.setNumThreads(1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


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
    if processes == 1 and not cluster.in_use():
        yield from map(function, items)
        return
    with process_pool(processes) as workers:
        yield from workers.map(function, items, chunksize=chunksize)
