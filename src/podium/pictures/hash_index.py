"""Which of many 64-bit hashes may lie near one, without comparing all of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

N_BITS = 64
FEWEST_BITS = 4  # of a block; smaller ones tell too little apart
Rows = NDArray[np.int64]


class HashIndex:
    """Hashes by blocks of their bits (multi-index hashing, Norouzi et al. 2012).

    Two hashes that differ in at most d bits are equal in at least one of d + 1 blocks, so that only
    hashes of the same block can be near: of a million evenly spread hashes some six hundred.

    Args:
        hashes: (N,) uint64.
        distance: d; where blocks would be too small, all rows are candidates.
    """

    def __init__(self, hashes: NDArray[np.uint64], distance: int) -> None:
        self._blocks: list[tuple[Rows, Rows, Rows]] = []  # rows by key; start and end by row
        if (distance + 1) * FEWEST_BITS > N_BITS:
            self._everything = np.arange(len(hashes))
            return
        edges = np.linspace(0, N_BITS, distance + 2).astype(np.int64)
        for low, high in pairwise(edges):
            mask = (1 << int(high - low)) - 1
            keys = (hashes >> np.uint64(low)) & np.uint64(mask)
            order = np.argsort(keys, kind="stable")
            in_order = keys[order]
            start = np.searchsorted(in_order, keys, "left")
            self._blocks.append((order, start, np.searchsorted(in_order, keys, "right")))

    def candidates(self, row: int) -> Rows:
        """Return rows (M,) in rising order: all that may be near `row`, itself among them."""
        if not self._blocks:
            return self._everything
        alike = [order[start[row] : end[row]] for order, start, end in self._blocks]
        return np.unique(np.concatenate(alike))
