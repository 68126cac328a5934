"""Near-duplicate pictures: detected by perceptual hash, kept in one fold, listed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from podium.pictures import folds


def near_pairs(hashes: NDArray[np.uint64], distance: int) -> NDArray[np.int64]:
    """Return pairs (P, 2) of indices, first < second, whose hashes differ in few bits.

    `hashes` (N,) may differ in at most `distance` bits.
    """
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for first in range(len(hashes)):
        n_bits = np.bitwise_count(hashes[first] ^ hashes[first + 1 :])
        seconds = np.flatnonzero(n_bits <= distance) + first + 1
        if len(seconds):
            pairs.append(np.column_stack([np.full(len(seconds), first), seconds]))
    return np.concatenate(pairs)


def look_alikes(items: pd.DataFrame, distance: int) -> NDArray[np.int64]:
    """Return the pairs (P, 2) of rows of `items` whose phash differs in `distance` bits at most."""
    hashes = np.array([int(text, 16) for text in items["phash"]], dtype=np.uint64)
    return near_pairs(hashes, distance)


def group_numbers(n_items: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the group (N,) of each item: those joined by a chain of `pairs` (P, 2) share one."""
    joined = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (n_items, n_items))
    return connected_components(joined, directed=False)[1].astype(np.int64)


def pair_table(items: pd.DataFrame, pairs: NDArray[np.int64]) -> pd.DataFrame:
    """Return paths and labels of the pairs (P, 2), for a person to look at."""
    columns: dict[str, list[str]] = {}
    for side, name in enumerate(("first", "second")):
        rows = items.iloc[pairs[:, side]]
        columns |= {f"{name}_path": rows["path"].tolist(), f"{name}_label": rows["label"].tolist()}
    return pd.DataFrame(columns)


def assign_folds(
    items: pd.DataFrame, pairs: NDArray[np.int64], n_folds: int, seeds: Sequence[int]
) -> pd.DataFrame:
    """Return the fold of each item for each seed: columns id, group, seed, fold.

    Folds are stratified by the label, and look-alikes share one.

    Args:
        items: columns id and label; the label may be '' throughout.
        pairs: rows (P, 2) that look alike.
        n_folds: 2 or more.
        seeds: one assignment for each.
    """
    groups, labels = group_numbers(len(items), pairs), items["label"].to_numpy(dtype=str)
    base = {"id": items["id"].tolist(), "group": groups}
    parts = [
        pd.DataFrame({**base, "seed": seed, "fold": folds.assign(labels, groups, n_folds, seed)})
        for seed in seeds
    ]
    return pd.concat(parts, ignore_index=True)
