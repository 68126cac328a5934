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
        n_items: pictures, tiles or rows that were gone through, each as often as it was.
        seconds: that `n_timed` of them took; without set-up and the first step, which is slow.
        n_timed: how many of the items were timed.
        batch_size: items computed at once; 0 if they come one by one.
        mflop: million floating-point operations for one item, forward; 0.0 if nobody counted.
    """

    n_items: int
    seconds: float
    n_timed: int
    batch_size: int = 0
    mflop: float = 0.0

    def as_metrics(self) -> dict[str, Any]:
        """For the metrics file of a stage."""
        found: dict[str, Any] = {"items": self.n_items}
        if self.n_timed and self.seconds > 0:
            found["items_per_second"] = float(f"{self.n_timed / self.seconds:.4g}")
        if self.batch_size:
            found["batch_size"] = self.batch_size
        if self.mflop:
            found["mflop_per_item"] = float(f"{self.mflop:.4g}")
        return found


def total(parts: Sequence[Throughput]) -> Throughput:
    """Several pieces of the same work as one."""
    n_items, n_timed = sum(part.n_items for part in parts), sum(part.n_timed for part in parts)
    size, mflop = max(part.batch_size for part in parts), max(part.mflop for part in parts)
    return Throughput(n_items, sum(part.seconds for part in parts), n_timed, size, mflop)


class ThroughputMeter:
    """Adds up items and seconds; the first step counts only if it is the only one."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, float]] = []

    def measure_each(self, steps: Iterable[T], n_items: Callable[[T], int]) -> Iterator[T]:
        """`steps`, each of which goes through `size` of it items."""
        start = time.perf_counter()
        for step in steps:
            yield step
            now = time.perf_counter()
            self._steps.append((n_items(step), now - start))
            start = now

    @contextmanager
    def measure(self, n_items: int) -> Iterator[None]:
        """One step, which goes through `size` items."""
        start = time.perf_counter()
        yield
        self._steps.append((n_items, time.perf_counter() - start))

    @property
    def n_items(self) -> int:
        """How many it saw."""
        return sum(size for size, _ in self._steps)

    @property
    def items_per_second(self) -> float:
        """Items per second so far."""
        throughput = self.throughput(0)
        return throughput.n_timed / throughput.seconds if throughput.seconds > 0 else 0.0

    def throughput(self, n_items: int, batch_size: int = 0, mflop: float = 0.0) -> Throughput:
        """What was done, of which this meter may have seen only the last part."""
        timed = self._steps[1:] or self._steps
        seconds = sum(spent for _, spent in timed)
        return Throughput(n_items, seconds, sum(size for size, _ in timed), batch_size, mflop)
