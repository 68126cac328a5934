"""Where the train and test pictures of a raw folder lie: the usual places, or those of settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from podium.core.errors import SettingsError
from podium.core.ids import natural_key
from podium.core.printable import printable
from podium.pictures.idx import is_idx
from podium.pictures.raw_files import is_hidden

TABLES = ("sample_submission.csv", "test_labels.csv")  # beside the pictures; later stages read them
ALL = "."  # as a place: everything below the source that is not the other split's
USUAL = {
    "train": ("train",),
    "test": ("test", "test1"),
}  # folders or zips; Kaggle has a test1.zip
# not the names of classes
_SPLIT_NAME = re.compile(
    r"(train|test|val|valid|dev|holdout|images?|pictures|photos|data)\w*", re.I
)


@dataclass(frozen=True)
class Places:
    """Places that settings name, relative to the source; '' is the usual one.

    Attributes:
        train: a folder, a zip, several (`train_*.zip`), a folder in zips (`images.zip!train`), an
            IDX file, or ALL.
        test: likewise; the same as `train` where tables tell the pictures apart.
        tables: files that somebody else reads.
    """

    train: str = ""
    test: str = ""
    tables: tuple[str, ...] = ()


def outer_inner(place: str) -> tuple[str, str]:
    """Return the file or folder of a place, and the folder in that zip, '' if there is none."""
    outer, bang, inner = place.partition("!")
    return (outer, inner.strip("/")) if bang and is_zip(outer) else (place, "")


def zips_of(root: Path, outer: str) -> list[str]:
    """Return the zips that the file name of a place means: `*` stands for any part of a name."""
    if "*" not in outer or (root / outer).is_file():
        return [outer]
    folder, _, name = outer.rpartition("/")
    paths = [path for path in (root / folder).glob(name) if path.is_file()]
    return sorted((path.relative_to(root).as_posix() for path in paths), key=natural_key)


def is_zip(name: str) -> bool:
    """Return whether a file's name is that of a zip."""
    return name.lower().endswith(".zip")


def places_used(root: Path, places: Places) -> dict[str, str]:
    """Return split -> place of the splits that are there.

    Raises:
        SettingsError: a place that `places` names is not there.
    """
    used = {}
    for split in USUAL:
        place = getattr(places, split)
        if place:
            _require(root, split, place)
        elif not (place := _usual(root, split)):
            continue
        used[split] = place
    return used


def _require(root: Path, split: str, place: str) -> None:
    outer, _ = outer_inner(place)
    inside = not PurePosixPath(outer).is_absolute() and ".." not in PurePosixPath(outer).parts
    path = root / outer
    files = zips_of(root, outer) if is_zip(outer) else [outer] if is_idx(outer) else []
    there = all((root / name).is_file() for name in files) if files else path.is_dir()
    if not inside or not there:
        raise SettingsError(
            f"photos.layout.{split}: {printable(root)} has no folder and no zip "
            f"{printable(place)!r}\nremedy: run podium inspect photos --write"
        )


def _usual(root: Path, split: str) -> str:
    places = USUAL[split]
    folders = [name for name in places if (root / name).is_dir()]
    zips = [f"{name}.zip" for name in places if (root / f"{name}.zip").is_file()]
    folders.sort(key=lambda name: not any((root / name).iterdir()))  # empty ones last
    if folders and zips and not any((root / folders[0]).iterdir()):
        folders = []
    return next(iter([*folders, *zips, *_idx_files(root, split)]), "")


def _idx_files(root: Path, split: str) -> list[str]:
    """MNIST's files of pictures of a split, an unpacked one first."""
    start = ("train",) if split == "train" else ("t10k", "test")
    names = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    return [name for name in names if is_idx(name) and name.lower().startswith(start)]


def class_folders(root: Path, used: dict[str, str]) -> list[str]:
    """Return the folders below `root` that are classes, where there is no train.

    Args:
        root: of the pictures.
        used: split -> place.
    """
    if "train" in used or not root.is_dir():
        return []
    names = sorted(path.name for path in root.iterdir() if path.is_dir())
    names = [name for name in names if not is_hidden(PurePosixPath(name))]
    classes = [name for name in names if name not in used.values()]
    unclear = any(_SPLIT_NAME.fullmatch(name) for name in classes)
    return classes if len(classes) > 1 and not unclear else []
