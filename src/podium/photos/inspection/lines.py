"""What was found in a raw folder, in lines to read."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from PIL import Image

from podium.core.picture_decoder import FORMATS, UnreadableImage
from podium.core.printable import printable
from podium.evaluation.table_kinds import LABEL_MARK
from podium.evaluation.task import PictureTask
from podium.photos.dataset import Dataset
from podium.photos.inspection.raw_contents import RawContents
from podium.photos.sample import shown
from podium.pictures.entries import Entry
from podium.pictures.idx import is_idx
from podium.pictures.raw_files import JOIN_PARTS
from podium.pictures.source import PictureSource

_LOOKED_AT = 60  # pictures whose size is read
_CLASSES_SHOWN = 12
Line = tuple[str, str]


def contents_lines(contents: RawContents) -> Iterator[Line]:
    """Yield how many files of each kind lie in the folder."""
    suffixes = Counter(map(_suffix, contents.pictures))
    kinds = ", ".join(f"{n:,} {suffix}" for suffix, n in suffixes.most_common())
    yield "pictures", f"{len(contents.pictures):,} in all: {kinds}"
    if contents.tables:
        yield "tables", shown(contents.tables, 12)
    if contents.zip_parts:
        yield "left out", f"{shown(contents.zip_parts, 3)}: {JOIN_PARTS}"
    if contents.others:
        kinds = ", ".join(f"{n:,} {suffix}" for suffix, n in contents.others.most_common(8))
        yield "left out", f"no pictures and no tables: {kinds}"


def _suffix(path: str) -> str:
    return (
        "in an IDX file" if is_idx(path.partition("!")[0]) else PurePosixPath(path).suffix.lower()
    )


def split_lines(dataset: Dataset, source: PictureSource) -> Iterator[Line]:
    """Yield how many pictures each split has, their sizes and copies."""
    for split in ("train", "test"):
        entries = [entry for part, entry in dataset.entries if part == split]
        suffixes = Counter(_suffix(entry.path) for entry in entries)
        kinds = ", ".join(f"{n:,} {suffix}" for suffix, n in suffixes.most_common())
        if entries:
            example = printable(entries[0].path)
            yield split, f"{len(entries):,} pictures: {kinds}; e.g. {example}"
        else:
            yield split, "no pictures"
    entries = [entry for _, entry in dataset.entries]
    yield "sizes", _sizes(source, entries[:: max(len(entries) // _LOOKED_AT, 1)])
    if copies := copies_of(source, entries):
        first, second = copies[0]
        example = f"{printable(second.path)} of {printable(first.path)}"
        yield "copies", f"{len(copies):,} pictures have the bytes of another, e.g. {example}"
    else:
        yield "copies", "no two pictures have the same bytes"


def _sizes(source: PictureSource, entries: Sequence[Entry]) -> str:
    sizes = []
    for entry in entries:
        try:
            with Image.open(io.BytesIO(source.read(entry.path)), formats=FORMATS) as image:
                sizes.append(image.size)  # of the header; no pixel is decoded
        except (UnreadableImage, OSError, ValueError, SyntaxError):
            continue
    if not sizes:
        return f"none of {len(entries)} looked at can be read"
    common = ", ".join(f"{w}x{h} px ({n})" for (w, h), n in Counter(sizes).most_common(3))
    small, large = min(sizes, key=lambda s: s[0] * s[1]), max(sizes, key=lambda s: s[0] * s[1])
    return (
        f"of {len(entries)} looked at, {len(sizes)} have a header: {common}; from "
        f"{small[0]}x{small[1]} to {large[0]}x{large[1]}"
    )


def copies_of(source: PictureSource, entries: Sequence[Entry]) -> list[tuple[Entry, Entry]]:
    """Return each picture that has the bytes of an earlier one, behind that one.

    Only files of one length are read.

    Args:
        source: of the pictures.
        entries: to compare.
    """
    by_length: dict[int, list[Entry]] = {}
    for entry in entries:
        if not entry.fault:
            by_length.setdefault(source.n_bytes(entry.path), []).append(entry)
    copies = []
    for alike in by_length.values():
        first: dict[str, Entry] = {}
        for entry in alike if len(alike) > 1 else ():
            earlier = first.setdefault(_digest(source, entry), entry)
            if earlier is not entry:
                copies.append((earlier, entry))
    return copies


def _digest(source: PictureSource, entry: Entry) -> str:
    """The hash of a picture's bytes; its path, where they cannot be read."""
    try:
        return hashlib.sha256(source.read(entry.path)).hexdigest()
    except (UnreadableImage, OSError):
        return entry.path


def label_lines(dataset: Dataset, task: PictureTask) -> Iterator[Line]:
    """Yield ids, kind, how many pictures each class has, groups, and what has no partner."""
    train = [entry for split, entry in dataset.entries if split == "train"]
    test = [entry for split, entry in dataset.entries if split == "test"]
    if dataset.rule:
        yield "ids", dataset.rule
    for entry in [*train[:2], *test[:1]]:
        yield "ids", f"{printable(entry.id)} is {printable(entry.path)}"
    found = dataset.targets
    kind = {"class": "one class each", "labels": "any number of labels each",
            "ordered": "grades, from low to high", "number": "a number each"}  # fmt: skip
    yield "kind", f"{kind[found.answer]}: {found.why}"
    if found.answer == "number":
        values = sorted(map(float, found.cells))
        middle = values[len(values) // 2]
        yield "values", f"{values[0]:g} to {values[-1]:g}, in the middle {middle:g}"
    else:
        yield from _counts(found.cells, task.names)
    groups = Counter(entry.group for entry in train if entry.group)
    if groups:
        most = max(groups.values())
        yield "groups", f"{len(groups):,} of {len(train):,} train pictures, at most {most} in one"
    reasons = Counter(entry.fault for _, entry in dataset.left_out)
    for reason, n in reasons.items():
        first = next(entry for _, entry in dataset.left_out if entry.fault == reason)
        yield "left out", f"{n:,} x {reason}, e.g. {printable(first.path or first.id)}"


def _counts(cells: Sequence[str], names: Sequence[str]) -> Iterator[Line]:
    counts = Counter(name for cell in cells for name in cell.split(LABEL_MARK))
    ranked = sorted(names, key=lambda name: (-counts[name], name))
    shown = names if len(names) <= _CLASSES_SHOWN else ranked[:_CLASSES_SHOWN]
    more = f", and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    listed = ", ".join(f"{printable(name)} {counts[name]:,}" for name in shown)
    yield "counts", f"{len(names)} names: {listed}{more}"
    if rare := [name for name in ranked if counts[name] < 3]:
        example = printable(rare[-1])
        text = f"{len(rare)} names occur less than three times, e.g. {example}: kept, hardly learnt"
        yield "counts", text


def sample_line(dataset: Dataset, task: PictureTask) -> Line:
    """Return what a submission will look like."""
    style = task.sample
    cells = {
        "probabilities": f"probabilities of {', '.join(map(printable, style.names[:6]))}"
        + (" and so on" if len(style.names) > 6 else ""),
        "class": "the name of one class", "labels": "names of labels with blanks between them",
        "best": f"the {style.k} likeliest names with blanks between them",
        "number": "a number", "whole": "a whole number",
        "decisions": f"1 or 0, whether a picture has {', '.join(map(printable, style.names[:6]))}"
        + (" and so on" if len(style.names) > 6 else ""),
    }[style.cells]  # fmt: skip
    origin = "no sample: " if dataset.sample is None else ""
    columns = ", ".join(map(printable, style.columns[:8]))
    more = f" and {len(style.columns) - 8} more" if len(style.columns) > 8 else ""
    return "submission", f"{origin}{columns}{more}; each row holds {cells}"
