"""How much a stage did and how fast: what `podium plan` reckons with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Throughput:
    """What a stage spent most of its time on.

    Attributes:
        items: pictures, tiles or rows that were gone through, each as often as it was.
        seconds: that `timed` of them took; without set-up and the first step, which is slow.
        timed: how many of the items were timed.
        batch_size: items computed at once; 0 if they come one by one.
        mflop: million floating-point operations for one item, forward; 0.0 if nobody counted.
    """

    items: int
    seconds: float
    timed: int
    batch_size: int = 0
    mflop: float = 0.0

    def as_metrics(self) -> dict[str, Any]:
        """For the metrics file of a stage."""
        found: dict[str, Any] = {"items": self.items}
        if self.timed and self.seconds > 0:
            found["items_per_second"] = float(f"{self.timed / self.seconds:.4g}")
        if self.batch_size:
            found["batch_size"] = self.batch_size
        if self.mflop:
            found["mflop_per_item"] = float(f"{self.mflop:.4g}")
        return found


def total(parts: Sequence[Throughput]) -> Throughput:
    """Several pieces of the same work as one."""
    items, timed = sum(one.items for one in parts), sum(one.timed for one in parts)
    size, mflop = max(one.batch_size for one in parts), max(one.mflop for one in parts)
    return Throughput(items, sum(one.seconds for one in parts), timed, size, mflop)


class ThroughputMeter:
    """Adds up items and seconds; the first step counts only if it is the only one."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, float]] = []

    def watched(self, steps: Iterable[T], size: Callable[[T], int]) -> Iterator[T]:
        """`steps`, each of which goes through `size` of it items."""
        start = time.perf_counter()
        for step in steps:
            yield step
            now = time.perf_counter()
            self._steps.append((size(step), now - start))
            start = now

    @contextmanager
    def timed(self, size: int) -> Iterator[None]:
        """One step, which goes through `size` items."""
        start = time.perf_counter()
        yield
        self._steps.append((size, time.perf_counter() - start))

    @property
    def items(self) -> int:
        """How many it saw."""
        return sum(size for size, _ in self._steps)

    @property
    def speed(self) -> float:
        """Items per second so far."""
        work = self.work(0)
        return work.timed / work.seconds if work.seconds > 0 else 0.0

    def work(self, items: int, batch_size: int = 0, mflop: float = 0.0) -> Throughput:
        """What was done, of which this clock may have seen only the last part."""
        timed = self._steps[1:] or self._steps
        seconds = sum(spent for _, spent in timed)
        return Throughput(items, seconds, sum(size for size, _ in timed), batch_size, mflop)
