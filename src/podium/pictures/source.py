"""A folder of competition pictures as a person drops it in: folders or zips, flat or by class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path, PurePosixPath

from podium.core.errors import PodiumError
from podium.core.ids import natural_key
from podium.core.picture_decoder import SUFFIXES, UnreadableImage
from podium.core.printable import printable
from podium.core.raw_folder import files_below, link_fault
from podium.pictures.archive import PictureZip
from podium.pictures.entries import Entry, RawFile, entry_of, is_utf8
from podium.pictures.idx import IdxPictures, is_idx
from podium.pictures.places import (
    ALL,
    TABLES,
    USUAL,
    Places,
    class_folders,
    is_zip,
    outer_inner,
    places_used,
    zips_of,
)
from podium.pictures.raw_files import (
    OTHER_SUFFIXES,
    is_hidden,
    picture_fault,
    why_no_picture,
)


class PictureSource:
    """Read access to the folder `root` with train and, perhaps, test: each a folder or a zip.

    Without train, class folders beside test are the train pictures. Where `places` names one place
    for both splits, all its pictures are entries of train.
    """

    def __init__(self, root: Path, places: Places = Places()) -> None:  # noqa: B008
        self.root = root
        self.places = places
        self._zips: dict[str, PictureZip] = {}
        self._idx: dict[str, IdxPictures] = {}

    def entries(self, split: str) -> list[Entry]:
        """Return the pictures of `train` or `test` in natural order of their ids.

        Only those of train have labels. What is a picture but cannot be read has a fault.

        Raises:
            PodiumError: two files have one id, or a zip is hostile.
        """
        entries = self.pictures(split)
        for first, second in pairwise(entries):
            if first.id == second.id:
                raise PodiumError(
                    f"{printable(self.root)}: {printable(first.path)} and {printable(second.path)}"
                    f" have one id, {printable(first.id)!r}\nremedy: rename or remove one of them"
                )
        return entries

    def pictures(self, split: str) -> list[Entry]:
        """Return what `entries` does, whether two have one id or not."""
        if is_idx(place := self._used.get(split, "")):
            pictures = self._idx_pictures(place)
            n = len(pictures.pixels)
            labels = pictures.labels if split == "train" else [""] * n
            return [Entry(str(k), labels[k], f"{place}!{k}") for k in range(n)]
        files = [(file, fault) for file, fault in self._faults[split] if fault is not None]
        folders = any(len(file.inner.parts) > 1 for file, _ in files)
        entries = [entry_of(split, file, fault, folders) for file, fault in files]
        return sorted(entries, key=lambda entry: (natural_key(entry.id), entry.path))

    def left_out(self) -> list[Entry]:
        """Return the files that are no train or test pictures, each with the reason as fault."""
        files = [
            replace(file, fault=file.fault or why_no_picture(file.inner))
            for split in USUAL
            for file, fault in self._faults[split]
            if fault is None and file.path not in self._tables
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
        if bang and (self.root / archive).is_file():
            if is_idx(archive):
                return self._idx_pictures(archive).read(int(member))
            if is_zip(archive):
                return self._zip(archive).read(member)
        return (self.root / path).read_bytes()

    def n_bytes(self, path: str) -> int:
        """Return how long the file at `path` is, unpacked."""
        archive, bang, member = path.partition("!")
        if bang and is_idx(archive) and (self.root / archive).is_file():
            return len(self.read(path))
        if bang and is_zip(archive) and (self.root / archive).is_file():
            return self._zip(archive).members[member].file_size
        return (self.root / path).stat().st_size

    def misplaced_pictures(self) -> list[str]:
        """Return the paths of pictures that lie outside of train and test."""
        return [
            file.path for file in self._misplaced() if file.inner.suffix.lower() in SUFFIXES
        ]  # fmt: skip

    @cached_property
    def _faults(self) -> dict[str, list[tuple[RawFile, str | None]]]:
        """The files of each split, with '', why they are not read, or None: no picture."""
        return {
            split: [(file, self._fault(file)) for file in self._files(split)] for split in USUAL
        }

    def _fault(self, file: RawFile) -> str | None:
        fault = picture_fault(file.inner, lambda: self._head(file.path), file.fault)
        if fault is None or is_utf8(file.path):
            return fault
        return "its name is not UTF-8: rename it"

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
        """Split -> its place below `root`."""
        return places_used(self.root, self.places)

    @property
    def _outer_inner(self) -> list[tuple[str, str]]:
        """Folder or zip of each place, and the folder in that zip."""
        pairs = [outer_inner(place) for place in self._used.values()]
        return [(name, inner) for outer, inner in pairs for name in zips_of(self.root, outer)]

    @cached_property
    def _class_folders(self) -> list[str]:
        return class_folders(self.root, self._used)

    @cached_property
    def _tables(self) -> frozenset[str]:
        return frozenset((*TABLES, *self.places.tables))

    def _files(self, split: str) -> Iterator[RawFile]:
        place = self._used.get(split)
        outer, inner = outer_inner(place or "")
        if place is None:
            for name in self._class_folders if split == "train" else []:
                for file in self._below(name):
                    yield replace(file, inner=PurePosixPath(name, file.inner))
        elif is_idx(place) or (split == "test" and place == self._used.get("train")):
            return
        elif is_zip(outer):
            for name in zips_of(self.root, outer):
                yield from self._members(name, inner, USUAL[split])
        else:
            yield from self._below(place)

    def _below(self, place: str) -> Iterator[RawFile]:
        """The files of a folder; of ALL those that are not in the other place."""
        others = [name for name, _ in self._outer_inner] if place == ALL else []
        prefix = "" if place == ALL else f"{place}/"
        folder = self.root / place
        for path in files_below(folder, others):
            inner = PurePosixPath(path.relative_to(folder))
            yield RawFile(inner, f"{prefix}{inner}", link_fault(path))

    def _members(self, outer: str, inner: str, names: tuple[str, ...]) -> Iterator[RawFile]:
        """The files of a zip below its folder `inner`, or below one named as it or its split."""
        archive = self._zip(outer)
        for member in archive.members:
            inside = PurePosixPath(member)
            if inner and not inside.is_relative_to(inner):
                continue
            if inner:
                inside = inside.relative_to(inner)
            elif len(inside.parts) > 1 and inside.parts[0] in (*names, PurePosixPath(outer).stem):
                inside = inside.relative_to(inside.parts[0])
            yield RawFile(inside, f"{outer}!{member}", archive.fault(member))

    def _misplaced(self) -> Iterator[RawFile]:
        """Files that lie neither in train nor in test, nor are tables that somebody reads."""
        if not self.root.is_dir() or ALL in self._used.values():
            return
        places = self._outer_inner
        skip = {*(outer for outer, _ in places), *self._class_folders, *self._tables}
        train = self._used.get("train", "")
        if is_idx(train) and (labels := self._idx_pictures(train).labels_path):
            skip.add(labels.relative_to(self.root).as_posix())
        for path in files_below(self.root, skip):
            name = PurePosixPath(path.relative_to(self.root))
            yield RawFile(name, str(name), link_fault(path) or self._why_misplaced(name))
        for outer in dict.fromkeys(outer for outer, inner in places if inner):
            for file in self._members(outer, "", ()):
                inside = PurePosixPath(file.path.partition("!")[2])
                if not any(
                    inside.is_relative_to(inner) for place, inner in places if place == outer
                ):
                    yield RawFile(inside, file.path, self._why_misplaced(inside))

    def _why_misplaced(self, name: PurePosixPath) -> str:
        suffix = name.suffix.lower()
        if is_hidden(name) or suffix not in (*SUFFIXES, *OTHER_SUFFIXES, ".zip"):
            return why_no_picture(name)
        places = " and ".join(self._used.values()) or "train and test"
        return f"zip beside {places}" if suffix == ".zip" else f"lies outside of {places}"

    def _idx_pictures(self, place: str) -> IdxPictures:
        return self._idx.setdefault(place, IdxPictures(self.root / place))

    def _zip(self, archive: str) -> PictureZip:
        if archive not in self._zips:
            self._zips[archive] = PictureZip(self.root / archive)
        return self._zips[archive]
