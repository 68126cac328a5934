"""Cross-validation folds: stratified by class, and groups never torn apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from podium.core.errors import PodiumError


def assign(
    labels: NDArray[np.str_],
    groups: NDArray[np.int64],
    n_folds: int,
    seed: int,
    noun: str = "pictures (near-duplicates counted once)",
    setting: str = "assign_photo_folds.n_folds",
) -> NDArray[np.int64]:
    """Return the fold (N,) int64, 0 <= fold < n_folds, of each item.

    Args:
        labels: the class (N,) of each item.
        groups: which items (N,) belong together.
        n_folds: 2 or more.
        seed: 0 or more.
        noun: groups in words.
        setting: where n_folds stands.

    Raises:
        PodiumError: a class has fewer groups than there are folds.
    """
    for name in np.unique(labels):
        n_groups = len(np.unique(groups[labels == name]))
        if n_groups < n_folds:
            raise PodiumError(
                f"class {str(name)!r} has {n_groups} {noun} for {n_folds} folds\n"
                f"remedy: add some, or lower {setting}"
            )
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    folds = np.full(len(labels), -1, dtype=np.int64)
    for fold, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
        folds[held_out] = fold
    return folds
