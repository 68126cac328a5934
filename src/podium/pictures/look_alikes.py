"""Near-duplicate pictures: detected by hash and by pixels, kept in one fold, listed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.printable import printable
from podium.evaluation.task import PictureTask
from podium.pictures import folds
from podium.pictures.dataset import THUMBNAIL
from podium.pictures.hash_index import HashIndex

SAME = 0.95  # correlation of the thumbnails of two look-alikes, at least
DRIFT = 0.9  # and with the first picture of their group
DRIFT_DISTANCES = 2  # as many times the distance may the hash be away from the first one's
FLAT = 2.0  # grey levels: deviation below which a thumbnail has nothing to correlate
FLAT_STEP = 8.0  # grey levels between two flat pictures that look alike, at most
AT_ONCE = 10_000  # pictures
MAX_CANDIDATES = 256  # earlier pictures that a picture is compared with by pixels
NOTES = ("", "two labels", "train and test")
Pairs = NDArray[np.int64]


@dataclass(frozen=True)
class Looks:
    """What pictures are compared by.

    Attributes:
        hashes: (N,) uint64, perceptual.
        shapes: thumbnails (N, P) of mean 0 and length 1; 0 throughout where a picture is flat.
        levels: mean grey level (N,).
    """

    hashes: NDArray[np.uint64]
    shapes: NDArray[np.float32]
    levels: NDArray[np.float32]

    def near(self, row: int, others: Pairs, distance: int, correlation: float) -> Pairs:
        """Return those of the rows `others` (M,) that look like row `row`.

        Args:
            row: a picture.
            others: rows it is compared with; only the MAX_CANDIDATES nearest by hash count.
            distance: bits in which the hashes may differ.
            correlation: that the thumbnails must reach.
        """
        n_bits = np.bitwise_count(self.hashes[others] ^ self.hashes[row])
        near = np.flatnonzero(n_bits <= distance)
        if len(near) > MAX_CANDIDATES:
            near = np.sort(near[np.argsort(n_bits[near], kind="stable")[:MAX_CANDIDATES]])
        others = others[near]
        alike = self.shapes[others] @ self.shapes[row] >= correlation
        flat = ~self.shapes[others].any(1) & ~self.shapes[row].any()
        step = np.abs(self.levels[others] - self.levels[row])
        return others[alike | (flat & (step <= FLAT_STEP))]


def read_looks(items: pd.DataFrame) -> Looks:
    """Return what the pictures of `items` are compared by: columns phash and thumbnail.

    Raises:
        PodiumError: they are not as they were written.
    """
    try:
        hashes = np.array([int(text, 16) for text in items["phash"]], dtype=np.uint64)
        pixels = b"".join(base64.b64decode(text) for text in items["thumbnail"])
        grey = np.frombuffer(pixels, np.uint8).reshape(len(items), THUMBNAIL**2)
    except (ValueError, OverflowError):
        raise PodiumError(
            "the table of pictures: phash or thumbnail of a row is none\n"
            "remedy: run dvc repro ingest_photos"
        ) from None
    shapes = grey.astype(np.float32)
    levels = shapes.mean(1)
    shapes -= levels[:, None]
    starts = range(0, len(shapes), AT_ONCE)
    squares = [(shapes[start : start + AT_ONCE] ** 2).sum(1) for start in starts]
    lengths = np.sqrt(np.concatenate([shapes[:0, 0], *squares]))
    flat = lengths < FLAT * np.sqrt(shapes.shape[1])
    shapes[flat] = 0
    shapes /= np.where(flat, 1, lengths)[:, None]
    return Looks(hashes, shapes, levels)


def group_look_alikes(looks: Looks, distance: int) -> tuple[NDArray[np.int64], Pairs]:
    """Return the group (N,) of each picture, and for each that joined one a pair of rows (P, 2).

    A picture joins the group of an earlier one that it looks like, if it does not look too
    different from the first of that group: chains of slowly changing pictures come to an end.

    Args:
        looks: of the pictures.
        distance: bits in which the hashes of look-alikes may differ.
    """
    first_of = np.arange(len(looks.hashes))  # row -> first row of its group
    index = HashIndex(looks.hashes, distance)
    distinct = np.zeros(len(first_of), dtype=bool)  # seen, and not the very same as an earlier one
    same: dict[bytes, int] = {}  # by a hash of all that is compared
    pairs = []
    for row in range(len(first_of)):
        facts = looks.hashes[row], looks.shapes[row], looks.levels[row]
        key = hashlib.sha256(b"".join(fact.tobytes() for fact in facts)).digest()
        if key in same:
            partner = same[key]
        else:
            same[key] = row
            candidates = index.candidates(row)
            near = looks.near(row, candidates[distinct[candidates]], distance, SAME)
            partner = _joined(looks, row, near, first_of, distance)
            distinct[row] = True
        if partner >= 0:
            first_of[row] = first_of[partner]
            pairs.append((partner, row))
    groups = np.unique(first_of, return_inverse=True)[1].astype(np.int64)
    return groups, np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _joined(looks: Looks, row: int, near: Pairs, first_of: Pairs, distance: int) -> int:
    """The first of the rows `near` whose group takes `row`; -1 if none does."""
    firsts = np.unique(first_of[near])
    taken = looks.near(row, firsts, DRIFT_DISTANCES * distance, DRIFT)
    partners = near[np.isin(first_of[near], taken)]
    return int(partners[0]) if len(partners) else -1


def copies_of(looks: Looks, others: Looks, distance: int) -> Pairs:
    """Return pairs (P, 2): a row of `others` that looks like one of `looks`, which comes first.

    Args:
        looks: of the pictures that may have copies.
        others: of the pictures that may be copies.
        distance: bits in which the hashes of look-alikes may differ.
    """
    n = len(looks.hashes)
    both = Looks(
        np.concatenate([looks.hashes, others.hashes]),
        np.concatenate([looks.shapes, others.shapes]),
        np.concatenate([looks.levels, others.levels]),
    )
    index = HashIndex(both.hashes, distance)
    near = []
    for row in range(n, len(both.hashes)):
        candidates = index.candidates(row)
        near.append(both.near(row, candidates[candidates < n], distance, SAME))
    pairs = [(first[0], other) for other, first in enumerate(near) if len(first)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def pair_table(first: pd.DataFrame, second: pd.DataFrame, pairs: Pairs) -> pd.DataFrame:
    """Return paths and labels of look-alikes, and a note of NOTES, for a person to look at.

    Args:
        first: pictures, columns split, path and label.
        second: pictures, likewise; `first` or others.
        pairs: rows (P, 2) of `first` and of `second`.
    """
    columns: dict[str, list[str]] = {}
    sides = (("first", first.iloc[pairs[:, 0]]), ("second", second.iloc[pairs[:, 1]]))
    for name, rows in sides:
        columns |= {f"{name}_path": rows["path"].tolist(), f"{name}_label": rows["label"].tolist()}
    table = pd.DataFrame(columns)
    across = sides[0][1]["split"].to_numpy() != sides[1][1]["split"].to_numpy()
    table["note"] = np.where(table["first_label"] != table["second_label"], NOTES[1], NOTES[0])
    table.loc[across, "note"] = NOTES[2]
    return table


def summary_lines(
    items: pd.DataFrame, groups: NDArray[np.int64], table: pd.DataFrame, of_numbers: bool = False
) -> Iterator[str]:
    """Yield what a person should know of look-alikes: how many, and what is odd about them.

    Args:
        items: train pictures (N,), columns path and label.
        groups: (N,).
        table: of look-alikes, as `pair_table` gives it.
        of_numbers: labels are numbers, so that look-alikes may well differ in them.
    """
    counts = table["note"].value_counts()
    within = len(table) - counts.get(NOTES[2], 0)
    yield f"{len(items)} pictures, {len(np.unique(groups))} groups, {within} look-alikes"
    if n := counts.get(NOTES[1], 0):
        yield f"warning: {n} pictures look like one of another class: is a label wrong?"
    if n := counts.get(NOTES[2], 0):
        yield f"note: {n} test pictures look like a train picture"
    sizes = np.bincount(groups)
    largest = int(sizes.argmax())
    rows = np.flatnonzero(groups == largest)
    n_classes = 1 if of_numbers else items["label"].iloc[rows].nunique()
    if len(rows) >= 3 and (len(rows) >= len(items) / 10 or n_classes > 2):
        yield (
            f"warning: one group of look-alikes holds {len(rows)} of {len(items)} pictures"
            f"{'' if of_numbers else f' of {n_classes} classes'}, e.g. "
            f"{printable(items['path'].iloc[rows[0]])}: folds will be uneven; if they do not look "
            "alike, lower assign_photo_folds.duplicate_distance"
        )


def assign_folds(
    items: pd.DataFrame,
    groups: NDArray[np.int64],
    n_folds: int,
    seeds: Sequence[int],
    task: PictureTask | None = None,
) -> pd.DataFrame:
    """Return the fold of each item for each seed: columns id, group, seed, fold.

    Folds are stratified by the target, and items of one group share one.

    Args:
        items: columns id and label; the label may be '' throughout.
        groups: (N,); items that belong together share a number.
        n_folds: 2 or more.
        seeds: one assignment for each.
        task: what the labels are; None: classes.
    """
    labels = items["label"].to_numpy(dtype=str)
    if task is None or task.kind == "classes":
        folds.refuse_lonely_classes(labels, groups)
    else:
        labels = folds.strata(task.kind, labels.tolist(), task.names, n_folds)
    base = {"id": items["id"].tolist(), "group": groups}
    parts = [
        pd.DataFrame({**base, "seed": seed, "fold": folds.assign(labels, groups, n_folds, seed)})
        for seed in seeds
    ]
    return pd.concat(parts, ignore_index=True)
