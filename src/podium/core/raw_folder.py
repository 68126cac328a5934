"""Raw folders: every file in one, links followed, and the quarantine of what is not read."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

import pandas as pd

from podium.core.errors import PodiumError, disk_fault
from podium.core.files import write_table
from podium.core.ids import natural_key
from podium.core.printable import printable

QUARANTINE_COLUMNS = ["id", "split", "label", "path", "reason"]


@dataclass(frozen=True)
class LeftOut:
    """A row of the quarantine: a file or a label that is not used, and why.

    Attributes:
        id: of the item, or the stem of a file that belongs to none.
        split: train, test, or '' where nobody knows.
        label: '' if unknown.
        path: of the file, relative to the raw folder.
        reason: what kind of fault it is, and, after a colon, what exactly.
    """

    id: str
    split: str
    label: str
    path: str
    reason: str


def write_quarantine(path: Path, rows: Iterable[LeftOut]) -> list[str]:
    """Write `rows` as a table; return how many there are for each reason, as lines of text.

    Characters that no table or terminal should meet are escaped.
    """
    cells = [[printable(cell) for cell in astuple(row)] for row in rows]
    table = pd.DataFrame(cells, columns=pd.Index(QUARANTINE_COLUMNS))
    write_table(path, table)
    return quarantine_lines(path, table)


def quarantine_lines(path: Path, quarantine: pd.DataFrame) -> list[str]:
    """Return how many rows there are for each kind of reason, as lines; none if there are none.

    Args:
        path: where the quarantine was written.
        quarantine: rows of QUARANTINE_COLUMNS.
    """
    kinds = [reason.partition(":")[0] for reason in quarantine["reason"]]
    first = dict(zip(reversed(kinds), reversed(quarantine["path"].tolist()), strict=True))
    lines = [
        f"quarantined: {n} x {kind}, e.g. {printable(first[kind])}"
        for kind, n in Counter(kinds).most_common()
    ]
    return [*lines, f"quarantined: {len(kinds)} in all, listed in {path}"] if kinds else []


def files_below(folder: Path, skip: Collection[str] = ()) -> list[Path]:
    """Every file below `folder`, and every link to nothing, in natural order of their paths.

    Links to files and folders are followed. A link to a folder above, or to one that is there by
    another name, counts as a file. Files of DVC (`images.dvc`, `.gitignore`) do not count.

    Args:
        folder: where to look; one that is not there holds nothing.
        skip: files and folders that are passed over, relative to `folder`.

    Raises:
        PodiumError: `folder` itself is a link to a folder above it.
        EnvironmentFault: a folder cannot be read.
    """
    _refuse_link_above(folder)
    top = Path(os.path.realpath(folder))
    entered, waiting, paths = {*map(str, top.parents)}, deque([folder]), []
    while waiting and folder.is_dir():
        place = waiting.popleft()
        if (real := os.path.realpath(place)) in entered:
            paths.append(place)
            continue
        entered.add(real)
        try:
            for path in place.iterdir():
                if skip and path.relative_to(folder).as_posix() in skip:
                    continue
                if not path.is_dir():
                    paths.append(path)
                elif path.is_symlink():
                    waiting.append(path)  # after all folders, which so keep their own names
                else:
                    waiting.appendleft(path)
        except OSError as error:
            raise disk_fault(error, place) or error from None
    kept = (path for path in paths if path.suffix != ".dvc" and path.name != ".gitignore")
    return sorted(kept, key=lambda path: natural_key(path.relative_to(folder).as_posix()))


def _refuse_link_above(folder: Path) -> None:
    home = Path(os.path.realpath(folder.parent))
    if folder.is_symlink() and Path(os.path.realpath(folder)) in (home, *home.parents):
        raise PodiumError(
            f"{printable(folder)}: a link to a folder above it\n"
            "remedy: let it point to the folder of its files alone, or remove it"
        )


def link_fault(path: Path) -> str:
    """Why `path`, of `files_below`, is no file; '' if it is, or was removed meanwhile."""
    if path.is_dir():
        return "a link to a folder above or to one that is read already"
    if path.is_symlink() and not path.exists():
        return f"a link to nothing: {printable(path.readlink())} is missing"
    return "no regular file" if path.exists() and not path.is_file() else ""
