"""Ctrl-C: one line and exit status 130, whenever it comes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LINE = "interrupted: run the same command again to go on"


class _Stderr:
    """Where the line goes while libraries that are imported hold file descriptor 2."""

    copy = 2


def end_quietly_while_importing() -> None:
    """Let Ctrl-C end a program of podium with one line before its work begins.

    Does nothing where another program imports podium, and where Ctrl-C is ignored or handled
    already.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    program = "".join(sys.argv[:1])
    if program == "-m" or program.endswith("/podium"):
        with suppress(OSError):  # it may be closed
            _Stderr.copy = os.dup(2)
        signal.signal(signal.SIGINT, _end)


def _end(*_: object) -> None:
    with suppress(OSError):
        os.write(_Stderr.copy, f"{LINE}\n".encode())
    os._exit(130)  # an exception could end as an ImportError, or in a callback that ignores it


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt in the block, also where a library turns it into another.

    Raises:
        KeyboardInterrupt: Ctrl-C came.
    """
    before, came = signal.getsignal(signal.SIGINT), []

    def interrupt(number: int, _: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    if before in (_end, signal.default_int_handler):  # else ignored, or another program's
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except Exception:  # e.g. the ImportError of a module in C whose import was interrupted
        if came:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)
