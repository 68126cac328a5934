"""Errors a person can act on, and how they become an exit status."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from podium.core.interrupts import LINE, interrupts_raised
from podium.core.printable import printable

T = TypeVar("T")


class PodiumError(Exception):
    """A message of at most three lines: what is wrong, where, and what to do about it.

    Control characters, which names of files may hold, are escaped. `exit_code` tells what is at
    fault: 1 the data, 2 settings or command line, 3 the machine.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(printable(line) for line in message.split("\n")))


class SettingsError(PodiumError):
    """A setting or an argument that cannot be used."""

    exit_code = 2


def unknown(kind: str, name: str, names: Iterable[str]) -> SettingsError:
    """Return the error of a name that does not exist.

    Args:
        kind: what it should name.
        name: as it was given.
        names: that exist.
    """
    return SettingsError(f"{kind} {name!r} is unknown\nremedy: one of {', '.join(names)}")


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
    errno.ENOENT: "no such file: it was removed while this ran, or was never there; run it again",
    errno.EIO: "the disk reports an error: check its cable, its file system, then run again",
    errno.ESTALE: "the network drive has lost it: mount it anew and run again",
    errno.EMFILE: "too many open files: raise the limit (ulimit -n 4096) and run again",
    errno.ENFILE: "too many open files on this machine: close other programs and run again",
    errno.ENOMEM: "memory ran out: close other programs and run again",
    errno.ENAMETOOLONG: "the name is too long: rename it",
    errno.ELOOP: "a link leads back to itself: remove it",
    errno.ETXTBSY: "another program is using it: end that one and run again",
}


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or the name of its class if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def disk_fault(error: OSError, path: Path | None = None) -> EnvironmentFault | None:
    """Return an error of the disk in plain words, or None if `error` is another one."""
    advice = _DISK_ERRORS.get(error.errno or 0)
    if advice is None:
        return None
    return EnvironmentFault(f"{printable(path or error.filename or 'output')}: {advice}")


def guarded(main: Callable[..., T]) -> Callable[..., T]:
    """Decorate `main` to print errors as `error: ...` on stderr and to exit with their code.

    `PODIUM_DEBUG=1` shows the traceback instead.
    """

    @functools.wraps(main)
    def run(*args: object, **kwargs: object) -> T:
        with exit_on_fault(), interrupts_raised():
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # let `finally` blocks clean up
            return main(*args, **kwargs)

    return run


@contextmanager
def exit_on_fault() -> Iterator[None]:
    """End the process with one `error: ...` line on stderr if the block raises a PodiumError.

    Errors of the disk, a lack of memory and Ctrl-C are printed alike. Control characters of names
    are escaped. `PODIUM_DEBUG=1` shows the traceback instead.

    Raises:
        SystemExit: with the error's exit code; 130 for Ctrl-C.
    """
    try:
        yield
    except (PodiumError, OSError, MemoryError, KeyboardInterrupt) as error:
        fault = _fault(error)
        if fault is None or os.environ.get("PODIUM_DEBUG"):
            raise
        interrupted = isinstance(error, KeyboardInterrupt)
        print(fault if interrupted else f"error: {fault}", file=sys.stderr)
        traceback.clear_frames(error.__traceback__)  # closes generators, whose processes end now
        raise SystemExit(130 if interrupted else fault.exit_code) from None


def _fault(error: BaseException) -> PodiumError | None:
    if isinstance(error, PodiumError):
        return error
    if isinstance(error, OSError):
        return disk_fault(error)
    if isinstance(error, MemoryError):
        return EnvironmentFault("memory ran out: close other programs, or lower batch_size")
    return PodiumError(LINE)
