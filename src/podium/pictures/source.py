"""A folder of competition pictures as a person drops it in: folders or zips, flat or by class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path, PurePosixPath

from podium.core.errors import PodiumError
from podium.core.ids import natural_key
from podium.core.picture_decoder import SUFFIXES, UnreadableImage
from podium.core.printable import printable
from podium.pictures.archive import PictureZip
from podium.pictures.entries import Entry, RawFile, entry_of, is_utf8
from podium.pictures.raw_files import (
    OTHER_SUFFIXES,
    file_fault,
    files_below,
    is_hidden,
    picture_fault,
    why_no_picture,
)

TABLES = ("sample_submission.csv", "test_labels.csv")  # beside the pictures; later stages read them
_PLACES = {
    "train": ("train",),
    "test": ("test", "test1"),
}  # folders or zips; Kaggle has a test1.zip
# not the names of classes
_SPLIT_NAME = re.compile(
    r"(train|test|val|valid|dev|holdout|images?|pictures|photos|data)\w*", re.I
)


class PictureSource:
    """Read access to the folder `root` with train and, perhaps, test: each a folder or a zip.

    Without train, class folders beside test are the train pictures.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._zips: dict[str, PictureZip] = {}

    def entries(self, split: str) -> list[Entry]:
        """Return the pictures of `train` or `test` in natural order of their ids.

        Only those of train have labels. What is a picture but cannot be read has a fault.

        Raises:
            PodiumError: two files have one id, or a zip is hostile.
        """
        files = [(file, fault) for file, fault in self._faults[split] if fault is not None]
        folders = any(len(file.inner.parts) > 1 for file, _ in files)
        entries = [entry_of(split, file, fault, folders) for file, fault in files]
        entries.sort(key=lambda entry: (natural_key(entry.id), entry.path))
        for first, second in pairwise(entries):
            if first.id == second.id:
                raise PodiumError(
                    f"{printable(self.root)}: {printable(first.path)} and {printable(second.path)}"
                    f" have one id, {printable(first.id)!r}\nremedy: rename or remove one of them"
                )
        return entries

    def left_out(self) -> list[Entry]:
        """Return the files that are no train or test pictures, each with the reason as fault."""
        files = [
            replace(file, fault=file.fault or why_no_picture(file.inner))
            for split in _PLACES
            for file, fault in self._faults[split]
            if fault is None
        ]
        return [
            Entry(printable(file.inner), "", printable(file.path), file.fault)
            for file in [*files, *self._misplaced()]
        ]

    def notes(self) -> list[str]:
        """Return lines about names and places that were taken another way than they stand."""
        notes = [archive.encoding_note for archive in self._zips.values() if archive.encoding_note]
        if places := self._class_folders:
            names = ", ".join(printable(name) for name in places[:5])
            notes.append(f"{printable(self.root)}: no train; its class folders are: {names}")
        return notes

    def tables(self) -> list[str]:
        """Return the paths of tables that may hold labels; they are not read."""
        return [entry.path for entry in self.left_out() if entry.fault.startswith("table: ")]

    def read(self, path: str) -> bytes:
        """Return the bytes of the picture at `path`; safe to call from several threads.

        Raises:
            UnreadableImage: it is a damaged member of a zip.
        """
        archive, bang, member = path.partition("!")
        if bang and archive.endswith(".zip") and (self.root / archive).is_file():
            return self._zip(archive).read(member)
        return (self.root / path).read_bytes()

    def misplaced_pictures(self) -> list[str]:
        """Return the paths of pictures that lie outside of train and test."""
        return [
            file.path for file in self._misplaced() if file.inner.suffix.lower() in SUFFIXES
        ]  # fmt: skip

    @cached_property
    def _faults(self) -> dict[str, list[tuple[RawFile, str | None]]]:
        """The files of each split, with '', why they are not read, or None: no picture."""
        return {
            split: [(file, self._fault(file)) for file in self._files(split)] for split in _PLACES
        }

    def _fault(self, file: RawFile) -> str | None:
        if file.fault and file.inner.suffix.lower() not in (*SUFFIXES, *OTHER_SUFFIXES):
            return None
        fault = file.fault or picture_fault(file.inner, lambda: self._head(file.path))
        if fault is None or is_hidden(file.inner):
            return None
        return fault if is_utf8(file.path) else "its name is not UTF-8: rename it"

    def _head(self, path: str) -> bytes:
        archive, bang, member = path.partition("!")
        try:
            if bang and archive in self._zips:
                return self._zip(archive).read(member, 32)
            with (self.root / path).open("rb") as file:
                return file.read(32)
        except UnreadableImage:
            return b""

    @cached_property
    def _used(self) -> dict[str, str]:
        """Split -> name of the folder or zip below `root` that holds it."""
        used = {}
        for split, places in _PLACES.items():
            folders = [name for name in places if (self.root / name).is_dir()]
            zips = [f"{name}.zip" for name in places if (self.root / f"{name}.zip").is_file()]
            folders.sort(key=lambda name: not any((self.root / name).iterdir()))  # empty ones last
            if folders and zips and not any((self.root / folders[0]).iterdir()):
                folders = []
            if folders or zips:
                used[split] = (folders + zips)[0]
        return used

    @cached_property
    def _class_folders(self) -> list[str]:
        """Folders below `root` that are classes, where there is no train."""
        if "train" in self._used or not self.root.is_dir():
            return []
        names = sorted(path.name for path in self.root.iterdir() if path.is_dir())
        names = [name for name in names if not is_hidden(PurePosixPath(name))]
        classes = [name for name in names if name not in self._used.values()]
        unclear = any(_SPLIT_NAME.fullmatch(name) for name in classes)
        return classes if len(classes) > 1 and not unclear else []

    def _files(self, split: str) -> Iterator[RawFile]:
        place = self._used.get(split)
        if place is None:
            for name in self._class_folders if split == "train" else []:
                for inner, fault in files_below(self.root / name):
                    yield RawFile(PurePosixPath(name, inner), f"{name}/{inner}", fault)
        elif place.endswith(".zip"):
            archive = self._zip(place)
            for member in archive.members:
                inside = PurePosixPath(member)
                if len(inside.parts) > 1 and inside.parts[0] in _PLACES[split]:
                    inside = inside.relative_to(inside.parts[0])
                yield RawFile(inside, f"{place}!{member}", archive.fault(member))
        else:
            for below, fault in files_below(self.root / place):
                yield RawFile(PurePosixPath(below), f"{place}/{below}", fault)

    def _misplaced(self) -> Iterator[RawFile]:
        """Files that lie neither in train nor in test, nor are one of TABLES."""
        if not self.root.is_dir():
            return
        read = {*self._used.values(), *self._class_folders, *TABLES}
        for path in sorted(self.root.iterdir()):
            if path.name in read:
                continue
            fault = file_fault(path)
            below = files_below(path) if fault == "folder" else [("", fault)]
            for inner, file_problem in below:
                name = PurePosixPath(path.name, inner)
                reason = file_problem or self._why_misplaced(name)
                yield RawFile(name, name.as_posix(), reason)

    def _why_misplaced(self, name: PurePosixPath) -> str:
        suffix = name.suffix.lower()
        if is_hidden(name) or suffix not in (*SUFFIXES, *OTHER_SUFFIXES, ".zip"):
            return why_no_picture(name)
        places = " and ".join(self._used.values()) or "train and test"
        return f"zip beside {places}" if suffix == ".zip" else f"lies outside of {places}"

    def _zip(self, archive: str) -> PictureZip:
        if archive not in self._zips:
            self._zips[archive] = PictureZip(self.root / archive)
        return self._zips[archive]
