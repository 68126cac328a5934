"""Files of slides in a raw folder: which cannot be opened, and what names they may have."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from podium.core.errors import PodiumError
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut, link_fault

_MASK = r"(masks?|labels?|annotations?|(ground_?)?truth)"
_FOLDER = re.compile(rf"(.+[_ -])?{_MASK}([_ -].+)?", re.IGNORECASE)
_FILE = re.compile(rf"(.+)[_ -]{_MASK}", re.IGNORECASE)


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


def refuse_masks(root: Path, pictures: Sequence[Path]) -> None:
    """Raise a PodiumError where pictures are masks by their name or folder, and no slides.

    Args:
        root: of all raw files, where slides lie without a folder of their own.
        pictures: files with a suffix of slides.
    """
    stems = {path.stem for path in pictures}
    masks = [path for path in pictures if _is_named_like_a_mask(root, path, stems)]
    if masks:
        raise PodiumError(
            printable(f"{masks[0]}: named like a mask, and no slide ({len(masks)} such files)")
            + f"\nremedy: put masks into {root}/annotations as <slide>.png; if they are slides, "
            f"put all slides into {root}/images"
        )


def _is_named_like_a_mask(root: Path, path: Path, stems: Collection[str]) -> bool:
    slide = _FILE.fullmatch(path.stem)
    return any(map(_FOLDER.fullmatch, path.relative_to(root).parts[:-1])) or bool(
        slide and slide[1] in stems
    )
