"""The order in which a network sees its pictures, which depends only on a seed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def shuffled_rows(start: int, n: int, n_pictures: int, seed: int) -> NDArray[np.int64]:
    """Row numbers (n,) of `n` pictures in the order in which a network sees them.

    Every pass over the pictures has its own order, which depends only on the seed and the number
    of the pass.

    Args:
        start: how many pictures were seen before, over all passes.
        n: how many rows to return.
        n_pictures: how many pictures there are.
        seed: of the order.
    """
    first, last = start // n_pictures, (start + n) // n_pictures
    orders = [_order(n_pictures, seed, number) for number in range(first, last + 1)]
    return np.concatenate(orders)[start - first * n_pictures :][:n]


@lru_cache(maxsize=2)  # a batch reaches over the end of a pass at most now and then
def _order(n_pictures: int, seed: int, number: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, number]).permutation(n_pictures)
