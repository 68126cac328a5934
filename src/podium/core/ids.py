"""Ids: natural order, and joining tables by id, never by position."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from pathlib import Path

from podium.core.errors import PodiumError
from podium.core.printable import printable

_PARTS = re.compile(r"[0-9]+|[^0-9]+").findall


def natural_key(text: str) -> tuple[tuple[int, str, str], ...]:
    """Return a sort key that puts `dog.2` before `dog.10`, however many digits there are."""
    return tuple([_part_key(part) for part in _PARTS(text)])


def _part_key(part: str) -> tuple[int, str, str]:
    """Numbers by their value: the longer one, without zeros in front, is the larger."""
    if not "0" <= part[0] <= "9":
        return -1, part, ""
    digits = part.lstrip("0")
    return len(digits), digits, part


def first(names: Iterable[str]) -> list[str]:
    """Return the first four names in natural order: what messages show, and whether more follow."""
    return nsmallest(4, names, key=natural_key)


def refuse_duplicates(
    path: Path, ids: Iterable[str], remedy: str = "remove or rename all but one of each"
) -> None:
    """Check that the file at `path` holds each id once.

    Args:
        path: for messages.
        ids: that it holds.
        remedy: the last line of the message.

    Raises:
        PodiumError: names the ids that occur more than once.
    """
    if repeated := [name for name, count in Counter(ids).items() if count > 1]:
        raise PodiumError(
            f"{printable(path)}: {len(repeated)} ids occur more than once, {_some(repeated)}\n"
            f"remedy: {remedy}"
        )


def refuse_other_ids(path: Path, ids: Sequence[str], expected: Sequence[str], remedy: str) -> None:
    """Check that the file at `path` holds the expected ids, in any order.

    Args:
        path: for messages.
        ids: that it holds.
        expected: that it should hold.
        remedy: the last line of the message.

    Raises:
        PodiumError: names the ids that are missing or unknown.
    """
    missing, unknown = set(expected) - set(ids), set(ids) - set(expected)
    if missing or unknown:
        parts = [f"{len(missing)} ids are missing, {_some(first(missing))}"] if missing else []
        parts += [f"{len(unknown)} ids are unknown, {_some(first(unknown))}"] if unknown else []
        raise PodiumError(f"{printable(path)}: {'; '.join(parts)}\nremedy: {remedy}")


def _some(names: Sequence[str]) -> str:
    shown = [printable(name if len(name) <= 80 else f"{name[:60]}...") for name in names[:3]]
    return ("e.g. " if len(names) > 3 else "namely ") + ", ".join(shown)
