"""Folds and held-out parts of pictures: stratified by target, groups whole, rare classes kept."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from podium.core.errors import PodiumError
from podium.core.printable import printable
from podium.evaluation.table_kinds import Labels as SeveralLabels

Labels = NDArray[np.str_]
Numbers = NDArray[np.int64]
DEALT = 5000  # more groups are dealt out by their order
BIN_ROWS, MAX_BINS = 10, 10  # rows of a bin of numbers, at least; bins, at most


def strata(kind: str, cells: Sequence[str], names: Sequence[str], n_parts: int) -> Labels:
    """Return the stratum (N,) of each item: what shares of every fold should be alike in.

    Of classes the class; of labels the combination, or where fewer items than parts have it, the
    rarest of its labels; of numbers a tenth of the items by size.

    Args:
        kind: of the target.
        cells: the target (N,) of each item, as the column `label` says it.
        names: of labels.
        n_parts: how many folds there will be.
    """
    if kind == "classes":
        return np.array(cells, dtype=np.str_)
    if kind == "number":
        ranks = np.argsort(np.argsort([float(cell) for cell in cells], kind="stable"))
        n_bins = min(MAX_BINS, max(1, len(cells) // max(BIN_ROWS, n_parts)))
        return (ranks * n_bins // len(cells)).astype(np.str_)
    truth = np.array(SeveralLabels(names).indicators(cells))
    counts = np.where(truth == 1, truth.sum(0), len(truth) + 1)
    rarest = np.array([*names, ""])[np.where(truth.any(1), counts.argmin(1), len(names))]
    combined, number, n_items = np.unique(cells, return_inverse=True, return_counts=True)
    return np.where(n_items[number] < n_parts, rarest, combined[number])


def joined(groups: Numbers, names: ArrayLike) -> Numbers:
    """Return groups (N,) that hold whole both `groups` (N,) and items of one name (N,), '' none.

    They are numbered in the order of their first items.
    """
    rows, n = np.arange(len(groups)), len(groups)
    texts, number = np.unique(np.asarray(names, dtype=np.str_), return_inverse=True)
    named = texts[number] != ""
    pairs = np.concatenate([np.c_[rows, n + groups], np.c_[rows, 2 * n + number][named]])
    links = coo_array((np.ones(len(pairs)), tuple(pairs.T)), (3 * n, 3 * n))
    part = connected_components(links, directed=False)[1][:n]
    _, first, number = np.unique(part, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int64)


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
    all train rows have every class; one of a single group is missing where that is held out.

    Args:
        labels: the class or stratum (N,) of each item.
        groups: which items (N,) belong together.
        n_folds: 2 or more.
        seed: 0 or more.

    Raises:
        PodiumError: there are fewer groups than folds.
    """
    if (n_groups := len(np.unique(groups))) < n_folds:
        or_fewer = ", or lower assign_photo_folds.n_folds" if n_folds > 2 else ""
        raise PodiumError(
            f"{n_groups} train pictures (near-duplicates and groups counted once) for {n_folds} "
            f"folds\nremedy: add pictures that do not look alike{or_fewer}"
        )
    return _in_two_folds(_parts(labels, groups, n_folds, seed), labels, groups, n_folds)


def refuse_lonely_classes(labels: Labels, groups: Numbers) -> None:
    """Check that some class is in two groups at least, so that it can be learnt and tried.

    Args:
        labels: the class (N,) of each item.
        groups: which items (N,) belong together.

    Raises:
        PodiumError: none is.
    """
    counts = group_counts(labels, groups)
    if max(counts.values()) < 2:
        raise PodiumError(
            f"no class has two pictures that do not belong together, e.g. "
            f"{printable(min(counts))!r}: none can be learnt and tried at once\n"
            "remedy: add pictures that do not look alike, or choose another group column"
        )


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
        if n_groups == 1:
            yield (
                f"warning: class {printable(name)!r} has one picture (near-duplicates counted "
                "once): no model that learnt it is scored on it; add pictures of it"
            )
        elif n_groups < n_folds:
            yield (
                f"warning: class {printable(name)!r} has {n_groups} pictures (near-duplicates "
                f"counted once) for {n_folds} folds: some folds are without it, and its scores are "
                "rough; add pictures of it, or lower assign_photo_folds.n_folds"
            )


def _parts(labels: Labels, groups: Numbers, n_parts: int, seed: int) -> Numbers:
    """The part (N,) of each item; where no label has enough items, they are not looked at.

    scikit-learn takes a minute to place 30,000 groups one by one. So many are dealt out instead,
    in random order within the label of their first items.
    """
    if np.unique(labels, return_counts=True)[1].max() < n_parts:
        labels = np.full_like(labels, "")
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    if len(first) > DEALT:
        order = np.lexsort([np.random.default_rng(seed).permutation(len(first)), labels[first]])
        return np.asarray(np.argsort(order)[number] % n_parts)
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
        numbers, sizes = np.unique(groups[labels == name], return_counts=True)
        if len(of_class) == 1 and len(numbers) > 1:
            folds[groups == numbers[sizes.argmin()]] = (of_class[0] + 1) % n_folds
    return folds
