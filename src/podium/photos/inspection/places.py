"""Which folder or zip of a raw folder holds the train pictures, and which those of test."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from podium.photos.inspection.raw_contents import RawContents, common_place
from podium.photos.sample import shown


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
            if not (_zipped(place) and _stem(place) in folders)}  # fmt: skip
    if len(kept) > 1:
        options = [f"{place} ({n} pictures)" for place, n in kept.items()]
        questions.append(f"--{split}: which holds the {split} pictures: {shown(options)}")
    return next(iter(kept), "")


def _zipped(place: str) -> bool:
    return ".zip" in place.lower()


def _stem(place: str) -> str:
    return PurePosixPath(place.partition("!")[0]).stem
