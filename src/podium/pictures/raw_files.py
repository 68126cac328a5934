"""Every file below a folder, links followed, and which of them are pictures."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath

from podium.core.picture_decoder import SUFFIXES, format_of
from podium.core.printable import printable

# of pictures that are not read; several of them begin like TIFF and hold a thumbnail only
OTHER_SUFFIXES = (
    ".3fr", ".arw", ".bpg", ".cr2", ".cr3", ".dcm", ".dicom", ".dng", ".erf", ".exr", ".hdr",
    ".heic", ".heif", ".ico", ".iiq", ".jxl", ".jxr", ".kdc", ".mrw", ".nef", ".nrw", ".orf",
    ".pcx", ".pef", ".psd", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".svg",
    ".tga", ".x3f", ".xcf",
)  # fmt: skip


def files_below(folder: Path, skip: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield (path below `folder`, why it cannot be opened or '') of every file, links followed.

    Paths in `skip`, files or folders, are passed over.
    """
    yield from _walk(folder, "", frozenset([os.path.realpath(folder)]), skip)


def _walk(
    folder: Path, inner: str, parents: frozenset[str], skip: Collection[str]
) -> Iterator[tuple[str, str]]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        yield inner.rstrip("/"), f"folder cannot be opened: {error.strerror}"
        return
    for path in paths:
        below = f"{inner}{path.name}"
        if below in skip:
            continue
        fault = file_fault(path)
        if fault != "folder":
            yield below, fault
        elif (real := os.path.realpath(path)) in parents:
            yield below, "link to a folder that holds it"
        else:
            yield from _walk(path, f"{below}/", parents | {real}, skip)


def file_fault(path: Path) -> str:
    """Return why the file at `path` cannot be opened, 'folder' for a folder, '' if it can."""
    try:
        mode = path.stat().st_mode
    except OSError:
        try:
            target = printable(path.readlink())
            return f"link to nothing: {target} is missing; fetch it (dvc pull, git annex get)"
        except OSError as error:
            return f"cannot be looked at: {error.strerror}"
    if stat.S_ISDIR(mode):
        return "folder"
    return "" if stat.S_ISREG(mode) else "no regular file"


def picture_fault(name: PurePosixPath, head: Callable[[], bytes]) -> str | None:
    """Return '' if a file is a picture, or why one is not read; None if it is no picture.

    Args:
        name: its path below the split.
        head: returns its first bytes; called only where the suffix does not tell.
    """
    if is_hidden(name):
        return None
    suffix = name.suffix.lower()
    if suffix in SUFFIXES:
        return ""
    if suffix in OTHER_SUFFIXES:
        return f"{suffix} pictures are not read: convert it to PNG or JPEG"
    return "" if format_of(head()) else None


def is_hidden(name: PurePosixPath) -> bool:
    """Whether a file or a folder above it is hidden, or was left behind by a system."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.parts)


def why_no_picture(name: PurePosixPath) -> str:
    """Return the reason for which a file that is no picture is not read."""
    if is_hidden(name):
        return "hidden file"
    if name.suffix.lower() in (".csv", ".tsv"):
        return "table: not used; podium inspect photos shows what it holds"
    return "no picture"
