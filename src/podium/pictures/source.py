"""A folder of competition pictures as a person drops it in: folders or zips, flat or by class."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

from podium.core.errors import PodiumError
from podium.core.ids import natural_key
from podium.core.picture_decoder import SUFFIXES

MAX_PICTURE_BYTES = 1 << 28  # no camera writes 256 MiB pictures; a zip bomb would
MAX_RATIO = 200  # pictures are compressed already; real zips stay near 1


@dataclass(frozen=True)
class Entry:
    """One picture file.

    Attributes:
        id: its path below the split, without the suffix.
        label: the class that its folder or the beginning of its name says; '' if none.
        path: relative to the source; `train.zip!cat.0.jpg` inside a zip.
    """

    id: str
    label: str
    path: str


class PictureSource:
    """Read access to the folder `root` with train and, perhaps, test: each a folder or a zip."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._zips: dict[str, zipfile.ZipFile] = {}

    def entries(self, split: str) -> list[Entry]:
        """Return the pictures of `train` or `test` in natural order of their ids.

        Only those of train have labels.

        Raises:
            PodiumError: two files have one id, or a zip is hostile.
        """
        names = list(self._names(split))
        folders = any("/" in inner for inner, _ in names)
        entries = [_entry(split, inner, path, folders) for inner, path in names]
        entries.sort(key=lambda entry: (natural_key(entry.id), entry.path))
        for first, second in pairwise(entries):
            if first.id == second.id:
                raise PodiumError(
                    f"{self.root}: {first.path} and {second.path} have one id, {first.id!r}\n"
                    "remedy: rename or remove one of them"
                )
        return entries

    def read(self, path: str) -> bytes:
        """Return the bytes of the picture at `path`; safe to call from several threads."""
        archive, bang, member = path.partition("!")
        if not bang or not archive.endswith(".zip"):
            return (self.root / path).read_bytes()
        return self._zip(archive).read(member)

    def _names(self, split: str) -> Iterator[tuple[str, str]]:
        """(name below the split, path for `read`) of each picture, e.g. (cat/1.jpg, train/...)."""
        folder, archive = self.root / split, f"{split}.zip"
        if folder.is_dir():
            for path in folder.rglob("*"):
                inner = path.relative_to(folder)
                if _is_picture(PurePosixPath(inner.as_posix())) and path.is_file():
                    yield inner.as_posix(), f"{split}/{inner.as_posix()}"
        elif (self.root / archive).is_file():
            for member in self._members(archive):
                inner_path = PurePosixPath(member)
                if _is_picture(inner_path):
                    parts = inner_path.parts
                    inner_name = "/".join(parts[1:] if parts[0] == split else parts)
                    yield inner_name, f"{archive}!{member}"

    def _members(self, archive: str) -> Iterator[str]:
        for info in self._zip(archive).infolist():
            where = f"{self.root / archive}: member {info.filename!r}"
            parts = PurePosixPath(info.filename.replace("\\", "/")).parts
            if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in info.filename:
                raise PodiumError(f"{where} points outside the archive\nremedy: zip it again")
            ratio = info.file_size / max(info.compress_size, 1)
            if info.file_size > MAX_PICTURE_BYTES or (
                ratio > MAX_RATIO and info.file_size > 1 << 20
            ):
                raise PodiumError(
                    f"{where} unpacks to {info.file_size} bytes, {ratio:.0f} times as packed\n"
                    "remedy: this is no picture; remove it from the archive"
                )
            if not info.is_dir():
                yield info.filename

    def _zip(self, archive: str) -> zipfile.ZipFile:
        if archive not in self._zips:
            try:
                self._zips[archive] = zipfile.ZipFile(self.root / archive)
            except zipfile.BadZipFile as error:
                raise PodiumError(
                    f"{self.root / archive}: not a readable zip ({error})\n"
                    "remedy: download it again"
                ) from None
        return self._zips[archive]


def _is_picture(path: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return not hidden and path.suffix.lower() in SUFFIXES


def _entry(split: str, inner: str, path: str, folders: bool) -> Entry:
    name = PurePosixPath(inner)
    identity = name.with_suffix("").as_posix()
    if split == "test" or (folders and len(name.parts) == 1):
        return Entry(identity, "", path)
    return Entry(identity, name.parts[0] if folders else _class_prefix(name), path)


def _class_prefix(name: PurePosixPath) -> str:
    """cat.0.jpg -> cat; 0.jpg -> nothing."""
    label, dot, _ = name.stem.partition(".")
    return label if dot else ""
