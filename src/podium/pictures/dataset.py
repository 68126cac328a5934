"""The table of a competition's pictures, and the list of those that cannot be read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

from podium.core import hardware
from podium.core.code_fingerprint import computing_code
from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.files import json_sha256, read_table, scratch_dir, to_numbers, write_table
from podium.core.ids import refuse_duplicates
from podium.core.picture_decoder import UnreadableImage, decode
from podium.core.printable import printable
from podium.core.progress import progress
from podium.core.raw_folder import QUARANTINE_COLUMNS
from podium.pictures.entries import Entry
from podium.pictures.source import PictureSource

ITEM_COLUMNS = [
    "id", "split", "label", "group", "path", "content", "width", "height", "phash", "thumbnail",
]  # fmt: skip
THUMBNAIL = 16  # pixels a side


@dataclass(frozen=True)
class PictureCheck:
    """Facts of one picture file.

    Attributes:
        content: sha256 of its bytes.
        width: in pixels; 0 if it cannot be read.
        height: in pixels; 0 if it cannot be read.
        phash: as `perceptual_hash` gives it; '' if it cannot be read.
        thumbnail: as `thumbnail` gives it; '' if it cannot be read.
        reason: why it cannot be read; '' if it can.
    """

    content: str
    width: int = 0
    height: int = 0
    phash: str = ""
    thumbnail: str = ""
    reason: str = ""


def perceptual_hash(image: Image.Image) -> str:
    """Return a 64-bit hash, as 16 hexadecimal digits, that differs by few bits in look-alikes.

    pHash: which of the 8x8 lowest frequencies of the 32x32 grey picture lie above their median
    (Zauner 2010, section 3.2.1).
    """
    grey = cv2.resize(np.asarray(image.convert("L")), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:8, :8].ravel()
    return np.packbits(low > np.median(low)).tobytes().hex()


def thumbnail(image: Image.Image) -> str:
    """Return 16x16 grey pixels of a picture as base64: what look-alikes are compared by."""
    size = (THUMBNAIL, THUMBNAIL)
    grey = cv2.resize(np.asarray(image.convert("L")), size, interpolation=cv2.INTER_AREA)
    return base64.b64encode(grey.tobytes()).decode()


def check_picture(data: bytes, max_megapixels: float) -> PictureCheck:
    """Decode the bytes of a picture file and return its facts."""
    content = hashlib.sha256(data).hexdigest()
    try:
        image = decode(data, max_megapixels)
    except UnreadableImage as error:
        return PictureCheck(content, reason=str(error))
    return PictureCheck(
        content, image.width, image.height, perceptual_hash(image), thumbnail(image)
    )


class CheckCache:
    """Checks of earlier runs by content hash, so that an added picture costs one picture.

    Attributes:
        checks: content hash -> facts.
        n_new: how many of them this process added.
    """

    def __init__(self, max_megapixels: float) -> None:
        key = json_sha256({"code": computing_code(__name__), "max_megapixels": max_megapixels})[:16]
        self.path = scratch_dir("checks") / f"{key}.csv"
        self.max_megapixels = max_megapixels
        self.checks = self._load()
        self.n_new = 0

    def _load(self) -> dict[str, PictureCheck]:
        columns = list(PictureCheck.__dataclass_fields__)
        try:
            table = read_table(self.path, *columns)
            to_numbers(self.path, table, ["width", "height"], int)
        except PodiumError:  # absent, or damaged: work is repeated, nothing is lost
            return {}
        rows = table[columns].itertuples(index=False, name=None)
        return {row[0]: PictureCheck(*row) for row in rows}

    def check(self, data: bytes) -> PictureCheck:
        """Return the facts of a picture's bytes, computed only if no earlier run has.

        What cannot be read is tried anew by each run: the machine may have been at fault.
        """
        content = hashlib.sha256(data).hexdigest()
        if content in self.checks:
            return self.checks[content]
        check = check_picture(data, self.max_megapixels)
        if not check.reason:
            self.checks[content] = check
            self.n_new += 1
        return check

    def save(self) -> None:
        """Write the checks for the next run."""
        if self.n_new:
            rows = [asdict(check) for check in self.checks.values()]
            write_table(self.path, pd.DataFrame(rows))


def check_pictures(
    source: PictureSource,
    cache: CheckCache,
    entries: Sequence[tuple[str, Entry]] | None = None,
    left_out: Sequence[tuple[str, Entry]] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the readable pictures of `source` (ITEM_COLUMNS) and the rest (QUARANTINE_COLUMNS).

    The rest is whatever lies in the folder and is not read: unreadable pictures of train and test,
    and, with an empty split, all other files.

    Args:
        source: train and test pictures.
        cache: checks of earlier runs; saved even if this run is interrupted.
        entries: split and picture of each; None: those of the source, under its ids.
        left_out: split and entry of what has no picture to look at; the reason is its fault.

    Raises:
        PodiumError: no train pictures, or an id that occurs twice.
    """
    if entries is None:
        entries = [(split, e) for split in ("train", "test") for e in source.entries(split)]
    if not any(split == "train" for split, _ in entries):
        refuse_no_train(source)
    refuse_duplicates(source.root, [printable(entry.id) for _, entry in entries])
    items, quarantine = [], []
    checked = _check_all(source, cache, entries)
    try:
        for split, entry, check in progress(checked, len(entries), "pictures"):
            if check.reason:
                quarantine.append(_quarantined(split, entry, check.reason))
            else:
                row = {"split": split, **asdict(entry), **asdict(check)}
                items.append({name: row[name] for name in ITEM_COLUMNS})
    finally:
        cache.save()
    others = [*left_out, *(("", entry) for entry in source.left_out())]
    quarantine += [_quarantined(split, entry, entry.fault) for split, entry in others]
    return (
        pd.DataFrame(items, columns=pd.Index(ITEM_COLUMNS)),
        pd.DataFrame(quarantine, columns=pd.Index(QUARANTINE_COLUMNS)),
    )


def _quarantined(split: str, entry: Entry, reason: str) -> dict[str, str]:
    row = {"id": entry.id, "split": split, "label": entry.label, "path": entry.path}
    return {**row, "reason": reason}


def refuse_no_train(source: PictureSource) -> None:
    """Raise an error that says where pictures lie instead, always.

    Raises:
        PodiumError: always.
    """
    paths = [printable(path) for path in source.misplaced_pictures()]
    there = f"; {len(paths)} pictures lie elsewhere, e.g. {paths[0]}" if paths else ""
    raise PodiumError(
        f"{printable(source.root)}: no train pictures{there}\n"
        "remedy: put train/ or train.zip there (see data/raw/README.md), or run podium inspect "
        "photos --write"
    )


def _check_all(
    source: PictureSource, cache: CheckCache, entries: Sequence[tuple[str, Entry]]
) -> Iterator[tuple[str, Entry, PictureCheck]]:
    def checked(pair: tuple[str, Entry]) -> PictureCheck:
        entry = pair[1]
        if entry.fault:
            return PictureCheck("", reason=entry.fault)
        try:
            data = source.read(entry.path)
        except UnreadableImage as error:
            return PictureCheck("", reason=str(error))
        except FileNotFoundError:
            return PictureCheck("", reason="removed while the stage ran")
        try:
            return cache.check(data)
        except EnvironmentFault as fault:
            raise type(fault)(f"{printable(source.root / entry.path)}: {fault}") from None

    with ThreadPoolExecutor(hardware.cores()) as pool:  # decoding lets go of the interpreter lock
        for start in range(0, len(entries), 256):
            part = entries[start : start + 256]
            checks = pool.map(checked, part)
            yield from (
                (split, entry, check) for (split, entry), check in zip(part, checks, strict=True)
            )


def read_items(path: Path) -> pd.DataFrame:
    """Read the table of readable pictures (ITEM_COLUMNS) at `path`."""
    items = read_table(path, *ITEM_COLUMNS)
    refuse_duplicates(path, items["id"])
    to_numbers(path, items, ["width", "height"], int)
    return items


def summary(items: pd.DataFrame, quarantine: pd.DataFrame) -> dict[str, int]:
    """Return the numbers of readable and unreadable pictures of each split."""
    tables = (("n", items), ("n_unreadable", quarantine))
    return {
        f"{name}_{split}": int((table["split"] == split).sum())
        for name, table in tables
        for split in ("train", "test")
    }
