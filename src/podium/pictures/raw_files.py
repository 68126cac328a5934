"""Which files of a raw folder are pictures, and why the others are not read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from podium.core.picture_decoder import SUFFIXES, format_of
from podium.pictures.idx import is_idx_labels

# of pictures that are not read; several of them begin like TIFF and hold a thumbnail only
OTHER_SUFFIXES = (
    ".3fr", ".arw", ".bpg", ".cr2", ".cr3", ".dcm", ".dicom", ".dng", ".erf", ".exr", ".hdr",
    ".heic", ".heif", ".ico", ".iiq", ".jxl", ".jxr", ".kdc", ".mrw", ".nef", ".nrw", ".orf",
    ".pcx", ".pef", ".psd", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".svg",
    ".tga", ".x3f", ".xcf",
)  # fmt: skip
JOIN_PARTS = (
    "part of a zip: join all parts first (cat a.zip.0* > a.zip; of a.z01, zip -s 0 a.zip --out "
    "whole.zip)"
)


def picture_fault(name: PurePosixPath, head: Callable[[], bytes], fault: str = "") -> str | None:
    """Return '' if a file is a picture, or why one is not read; None if it is no picture.

    Args:
        name: its path below the split.
        head: returns its first bytes; called only where the suffix does not tell.
        fault: why it cannot be opened; '' if it can.
    """
    if is_hidden(name):
        return None
    suffix = name.suffix.lower()
    if suffix in SUFFIXES:
        return fault
    if suffix in OTHER_SUFFIXES:
        return fault or f"{suffix} pictures are not read: convert it to PNG or JPEG"
    return None if fault or not format_of(head()) else ""


def is_hidden(name: PurePosixPath) -> bool:
    """Whether a file or a folder above it is hidden, or was left behind by a system."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.parts)


def is_zip_part(name: PurePosixPath) -> bool:
    """Whether a file is a part of a zip that was split: train.zip.001, train.z01."""
    return re.search(r"(\.zip\.\d+|\.z\d\d)$", name.name.lower()) is not None


def why_no_picture(name: PurePosixPath) -> str:
    """Return the reason for which a file that is no picture is not read."""
    if is_hidden(name):
        return "hidden file"
    if is_idx_labels(name.name):
        return "labels of no train pictures: not used; test_labels.csv is the answer key of test"
    if is_zip_part(name):
        return JOIN_PARTS
    if name.suffix.lower() in (".csv", ".tsv"):
        return "table: not used; podium inspect photos shows what it holds"
    return "no picture"
