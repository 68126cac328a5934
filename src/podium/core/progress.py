"""Progress of long loops: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")


def progress(items: Iterable[T], total: int, label: str, every: float = 10.0) -> Iterator[T]:
    """Yield `items` and show how far they are: a bar, or a line per `every` seconds in a log.

    Args:
        items: to yield.
        total: how many there are.
        label: what they are.
        every: seconds between two lines.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(items, description=label, total=total, console=console, transient=True)
        return
    start = last = time.monotonic()
    for n_done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= every:
            last = now
            left = (now - start) / n_done * (total - n_done)
            print(f"{label}: {n_done}/{total}, about {left:.0f} s left", file=sys.stderr)
