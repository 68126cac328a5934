"""Which folder or zip of a raw folder holds the train pictures, and which those of test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from podium.photos.inspection.raw_contents import RawContents, common_place
from podium.photos.sample import shown
from podium.pictures.places import is_zip


@dataclass
class PlaceChoice:
    """Places of the splits, and what is to be decided first.

    Attributes:
        train: as in photos.layout.
        test: likewise; '' if no folder says test.
        questions: each with the option that answers it.
    """

    train: str = ""
    test: str = ""
    questions: list[str] = field(default_factory=list)


def choose_places(contents: RawContents, train: str, test: str) -> PlaceChoice:
    """Return the places that the names of folders and zips say.

    Args:
        contents: of the raw folder.
        train: what a person says; '' for nothing.
        test: likewise; `none` for no test pictures.
    """
    choice = PlaceChoice()
    choice.test = test if test else _only(contents, "test", choice.questions)
    if train:
        choice.train = train
    elif contents.places("train"):
        choice.train = _only(contents, "train", choice.questions)
    else:
        rest = contents.without_split()
        choice.train = common_place(rest) if rest else ""
        if not choice.train:
            choice.questions.append("--train: which folder or zip holds the train pictures")
    choice.test = "" if choice.test == "none" else choice.test
    return choice


def _only(contents: RawContents, split: str, questions: list[str]) -> str:
    """The one place of a split, the folder rather than the zip that it came from."""
    places = contents.places(split)
    folders = {PurePosixPath(place).name for place in places if not _zipped(place)}
    kept = {place: n for place, n in places.items()
            if not (_zipped(place) and _stem(place) in folders)
            and (place.removesuffix(".gz") == place or place.removesuffix(".gz") not in places)
            }  # fmt: skip
    if pattern := pattern_of(list(kept)):
        return pattern
    if len(kept) > 1:
        options = [f"{place} ({n} pictures)" for place, n in kept.items()]
        questions.append(f"--{split}: which holds the {split} pictures: {shown(options)}")
    return next(iter(kept), "")


def pattern_of(zips: Sequence[str]) -> str:
    """Return the place of several zips that differ by a number alone, `train_*.zip`; else ''."""
    if len(zips) < 2 or not all(is_zip(name) for name in zips):
        return ""
    patterns = {re.sub(r"\d*\.zip$", "*.zip", name, flags=re.I) for name in zips}
    return patterns.pop() if len(patterns) == 1 else ""


def _zipped(place: str) -> bool:
    return ".zip" in place.lower()


def _stem(place: str) -> str:
    return PurePosixPath(place.partition("!")[0]).stem
