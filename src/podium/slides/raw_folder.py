"""Files of slides in a raw folder: which cannot be opened, and what names they may have."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from podium.core.errors import PodiumError
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut, link_fault


def left_out(root: Path, path: Path, reason: str) -> LeftOut:
    """The row of the quarantine of a file that belongs to no slide.

    Args:
        root: of all raw files.
        path: of the file, below `root`.
        reason: why it is not read.
    """
    return LeftOut(path.stem, "", "", path.relative_to(root).as_posix(), reason)


def why_unreadable(path: Path) -> str:
    """Why the file at `path` cannot even be opened; '' if it can."""
    denied = path.exists() and not os.access(path, os.R_OK)
    return link_fault(path) or ("permission denied" if denied else "")


def refuse_odd_names(paths: Sequence[Path]) -> None:
    """Raise a PodiumError where a file has a name that no table can hold."""
    for path in paths:
        if not path.name.isprintable():
            raise PodiumError(
                printable(f"{path}: its name holds characters that are no text")
                + "\nremedy: rename it (mv), with letters, digits, dots and dashes"
            )
