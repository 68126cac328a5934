"""Everything that lies in a raw folder: pictures, tables, and where train and test seem to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from podium.core.picture_decoder import SUFFIXES
from podium.core.raw_folder import files_below, link_fault
from podium.photos.label_tables import SUFFIXES as TABLE_SUFFIXES
from podium.pictures.archive import PictureZip
from podium.pictures.idx import IdxPictures, is_idx, is_idx_labels
from podium.pictures.places import ALL, TABLES, is_zip
from podium.pictures.raw_files import is_hidden, is_zip_part

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Za-z][a-z]*")
_SPLITS = {"train": "train", "training": "train", "trainset": "train", "test": "test",
           "testing": "test", "testset": "test", "val": "val", "valid": "val",
           "validation": "val"}  # fmt: skip
NO_PLACE = ""


@dataclass
class RawContents:
    """Paths below a raw folder, `train.zip!1.jpg` inside a zip.

    Attributes:
        pictures: all that have the suffix of a picture that is read.
        tables: all that may be one, but for the answer key.
        zip_parts: files that are a part of a zip.
        others: how many other files there are, by suffix.
    """

    pictures: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    zip_parts: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def places(self, split: str) -> dict[str, int]:
        """Return place -> number of pictures of the places whose name says `split`."""
        found = Counter(place_of(path) for path in self.pictures)
        return {place: n for (kind, place), n in found.items() if kind == split}

    def without_split(self) -> list[str]:
        """Return the pictures whose folders say neither train nor test nor validation."""
        return [path for path in self.pictures if not place_of(path)[0]]


def read_contents(root: Path) -> RawContents:
    """Return what lies below `root`; hidden files and those that cannot be opened are passed over.

    Raises:
        PodiumError: a zip is damaged or hostile.
    """
    contents = RawContents()
    for path in files_below(root):
        below = path.relative_to(root).as_posix()
        if link_fault(path) or is_hidden(PurePosixPath(below)):
            continue
        if is_zip(below):
            members = PictureZip(root / below).members
            names: Iterable[str] = (f"{below}!{member}" for member in members)
        elif is_idx(below):
            n = len(IdxPictures(root / below).pixels)
            contents.pictures += [f"{below}!{number}" for number in range(n)]
            continue
        elif is_idx_labels(below):
            continue
        else:
            names = [below]
        for name in names:
            _add(contents, name)
    return contents


def _add(contents: RawContents, path: str) -> None:
    inner = PurePosixPath(path.rpartition("!")[2])
    suffix = inner.suffix.lower()
    if is_hidden(inner):
        return
    if suffix in SUFFIXES:
        contents.pictures.append(path)
    elif suffix in TABLE_SUFFIXES and path != TABLES[1]:
        contents.tables.append(path)
    elif is_zip_part(inner):
        contents.zip_parts.append(path)
    elif path != TABLES[1]:
        contents.others[suffix or "no suffix"] += 1


def split_word(name: str) -> str:
    """Return train, test or val if the name of a folder, zip or table says one of them, else ''."""
    name = re.sub(r"^t10k", "test", name, flags=re.I)  # MNIST's test pictures
    words = {_SPLITS.get(word.lower(), "") for word in _WORDS.findall(name)} - {""}
    if "train" in words and "test" not in words:
        return "train"  # train_val2019, too
    return words.pop() if len(words) == 1 else ""


def place_of(path: str) -> tuple[str, str]:
    """Return which split the folders of a picture say, '' for none, and the place that does.

    Of `a/train/train/1.jpg` it is `a/train/train`, of `train.zip!train/1.jpg` `train.zip`.
    """
    outer, bang, member = path.partition("!")
    folders = PurePosixPath(outer if not bang else member).parts[:-1]
    if bang:
        stem = PurePosixPath(outer).stem
        inner_split, depth = _first_split(folders)
        if depth and not split_word(stem):
            return inner_split, f"{outer}!{'/'.join(folders[:depth])}"
        outer_split, outer_depth = _first_split((*PurePosixPath(outer).parts[:-1], stem))
        if outer_depth:
            return outer_split, outer
        return "", NO_PLACE
    split, depth = _first_split(folders)
    return split, "/".join(folders[:depth])


def _first_split(folders: Sequence[str]) -> tuple[str, int]:
    for depth, name in enumerate(folders, start=1):
        if split := split_word(name):
            while depth < len(folders) and folders[depth] == name:
                depth += 1
            return split, depth
    return "", 0


def common_place(paths: Sequence[str]) -> str:
    """Return the deepest place that holds all pictures; ALL where it is the whole folder."""
    zips = {path.partition("!")[0] for path in paths if "!" in path}
    inside = {path.partition("!")[0] for path in paths}
    if zips and len(inside) == 1:
        (outer,) = zips
        folder = _common_folder([path.partition("!")[2] for path in paths])
        return f"{outer}!{folder}" if folder else outer
    if zips:
        return NO_PLACE
    return _common_folder(paths) or ALL


def _common_folder(paths: Sequence[str]) -> str:
    first, last = min(paths), max(paths)  # what these two share, all share
    shared = []
    for name, other in zip(first.split("/")[:-1], last.split("/")[:-1], strict=False):
        if name != other:
            break
        shared.append(name)
    return "/".join(shared)
