"""What a stage will need: time, disk and memory, reckoned from what was measured.

A network's time is its operations divided by the operations per second that this machine reached
at its last run. On another card that rate is multiplied by the smaller of two ratios: the card's
published operations per second to those measured here, and the same for bytes per second from
memory (Williams et al. 2009, the roofline model). Throughput of the processor (reading and drawing
pictures) goes on beside it, so a stage takes as long as the slower of the two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

COPIES = 2  # of every output: one in the workspace, one in DVC's cache (unless it can link them)


@dataclass(frozen=True)
class Card:
    """A GPU by its data sheet.

    Attributes:
        name: as sold.
        tflops: 10^12 operations per second in float16 on dense matrices.
        bandwidth: 10^9 bytes per second from its memory.
        memory: GiB.
    """

    name: str
    tflops: float
    bandwidth: float
    memory: float


# NVIDIA's data sheets; figures with structured sparsity are halved
CARDS = {
    "t4": Card("NVIDIA T4", 65.0, 320.0, 16.0),
    "v100": Card("NVIDIA V100 SXM2", 125.0, 900.0, 32.0),
    "l4": Card("NVIDIA L4", 121.0, 300.0, 24.0),
    "a100": Card("NVIDIA A100 80GB SXM", 312.0, 2039.0, 80.0),
    "h100": Card("NVIDIA H100 SXM", 989.0, 3350.0, 80.0),
}


@dataclass(frozen=True)
class Speed:
    """What a processor reaches.

    Attributes:
        gflops: 10^9 float32 operations per second in a matrix product.
        bandwidth: 10^9 bytes per second, read and written, in a copy.
    """

    gflops: float
    bandwidth: float

    def ratio(self, card: Card) -> float:
        """How many times as fast the card is, where its weaker side decides."""
        return min(card.tflops * 1000 / self.gflops, card.bandwidth / self.bandwidth)


def probe(side: int = 1536, megabytes: int = 256, rounds: int = 3) -> Speed:
    """The speed of this processor, the best of some rounds; about a second."""
    a = np.ones((side, side), dtype=np.float32)
    source = np.ones(megabytes * 2**20 // 4, dtype=np.float32)
    target = np.empty_like(source)
    product = min(_seconds(lambda: a @ a) for _ in range(rounds))
    copy = min(_seconds(lambda: np.copyto(target, source)) for _ in range(rounds))
    return Speed(2 * side**3 / product / 1e9, 2 * source.nbytes / copy / 1e9)


def per_second(make: Callable[[int], object], at_once: int) -> float:
    """How many things `make(n)` makes in a second, from one call for `at_once` of them."""
    make(1)
    return at_once / max(_seconds(lambda: make(at_once)), 1e-9)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@dataclass(frozen=True)
class Need:
    """What one stage is going to do.

    Attributes:
        stage: as in dvc.yaml.
        items: gone through in all.
        unit: what they are.
        epochs: how often each is; 0 where that makes no sense.
        mflop: million operations of the network for one item, forward.
        like: metrics files, without suffix, whose measured rate holds; the first that is there.
        host: items that the processor reads or draws in a second; 0.0: no matter.
        disk: bytes of outputs, once.
        memory: bytes of the machine's memory, beyond what Python and TensorFlow take.
        on_card: whether a card would make it faster.
    """

    stage: str
    items: int
    unit: str
    epochs: int = 0
    mflop: float = 0.0
    like: tuple[str, ...] = ()
    host: float = 0.0
    disk: float = 0.0
    memory: float = 0.0
    on_card: bool = True

    def hours(
        self, measured: Mapping[str, Mapping[str, Any]], ratio: float = 1.0, here: str = ""
    ) -> float | None:
        """How long it takes; None where nothing like it was measured.

        Args:
            measured: the `run` of metrics files, by their name.
            ratio: how many times as fast as this processor the device is; networks only.
            here: this processor, on which a ratio must have been measured; '': any will do.
        """
        on_host = self.items / self.host / 3600 if self.host else 0.0
        if not self.like:
            return on_host
        runs = (measured.get(name, {}) for name in self.like)
        fit = (one for one in runs if one.get("items_per_second") and self._like(one, here))
        run = next(fit, None)
        if run is None:
            return None
        rate = run["items_per_second"]
        if self.mflop:
            rate *= (ratio if self.on_card else 1.0) * run["mflop_per_item"] / self.mflop
        return max(self.items / rate / 3600, on_host)

    def _like(self, run: Mapping[str, Any], here: str) -> bool:
        counted = "mflop_per_item" in run or not self.mflop
        return counted and (not here or run.get("device") == here)
