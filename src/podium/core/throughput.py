"""How much a stage computes and how fast."""

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
        n_items: pictures, tiles or rows, counted each time they were computed.
        seconds: wall-clock time spent on `n_timed` of them; set-up and the slow first step are
            excluded.
        n_timed: how many of the items were timed.
        batch_size: items computed at once; 0 if one by one.
    """

    n_items: int
    seconds: float
    n_timed: int
    batch_size: int = 0

    def as_record(self) -> dict[str, Any]:
        """Return the figures for the run file of a stage: items, items_per_second, batch_size."""
        record: dict[str, Any] = {"items": self.n_items}
        if self.n_timed and self.seconds > 0:
            record["items_per_second"] = float(f"{self.n_timed / self.seconds:.4g}")
        if self.batch_size:
            record["batch_size"] = self.batch_size
        return record


def total(parts: Sequence[Throughput]) -> Throughput:
    """Return the throughput of several parts of the same work; the largest batch size counts."""
    return Throughput(
        sum(part.n_items for part in parts),
        sum(part.seconds for part in parts),
        sum(part.n_timed for part in parts),
        max(part.batch_size for part in parts),
    )


class ThroughputMeter:
    """Adds up items and seconds; the first step counts only if it is the only one."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, float]] = []

    def measure_each(self, steps: Iterable[T], n_items: Callable[[T], int]) -> Iterator[T]:
        """Yield `steps` and time what the caller does with each; `n_items` counts its items."""
        start = time.perf_counter()
        for step in steps:
            yield step
            now = time.perf_counter()
            self._steps.append((n_items(step), now - start))
            start = now

    @contextmanager
    def measure(self, n_items: int) -> Iterator[None]:
        """Time the block as one step of `n_items` items."""
        start = time.perf_counter()
        yield
        self._steps.append((n_items, time.perf_counter() - start))

    @property
    def n_items(self) -> int:
        """The items of all steps."""
        return sum(n_items for n_items, _ in self._steps)

    @property
    def items_per_second(self) -> float:
        """The rate so far; 0.0 before the first step."""
        throughput = self.throughput(0)
        return throughput.n_timed / throughput.seconds if throughput.seconds > 0 else 0.0

    def throughput(self, n_items: int, batch_size: int = 0) -> Throughput:
        """Return the throughput of `n_items` items, of which this meter may have timed a part."""
        timed = self._steps[1:] or self._steps
        seconds = sum(spent for _, spent in timed)
        return Throughput(n_items, seconds, sum(size for size, _ in timed), batch_size)
