"""Errors a person can act on, and how they become an exit status."""

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
    """A message of at most three lines: what is wrong, where, and what to do about it.

    `exit_code` tells what is at fault: 1 the data, 2 settings or command line, 3 the machine.
    """

    exit_code = 1


class SettingsError(PodiumError):
    """A setting or an argument that cannot be used."""

    exit_code = 2


class EnvironmentFault(PodiumError):
    """A fault of the machine: a full or read-only disk, a lock, a missing package."""

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
    """Return the first line of an error's message, or the name of its class if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def disk_fault(error: OSError, path: Path | None = None) -> EnvironmentFault | None:
    """Return an error of the disk in plain words, or None if `error` is another one."""
    advice = _DISK_ERRORS.get(error.errno or 0)
    if advice is None:
        return None
    return EnvironmentFault(f"{path or error.filename or 'output'}: {advice}")


def guarded(main: Callable[..., T]) -> Callable[..., T]:
    """Decorate `main` to print errors as `error: ...` on stderr and to exit with their code.

    `PODIUM_DEBUG=1` shows the traceback instead.
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

    Errors of the disk are printed alike. `PODIUM_DEBUG=1` shows the traceback instead.

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
