"""Partial files: named by machine and process, so that those of dead processes can be removed."""

from __future__ import annotations

import hashlib
import os
import platform
import uuid
from contextlib import suppress
from pathlib import Path


def partial_path(path: Path) -> Path:
    """Return a new name beside `path` for what is being written."""
    unique = uuid.uuid4().hex[:8]
    return path.with_name(f"{_prefix(path)}{os.getpid()}-{unique}.partial{path.suffix}")


def _prefix(path: Path) -> str:
    """How the names of partial files of `path` begin that are written on this machine."""
    machine = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
    return f".{path.name[:150]}.{machine}-"


def remove_stale(path: Path) -> None:
    """Remove what processes that were killed have left of `path`."""
    prefix = _prefix(path)
    for left in path.parent.iterdir():
        if left.name.startswith(prefix) and ".partial" in left.name:
            process = left.name.removeprefix(prefix).partition("-")[0]
            if process.isdecimal() and not _is_alive(int(process)):
                with suppress(OSError):
                    left.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
