"""Folds and held-out parts of pictures: stratified by class, groups whole, rare classes allowed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from podium.core.errors import PodiumError
from podium.core.printable import printable

Labels = NDArray[np.str_]
Numbers = NDArray[np.int64]


def group_counts(labels: Labels, groups: Numbers) -> dict[str, int]:
    """Return in how many groups each class occurs, e.g. {'cat': 5}.

    Args:
        labels: the class (N,) of each item.
        groups: which items (N,) belong together.
    """
    return {str(name): len(np.unique(groups[labels == name])) for name in np.unique(labels)}


def assign(labels: Labels, groups: Numbers, n_folds: int, seed: int) -> Numbers:
    """Return the fold (N,), 0 <= fold < n_folds, of each item.

    A class of fewer groups than folds is in as many folds as it can, and in two at least, so that
    all train rows have every class.

    Args:
        labels: the class (N,) of each item.
        groups: which items (N,) belong together.
        n_folds: 2 or more.
        seed: 0 or more.

    Raises:
        PodiumError: a class is in one group only, or all classes are smaller than the folds.
    """
    counts = group_counts(labels, groups)
    largest = max(counts, key=lambda name: counts[name])
    if counts[largest] < n_folds:
        or_fewer = ", or lower assign_photo_folds.n_folds" if n_folds > 2 else ""
        raise PodiumError(
            f"class {printable(largest)!r} has {counts[largest]} pictures (near-duplicates counted "
            f"once) for {n_folds} folds, and no class has more\n"
            f"remedy: add pictures that do not look alike{or_fewer}"
        )
    for name, n_groups in counts.items():
        if n_groups < 2:
            raise PodiumError(
                f"class {printable(name)!r} has one picture only (near-duplicates counted once): "
                "it cannot be learnt and tried at once\n"
                "remedy: add a picture of it, or remove the class from train"
            )
    return _in_two_folds(_parts(labels, groups, n_folds, seed), labels, groups, n_folds)


def hold_out(labels: Labels, groups: Numbers, n_parts: int, seed: int) -> NDArray[np.bool_]:
    """Return which items (N,) form one part in `n_parts` of each class; groups stay whole.

    A class of fewer groups than parts gives one or none, and never its last.

    Args:
        labels: the class (N,) of each item.
        groups: which items (N,) belong together.
        n_parts: 2 or more.
        seed: 0 or more.
    """
    n_parts = min(n_parts, max(group_counts(labels, groups).values()))
    if n_parts < 2:
        return np.zeros(len(labels), dtype=np.bool_)
    held_out = _parts(labels, groups, n_parts, seed) == 0
    for name in np.unique(labels):
        if held_out[labels == name].all():
            held_out &= ~np.isin(groups, groups[labels == name])
    return np.asarray(held_out)


def rare_class_lines(labels: Labels, groups: Numbers, n_folds: int) -> Iterator[str]:
    """Yield a line for each class that is not in every fold.

    Args:
        labels: the class (N,) of each item.
        groups: which items (N,) belong together.
        n_folds: of the cross-validation.
    """
    for name, n_groups in group_counts(labels, groups).items():
        if n_groups < n_folds:
            yield (
                f"warning: class {printable(name)!r} has {n_groups} pictures (near-duplicates "
                f"counted once) for {n_folds} folds: some folds are without it, and its scores are "
                "rough; add pictures of it, or lower assign_photo_folds.n_folds"
            )


def _parts(labels: Labels, groups: Numbers, n_parts: int, seed: int) -> Numbers:
    splitter = StratifiedGroupKFold(n_parts, shuffle=True, random_state=seed)
    parts = np.full(len(labels), -1, dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        for part, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
            parts[held_out] = part
    return parts


def _in_two_folds(folds: Numbers, labels: Labels, groups: Numbers, n_folds: int) -> Numbers:
    """`folds`, with one group moved wherever a class is in a single fold."""
    for name in np.unique(labels):
        of_class = np.unique(folds[labels == name])
        if len(of_class) == 1:
            numbers, sizes = np.unique(groups[labels == name], return_counts=True)
            folds[groups == numbers[sizes.argmin()]] = (of_class[0] + 1) % n_folds
    return folds
