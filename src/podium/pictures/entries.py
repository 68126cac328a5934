"""Files of a picture competition: ids and labels by names and folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from podium.core.picture_decoder import SUFFIXES
from podium.core.printable import printable
from podium.pictures.raw_files import OTHER_SUFFIXES

_CLASS_AND_NUMBER = re.compile(r"([^\W\d]+(?:[ -][^\W\d]+)*)\.[0-9]+")


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes:
        id: its path below the split, without the suffix.
        label: the class that its folder or the beginning of its name says; '' if none.
        path: relative to the source; `train.zip!cat.0.jpg` inside a zip.
        fault: why it cannot be read; '' if nothing is known against it.
        group: entries of one group are of one patient, place, ...; '' if none is known.
    """

    id: str
    label: str
    path: str
    fault: str = ""
    group: str = ""


@dataclass(frozen=True)
class RawFile:
    """A file that lies somewhere in the source.

    Attributes:
        inner: its path below the split.
        path: relative to the source; `train.zip!cat.0.jpg` inside a zip.
        fault: why it cannot be opened; '' if it can.
    """

    inner: PurePosixPath
    path: str
    fault: str


def is_utf8(name: str) -> bool:
    """Return whether a file name can be written as UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def entry_of(split: str, file: RawFile, fault: str | None, folders: bool) -> Entry:
    """Return the entry of a file.

    Args:
        split: train or test.
        file: a picture.
        fault: why it cannot be read; None or '' if nothing is known against it.
        folders: whether pictures of the split lie in folders, which are classes then.
    """
    name = file.inner
    suffix = name.suffix
    if suffix.lower() in (*SUFFIXES, *OTHER_SUFFIXES) or re.fullmatch(r"\.[A-Za-z]{1,5}", suffix):
        name = name.with_suffix("")
    label = ""
    if split == "train":
        label = _class_prefix(file.inner.stem) if not folders else ""
        label = name.parts[0] if folders and len(name.parts) > 1 else label
    texts = (name.as_posix(), label, file.path)
    if not is_utf8(file.path):
        texts = (printable(texts[0]), printable(label), printable(file.path))
    return Entry(*texts, fault=fault or "")


def _class_prefix(stem: str) -> str:
    """cat.0 -> cat; 0, 1.2.826.7 and IMG_1.x -> nothing: it takes letters, a dot, a number."""
    match = _CLASS_AND_NUMBER.fullmatch(stem)
    return match[1] if match else ""
