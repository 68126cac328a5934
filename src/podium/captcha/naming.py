# ruff: noqa: RUF001 - these signs are meant
"""The texts in file names: which part of a name is the text, name by name of one kind.

Names of one kind have the same separators and hashes in the same places. A part is no text where
it is a hash, a number that counts, or the same in all names.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from podium.core.errors import SettingsError

_COPY = re.compile(r"\s*\(\d{1,4}\)$")  # `text (1)`, as browsers name a second download
_COPY_OF_SUM = re.compile(r"(?<![-+*/×÷xX加减乘除\s])\s*\(\d{1,4}\)$")  # not `2*(3)`
_COUNTED_SUM = re.compile(r"([0-9]+)-.")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_HASH = re.compile(rf"(?<![0-9a-zA-Z])({_UUID}|[0-9a-f]{{16,128}})(?![0-9a-zA-Z])", re.I)
_TIME = re.compile(r"1[0-9]{9,18}")  # seconds, or finer, since 1970
_SURE_HYPHEN = "-(?=#)|(?<=#)-|(?<==)-|(?<=[?？])-"  # beside a hash, or at the end of a sum
_WORD = re.compile(r"[^\W\d_]{3,}[-_ ]?")  # img, Image_
_FEW = 3  # names that may agree by chance
_MANY = 10  # names that do not count by chance
_MOST_COPIES = 100


@dataclass(frozen=True)
class NamedTexts:
    """Texts told from names.

    Attributes:
        texts: name -> text.
        rules: in words, how many names each rule holds for, commonest first.
        faults: why names have no text, or why it cannot be told which part it is.
        doubts: lines on names of which several parts may be the text.
    """

    texts: Mapping[str, str]
    rules: Mapping[str, int]
    faults: Sequence[str] = ()
    doubts: Sequence[str] = ()


def texts_of_names(names: Sequence[str], pattern: str = "", signs: str = "") -> NamedTexts:
    """The texts in `names`.

    Args:
        names: of files, without suffix.
        pattern: a regular expression; its group `text`, else its first group, else all that it
            matches is the text. '': the rule is found.
        signs: characters of a text that do not separate parts of names.

    Raises:
        SettingsError: the pattern is no regular expression, or does not fit a name.
    """
    if pattern:
        texts = dict(zip(names, _matched(names, pattern), strict=True))
        return NamedTexts(texts, {f"what {pattern!r} matches": len(names)})
    kinds: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        kinds.setdefault(_kind(name, signs), []).append(name)
    texts, rules = {}, Counter[str]()
    faults, doubts = [], []
    for kind, alike in kinds.items():
        rows = [_parts(name, signs)[::2] for name in alike]
        places = _places_of_text(kind, rows)
        place = places[0] if places else 0
        rules[_in_words(kind, place)] += len(alike)
        texts |= {name: _text(name, kind, place, signs) for name in alike}
        if len(alike) > _FEW and signs and _are_counted_sums(alike):
            faults.append(_fault(alike, counted_sums=True))
        elif _count_after_a_word(alike) or (
            not places and (len(alike) >= _MANY or _follow("".join(row) for row in rows))
        ):
            faults.append(_fault(alike, counted_sums=False))
        if len(places) > 1:
            doubts.append(_doubt(_in_words(kind, place), alike, rows[0], places))
    return NamedTexts(texts, dict(rules.most_common()), faults, doubts)


def _fault(names: Sequence[str], counted_sums: bool) -> str:
    why = (
        "begin with numbers that count, and it cannot be told whether these belong to the sums"
        if counted_sums
        else "say no text: they count, are hashes or times, or are all the same"
    )
    return f"the names of {len(names)} pictures {why}: {_first(names)}"


def _doubt(rule: str, names: Sequence[str], parts: Sequence[str], places: Sequence[int]) -> str:
    """A line on names of one kind, of which several parts may be the text.

    Args:
        rule: where the text is taken from, in words.
        names: of that kind.
        parts: of the first name.
        places: numbers of the parts that may be the text; the first one is taken.
    """
    taken, *others = (repr(parts[place][:40]) for place in places)
    return (
        f"WARNING: texts: {rule} ({len(names)}); of {names[0][:80]!r} that is {taken}, but it may "
        f"be {' or '.join(others)}; if so, say it by --pattern, or the setting pattern"
    )


def _first(names: Sequence[str]) -> str:
    return ", ".join(name[:80] for name in names[:3]) + ", ..."


def _are_counted_sums(names: Sequence[str]) -> bool:
    """Whether all names begin with a number and a hyphen, and these count from 0 or 1."""
    leading = [match[1] for name in names if (match := _COUNTED_SUM.match(name))]
    return len(leading) == len(names) and _follow(leading) and min(map(int, leading)) < 2


def _follow(parts: Iterable[str]) -> bool:
    """Whether more than a few parts are numbers that follow one another."""
    texts = list(parts)
    if len(texts) <= _FEW or not all(map(_is_number, texts)):
        return False
    numbers = sorted(map(int, texts))
    return numbers == [*range(numbers[0], numbers[0] + len(numbers))]


def _count_after_a_word(names: Sequence[str]) -> bool:
    """Whether a few names are one word with numbers that count, though some may be left out."""
    word = names[0].rstrip(string.digits)
    numbers = [name.removeprefix(word) for name in names]
    if not (1 < len(names) < _MANY and _WORD.fullmatch(word) and all(map(_is_number, numbers))):
        return False
    values = sorted(map(int, numbers))
    return values[-1] - values[0] < 10 * len(names)


def _matched(names: Sequence[str], pattern: str) -> Iterator[str]:
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise SettingsError(
            f"pattern {pattern!r}: no regular expression ({error})\nremedy: correct it"
        ) from None
    for name in names:
        if not (match := regex.search(name)):
            raise SettingsError(
                f"pattern {pattern!r} does not fit the name {name[:80]!r}\n"
                "remedy: correct the pattern, or the name"
            )
        group = "text" if "text" in regex.groupindex else min(regex.groups, 1)
        yield match[group] or ""


def _parts(name: str, signs: str) -> list[str]:
    """Parts of a name at even places, what separates them at odd ones; hashes become `#`."""
    plain = _HASH.sub("#", _without_copy(name, signs))
    hyphen = "-" if "_" not in plain and "-" not in signs else _SURE_HYPHEN
    separator = f"_|{hyphen}"
    return re.split(f"({separator})", plain)


def _kind(name: str, signs: str) -> tuple[str, ...]:
    """What separates the parts of a name, and which of them are hashes."""
    parts = _parts(name, signs)
    return tuple(part if number % 2 or part == "#" else "" for number, part in enumerate(parts))


def _places_of_text(kind: tuple[str, ...], rows: Sequence[Sequence[str]]) -> list[int]:
    """The numbers of the parts that may be the text, the likeliest first; -1: all of the name.

    Args:
        kind: of the names.
        rows: the parts of each name.
    """
    columns = [list(column) for column in zip(*rows, strict=True)]
    texts = [place for place, column in enumerate(columns) if not _is_no_text(column)]
    lettered = [place for place in texts if not all(map(_is_number, columns[place]))]
    places = lettered or texts
    if len(columns) > 1 and "_" not in kind and len(places) == len(columns):
        return [-1]  # a hyphen may be part of a text
    return places


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit()


def _is_no_text(column: Sequence[str]) -> bool:
    """Whether a part of names is a hash, a time, a count, or the same in all."""
    counts = Counter(column)
    if set(counts) == {"#"} or all(map(_TIME.fullmatch, column)):
        return True
    if len(column) > _FEW and len(counts) == 1:
        return True
    first = min(column).rstrip(string.digits)  # of img7, img12
    start = len(first) if all(part.startswith(first) for part in column) else 0
    if not all(_is_number(part[start:]) for part in column) or len(column) <= _FEW:
        return False
    numbers = [int(part[start:]) for part in column]
    dense = max(numbers) - min(numbers) < 1.5 * len(numbers)
    copies = max(numbers) < _MOST_COPIES and counts.most_common(1)[0][1] > len(column) / 4
    return copies or (dense and len(counts) == len(column))


def _in_words(kind: tuple[str, ...], place: int) -> str:
    separators = [part for part in kind[1::2]]
    if place < 0 or not separators:
        return "the whole name"
    if place == 0:
        return f"before the first {separators[0]}"
    if place == len(separators):
        return f"after the last {separators[-1]}"
    return f"part {place + 1}, between {separators[place - 1]} and {separators[place]}"


def _text(name: str, kind: tuple[str, ...], place: int, signs: str) -> str:
    if place < 0 or len(kind) == 1:
        return _without_copy(name, signs)
    return _parts(name, signs)[2 * place]


def _without_copy(name: str, signs: str) -> str:
    return (_COPY_OF_SUM if signs else _COPY).sub("", name)
