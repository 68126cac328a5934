"""What lies in a raw folder of slides: every file, links followed, and those that are not read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import pandas as pd

from podium.core.errors import PodiumError
from podium.core.ids import natural_key
from podium.core.printable import printable

COLUMNS = ["id", "split", "label", "path", "reason"]
_OF_SYSTEMS = {".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini", ".gitignore", ".gitkeep"}


@dataclass(frozen=True)
class LeftOut:
    """A row of the quarantine.

    Attributes:
        id: of the slide, or the stem of a file that belongs to none.
        split: train, test, or '' where nobody knows.
        label: 0, 1 or ''.
        path: of the file, relative to the raw folder.
        reason: what kind of fault it is, and, after `: `, what exactly.
    """

    id: str
    split: str
    label: str
    path: str
    reason: str


def quarantine(rows: Iterable[LeftOut]) -> pd.DataFrame:
    """`rows` as a table; characters that no table or terminal should meet are escaped."""
    cells = ([printable(cell) for cell in astuple(row)] for row in rows)
    return pd.DataFrame(cells, columns=pd.Index(COLUMNS))


def quarantine_lines(path: Path, table: pd.DataFrame) -> list[str]:
    """How many files are in the quarantine, by reason, as lines of text; none if there are none.

    Args:
        path: where the quarantine was written.
        table: of the quarantine.
    """
    if table.empty:
        return []
    kinds = [str(reason).partition(": ")[0] for reason in table["reason"]]
    first = dict(zip(reversed(kinds), reversed(table["path"].tolist()), strict=True))
    lines = [
        f"quarantined: {n} x {kind}, e.g. {first[kind]}" for kind, n in Counter(kinds).most_common()
    ]
    return [*lines, f"quarantined: {len(table)} files in all, listed in {path}"]


def left_out(root: Path, path: Path, reason: str) -> LeftOut:
    """The row of a file that belongs to no slide.

    Args:
        root: of all raw files.
        path: of the file, below `root`.
        reason: why it is not read.
    """
    return LeftOut(path.stem, "", "", path.relative_to(root).as_posix(), reason)


def files_below(folder: Path) -> list[Path]:
    """Every file below `folder`, and every link to nothing, in natural order of their paths.

    Links to files and folders are followed; a folder that is met twice is entered once. Files that
    systems leave behind (`.DS_Store`, `images.dvc`) do not count.

    Raises:
        PodiumError: a folder cannot be read.
    """
    paths = _walk(folder, {})
    names = (path for path in paths if path.name not in _OF_SYSTEMS and path.suffix != ".dvc")
    return sorted(names, key=lambda path: natural_key(path.relative_to(folder).as_posix()))


def _walk(folder: Path, entered: dict[str, Path]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in entered:
        yield folder  # a link to a folder that was entered by another name
        return
    entered[real] = folder
    try:
        children = sorted(folder.iterdir())
    except OSError as error:
        raise PodiumError(
            printable(f"{folder}: cannot be read ({error.strerror})")
            + "\nremedy: check who owns it, or remove it"
        ) from None
    # folders before links to them, so that a folder is known by its own name
    for path in sorted(children, key=lambda path: path.is_symlink()):
        if path.is_dir():
            yield from _walk(path, entered)
        else:
            yield path


def why_unreadable(path: Path) -> str:
    """Why the file at `path` cannot even be opened; '' if it can."""
    if path.is_dir():
        return "a link to a folder that is read already"
    if path.is_symlink() and not path.exists():
        return f"a link to nothing: {path.readlink()} is missing"
    if not path.is_file():
        return "no regular file"
    return "" if os.access(path, os.R_OK) else "permission denied"


def refuse_odd_names(paths: Sequence[Path]) -> None:
    """Raise a PodiumError where a file has a name that no table can hold."""
    for path in paths:
        if not path.name.isprintable():
            raise PodiumError(
                printable(f"{path}: its name holds characters that are no text")
                + "\nremedy: rename it (mv), with letters, digits, dots and dashes"
            )
