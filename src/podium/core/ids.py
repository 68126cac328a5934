"""Ids: natural order, and joining tables by id, never by position."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from podium.core.errors import PodiumError


def natural_key(text: str) -> tuple[tuple[int, str], ...]:
    """A sort key that puts `dog.2` before `dog.10`."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return tuple((int(part) if part[0] in "0123456789" else -1, part) for part in parts)


def refuse_duplicates(path: Path, ids: Iterable[str]) -> None:
    """Raise a PodiumError that names the ids which `path` holds more than once."""
    if twice := [name for name, count in Counter(ids).items() if count > 1]:
        raise PodiumError(f"{path}: {len(twice)} ids occur more than once, {_some(twice)}")


def refuse_other_ids(path: Path, ids: Sequence[str], expected: Sequence[str], remedy: str) -> None:
    """Raise a PodiumError that names ids missing from, or foreign to, what `path` should hold."""
    missing = sorted(set(expected) - set(ids), key=natural_key)
    extra = sorted(set(ids) - set(expected), key=natural_key)
    if missing or extra:
        parts = [f"{len(missing)} ids are missing, {_some(missing)}"] if missing else []
        parts += [f"{len(extra)} ids are unknown, {_some(extra)}"] if extra else []
        raise PodiumError(f"{path}: {'; '.join(parts)}\nremedy: {remedy}")


def _some(names: Sequence[str]) -> str:
    return ("e.g. " if len(names) > 3 else "namely ") + ", ".join(names[:3])
