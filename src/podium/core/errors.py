"""Errors a person can act on, and the one place that turns them into an exit status."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class PodiumError(Exception):
    """What is wrong, where, and what to do about it, in at most three lines.

    `exit_code` 1 says the data is at fault, 2 the settings or the command line, 3 the machine.
    """

    exit_code = 1


class SettingsError(PodiumError):
    """A setting or argument that cannot be used as it stands."""

    exit_code = 2


class EnvironmentFault(PodiumError):
    """The machine stands in the way: a full or read-only disk, a lock, a missing package."""

    exit_code = 3


_DISK_ERRORS = {
    errno.ENOSPC: "the disk is full: free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up: free some space and run the same command again",
    errno.EFBIG: "the file would pass this process' size limit: raise it (ulimit -f) and run again",
    errno.EROFS: "the disk is read-only: choose another folder or remount it",
    errno.EACCES: "permission denied: check who owns it",
    errno.EPERM: "not permitted: check who owns it",
    errno.ENOTDIR: "a file stands where a folder is needed: move it away",
    errno.EEXIST: "a file stands where a folder is needed: move it away",
    errno.EISDIR: "a folder stands where a file is needed: move it away",
}


def first_line(error: Exception) -> str:
    """What a foreign library says in its first line, or the error's kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def disk_fault(error: OSError, path: Path | None = None) -> EnvironmentFault | None:
    """The fault behind `error` in plain words, or None where it is not about the disk."""
    advice = _DISK_ERRORS.get(error.errno or 0)
    if advice is None:
        return None
    return EnvironmentFault(f"{path or error.filename or 'output'}: {advice}")


def guarded(main: Callable[..., T]) -> Callable[..., T]:
    """`main`, with errors printed as `error: ...` on stderr and turned into exit codes.

    `PODIUM_DEBUG=1` lets the traceback through.
    """

    @functools.wraps(main)
    def run(*args: object, **kwargs: object) -> T:
        with exit_on_fault():
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # let `finally` blocks clean up
            return main(*args, **kwargs)

    return run


@contextmanager
def exit_on_fault() -> Iterator[None]:
    """End the process with one `error: ...` line on stderr if the block raises a PodiumError.

    Errors of the disk are told alike. `PODIUM_DEBUG=1` lets the traceback through.

    Raises:
        SystemExit: with the error's exit code.
    """
    try:
        yield
    except (PodiumError, OSError) as error:
        fault = error if isinstance(error, PodiumError) else disk_fault(error)
        if fault is None or os.environ.get("PODIUM_DEBUG"):
            raise
        print(f"error: {fault}", file=sys.stderr)
        raise SystemExit(fault.exit_code) from None
