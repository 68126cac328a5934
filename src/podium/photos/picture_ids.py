"""Which picture each id of a table means: with or without suffix, with or without folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from podium.core.errors import PodiumError
from podium.core.picture_decoder import SUFFIXES
from podium.core.printable import printable
from podium.pictures.entries import Entry
from podium.pictures.raw_files import OTHER_SUFFIXES

_SUFFIXES = (*SUFFIXES, *OTHER_SUFFIXES)


def _file(entry: Entry) -> str:
    return entry.path.replace("!", "/")


def _inner(entry: Entry) -> str:
    """The path below the place of its split, with suffix."""
    suffix = PurePosixPath(entry.path).suffix
    return entry.id if entry.id.endswith(suffix) else entry.id + suffix


def _last(text: str) -> str:
    return text.replace("\\", "/").rpartition("/")[2]


def _stem(text: str) -> str:
    suffix = PurePosixPath(text).suffix
    return text[: -len(suffix)] if suffix.lower() in _SUFFIXES else text


def _number(text: str) -> str:
    digits = _stem(text)
    return digits.lstrip("0") or "0" if digits.isascii() and digits.isdigit() else ""


def _as_is(text: str) -> str:
    return text


@dataclass(frozen=True)
class Rule:
    """One way to tell the picture from its id.

    Attributes:
        says: in words what the id is.
        of_picture: returns the key of a picture, '' if it has none.
        of_id: returns that of an id.
    """

    says: str
    of_picture: Callable[[Entry], str]
    of_id: Callable[[str], str]


RULES = (  # the first of those that tell most pictures is taken
    Rule("the path below the folder, without suffix", lambda entry: entry.id, _as_is),
    Rule("the path below the folder, with suffix", _inner, _as_is),
    Rule("the file name without suffix", lambda entry: _last(entry.id), _as_is),
    Rule("the file name with suffix", lambda entry: _last(_file(entry)), _as_is),
    Rule("the path from the source on", _file, _as_is),
    Rule("the file name at the end of a path", lambda entry: _last(_file(entry)), _last),
    Rule("the file name, whatever its suffix", lambda entry: _last(entry.id),
         lambda text: _stem(_last(text))),
    Rule("the number of the file name, without zeros in front",
         lambda entry: _number(_last(entry.id)), _number),
)  # fmt: skip


@dataclass(frozen=True)
class Match:
    """Which pictures the ids of a table mean.

    Attributes:
        rule: how the pictures were told.
        rows: for each id the place of its picture in the list, -1 if there is none.
    """

    rule: Rule
    rows: list[int]

    @property
    def n_pictures(self) -> int:
        """How many different pictures the ids mean."""
        return len(set(self.rows) - {-1})

    @property
    def missing(self) -> list[int]:
        """The places of ids without a picture."""
        return [place for place, row in enumerate(self.rows) if row < 0]


class PictureIndex:
    """The keys of pictures by every rule; a key that several pictures have tells none of them."""

    def __init__(self, pictures: Sequence[Entry]) -> None:
        self.n_pictures = len(pictures)
        self._places = []
        for rule in RULES:
            keys = [rule.of_picture(entry) for entry in pictures]
            counts = Counter(keys)
            own = {key: place for place, key in enumerate(keys) if key and counts[key] == 1}
            self._places.append(own)

    def match(self, ids: Sequence[str]) -> Match:
        """Return which picture each id means, by the rule that tells most of them."""
        pairs = zip(RULES, self._places, strict=True)
        matches = (
            Match(rule, [own.get(rule.of_id(text), -1) for text in ids]) for rule, own in pairs
        )
        return max(matches, key=lambda match: match.n_pictures)


def refuse_no_match(table: str, column: str, ids: Sequence[str], pictures: Sequence[Entry]) -> None:
    """Raise an error that shows three ids of a table and three pictures, none of which is meant.

    Args:
        table: its path, for the message.
        column: that holds the ids.
        ids: of its rows.
        pictures: that should be meant.

    Raises:
        PodiumError: always.
    """
    of_table = ", ".join(repr(printable(text))[:60] for text in ids[:3]) or "nothing"
    of_folder = ", ".join(repr(printable(_inner(entry)))[:60] for entry in pictures[:3]) or "none"
    raise PodiumError(
        f"{table}: column {printable(column)} names no picture: it holds {of_table}; the pictures "
        f"are {of_folder}\nlikely rule: an id is the file name, with or without suffix and folder\n"
        "remedy: name the column (podium inspect photos --id COLUMN --write), or rename the files"
    )
