"""Near-duplicate pictures: found by perceptual hash, kept in one fold, listed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from podium.evaluation import folds


def near_pairs(hashes: NDArray[np.uint64], distance: int) -> NDArray[np.int64]:
    """Index pairs (P, 2), first < second, of hashes (N,) that differ in at most `distance` bits."""
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for first in range(len(hashes)):
        differing = np.bitwise_count(hashes[first] ^ hashes[first + 1 :])
        near = np.flatnonzero(differing <= distance) + first + 1
        if len(near):
            pairs.append(np.column_stack([np.full(len(near), first), near]))
    return np.concatenate(pairs)


def look_alikes(items: pd.DataFrame, distance: int) -> NDArray[np.int64]:
    """Row pairs (P, 2) of `items` (column phash) that look alike."""
    hashes = np.array([int(text, 16) for text in items["phash"]], dtype=np.uint64)
    return near_pairs(hashes, distance)


def group(n_items: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Group numbers (N,): items joined by any chain of pairs share one."""
    joined = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (n_items, n_items))
    return connected_components(joined, directed=False)[1].astype(np.int64)


def listed(items: pd.DataFrame, pairs: NDArray[np.int64]) -> pd.DataFrame:
    """The pairs by name, for a person to look at."""
    columns: dict[str, list[str]] = {}
    for side, name in enumerate(("first", "second")):
        rows = items.iloc[pairs[:, side]]
        columns |= {f"{name}_path": rows["path"].tolist(), f"{name}_label": rows["label"].tolist()}
    return pd.DataFrame(columns)


def assign_folds(
    items: pd.DataFrame, pairs: NDArray[np.int64], n_folds: int, seeds: Sequence[int]
) -> pd.DataFrame:
    """The fold of each item under each seed: columns id, group, seed, fold."""
    groups, labels = group(len(items), pairs), items["label"].to_numpy(dtype=str)
    base = {"id": items["id"].tolist(), "group": groups}
    parts = [
        pd.DataFrame({**base, "seed": seed, "fold": folds.assign(labels, groups, n_folds, seed)})
        for seed in seeds
    ]
    return pd.concat(parts, ignore_index=True)
