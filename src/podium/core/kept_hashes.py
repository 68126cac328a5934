"""Hashes of large files, kept in the scratch folder for as long as a file stays what it is."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from podium.core.files import file_sha256, json_sha256, scratch_dir, write_text

LEAST = 1 << 24  # bytes; smaller files are hashed anew


def kept_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes, which are read again only if the file has changed.

    A file has changed where its inode, size, or the time of a change of it differ.
    """
    status = path.stat()
    if status.st_size < LEAST:
        return file_sha256(path)
    times = (status.st_mtime_ns, status.st_ctime_ns)
    numbers = [status.st_dev, status.st_ino, status.st_size, *times]
    kept = scratch_dir("hashes") / json_sha256({"path": str(path.resolve()), "numbers": numbers})
    with suppress(OSError, UnicodeDecodeError):
        if re.fullmatch("[0-9a-f]{64}", digest := kept.read_text()):
            return digest
    digest = file_sha256(path)
    write_text(kept, digest)
    return digest
