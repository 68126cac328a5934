"""The table of a competition's pictures, and the list of those that cannot be read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

from podium.core.code_fingerprint import computing_code
from podium.core.errors import PodiumError
from podium.core.files import (
    json_sha256,
    read_table,
    scratch_dir,
    to_numbers,
    write_table,
)
from podium.core.ids import refuse_duplicates
from podium.core.picture_decoder import UnreadableImage, decode
from podium.core.progress import progress
from podium.pictures.source import Entry, PictureSource

ITEM_COLUMNS = ["id", "split", "label", "path", "content", "width", "height", "phash"]
QUARANTINE_COLUMNS = ["id", "split", "path", "reason"]


@dataclass(frozen=True)
class Check:
    """What one look at a picture's bytes tells; `reason` says why it cannot be read."""

    content: str
    width: int = 0
    height: int = 0
    phash: str = ""
    reason: str = ""


def perceptual_hash(image: Image.Image) -> str:
    """A 64-bit hash, as 16 hexadecimal digits, in which look-alikes differ by few bits.

    pHash: which of the 8x8 lowest frequencies of the 32x32 grey picture lie above their median
    (Zauner 2010, section 3.2.1).
    """
    grey = cv2.resize(np.asarray(image.convert("L")), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:8, :8].ravel()
    return np.packbits(low > np.median(low)).tobytes().hex()


def check(data: bytes, max_megapixels: float) -> Check:
    """What `data` holds: its hash, and its size and look, or the reason it cannot be read."""
    content = hashlib.sha256(data).hexdigest()
    try:
        image = decode(data, max_megapixels)
    except UnreadableImage as error:
        return Check(content, reason=str(error))
    return Check(content, image.width, image.height, perceptual_hash(image))


class CheckCache:
    """Checks of earlier runs, by content hash, so that an added picture costs one picture."""

    def __init__(self, max_megapixels: float) -> None:
        key = json_sha256({"code": computing_code(__name__), "max_megapixels": max_megapixels})[:16]
        self.path = scratch_dir("checks") / f"{key}.csv"
        self.max_megapixels = max_megapixels
        self.known = self._load()
        self.n_new = 0

    def _load(self) -> dict[str, Check]:
        try:
            table = read_table(self.path, *Check.__dataclass_fields__)
            to_numbers(self.path, table, ["width", "height"], int)
        except PodiumError:  # absent, or damaged: work is repeated, nothing is lost
            return {}
        rows = table[list(Check.__dataclass_fields__)].itertuples(index=False, name=None)
        return {row[0]: Check(*row) for row in rows}

    def look(self, data: bytes) -> Check:
        """The check of `data`, made only if no run before made it."""
        content = hashlib.sha256(data).hexdigest()
        if content not in self.known:
            self.known[content] = check(data, self.max_megapixels)
            self.n_new += 1
        return self.known[content]

    def save(self) -> None:
        """Keep what was learnt for the next run."""
        if self.n_new:
            write_table(self.path, pd.DataFrame([asdict(value) for value in self.known.values()]))


def survey(source: PictureSource, cache: CheckCache) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The readable pictures of `source` (ITEM_COLUMNS) and the others (QUARANTINE_COLUMNS).

    Args:
        source: train and test pictures.
        cache: checks of earlier runs; saved even when the look-through is interrupted.

    Raises:
        PodiumError: no train pictures, or only one class.
    """
    listed = [(split, entry) for split in ("train", "test") for entry in source.entries(split)]
    _refuse_hopeless(source.root, listed)
    refuse_duplicates(source.root, [entry.id for _, entry in listed])
    items, quarantine = [], []
    try:
        for split, entry, seen in progress(_looks(source, cache, listed), len(listed), "pictures"):
            row = {"id": entry.id, "split": split, "label": entry.label, "path": entry.path}
            if seen.reason:
                quarantine.append({**row, "reason": seen.reason})
            else:
                items.append({**row, **asdict(seen)})
    finally:
        cache.save()
    return (
        pd.DataFrame(items, columns=pd.Index(ITEM_COLUMNS)),
        pd.DataFrame(quarantine, columns=pd.Index(QUARANTINE_COLUMNS)),
    )


def _looks(
    source: PictureSource, cache: CheckCache, listed: list[tuple[str, Entry]]
) -> Iterator[tuple[str, Entry, Check]]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding lets go of the interpreter lock
        for start in range(0, len(listed), 256):
            part = listed[start : start + 256]
            seen = pool.map(lambda pair: cache.look(source.read(pair[1].path)), part)
            yield from (
                (split, entry, found) for (split, entry), found in zip(part, seen, strict=True)
            )


def _refuse_hopeless(root: Path, listed: list[tuple[str, Entry]]) -> None:
    labels = {entry.label for split, entry in listed if split == "train"}
    if not labels:
        raise PodiumError(
            f"{root}: no train pictures\n"
            "remedy: put train/ or train.zip there (see data/raw/README.md)"
        )
    if len(labels) == 1:
        raise PodiumError(
            f"{root}: all train pictures are of one class, {labels.pop()!r}\n"
            "remedy: add pictures of another class"
        )


def refuse_many_unreadable(
    root: Path, items: pd.DataFrame, quarantine: pd.DataFrame, tolerance: float
) -> None:
    """Raise a PodiumError if more than `tolerance` of the train pictures cannot be read."""
    bad = quarantine[quarantine["split"] == "train"]
    n_train = len(bad) + int((items["split"] == "train").sum())
    if len(bad) > tolerance * n_train:
        first = bad.iloc[0]
        raise PodiumError(
            f"{root / first['path']}: {first['reason']}\n"
            f"{len(bad)} of {n_train} train pictures cannot be read, more than the share "
            f"ingest_photos.max_unreadable = {tolerance:g}\n"
            "remedy: replace or remove them, or raise that number"
        )


def read_items(path: Path) -> pd.DataFrame:
    """The table of readable pictures that ingest_photos wrote to `path`."""
    items = read_table(path, *ITEM_COLUMNS)
    refuse_duplicates(path, items["id"])
    to_numbers(path, items, ["width", "height"], int)
    return items


def summary(items: pd.DataFrame, quarantine: pd.DataFrame) -> dict[str, int]:
    """How many pictures of each kind were found."""
    return {
        **{f"n_{split}": int((items["split"] == split).sum()) for split in ("train", "test")},
        "n_classes": int(items["label"][items["split"] == "train"].nunique()),
        **{f"n_unreadable_{s}": int((quarantine["split"] == s).sum()) for s in ("train", "test")},
    }
