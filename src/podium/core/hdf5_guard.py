"""HDF5 files are read whole by a child process before this process opens them.

A damaged or hostile file can hang or crash the library, and with it the process that reads it; or
refer to other files, whose bytes would be taken for data. Files that this project wrote, and those
that passed, are remembered by size and times, so that each is checked once.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import select
import subprocess
import sys
import threading
from pathlib import Path

from podium.core.errors import PodiumError
from podium.core.files import scratch_dir, write_text
from podium.core.printable import printable

SECONDS = 5.0  # for a small file
BYTES_PER_SECOND = 20_000_000  # that a large one may take more
_CHECKER = Path(__file__).with_name("hdf5_check.py")


class _Child:
    """The checking process; started when it is needed, and anew after it was lost."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = 0

    def fault(self, path: Path) -> str:
        """Return what is wrong with the file at `path`; '' if nothing."""
        with self.lock:
            process = self._running()
            limit = SECONDS + path.stat().st_size / BYTES_PER_SECOND
            answer = self._answer(process, path, limit)
            if answer is None:
                self.stop()
                hangs = process.returncode == -9
                return f"it takes more than {limit:.0f} s to read" if hangs else "it crashes HDF5"
            return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is not None and self.process.poll() is not None:
            self.stop()
        if self.process is None or self.owner != os.getpid():
            self.process = subprocess.Popen(
                [sys.executable, "-P", str(_CHECKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
            self.owner = os.getpid()
        return self.process

    @staticmethod
    def _answer(process: subprocess.Popen[bytes], path: Path, limit: float) -> str | None:
        """The child's answer; None if it died, or had to be killed."""
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps([str(path.absolute()), limit]).encode() + b"\n")
            process.stdin.flush()
            if select.select([process.stdout], [], [], limit)[0]:
                if line := process.stdout.readline():
                    return str(json.loads(line))
                process.wait()
                return None
            process.kill()
        process.wait()
        return None

    def stop(self) -> None:
        """End the child; the next file starts another."""
        if self.process is not None and self.owner == os.getpid():
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                with contextlib.suppress(OSError, AttributeError):
                    pipe.close()  # type: ignore[union-attr]
        self.process = None


_CHILD = _Child()
atexit.register(_CHILD.stop)


def check_hdf5(path: Path, kind: str) -> None:
    """Make sure that the HDF5 file at `path` can be read to its end, and refers to no other.

    Args:
        path: the file; one that is not there is left to the caller.
        kind: what it should be, for messages.

    Raises:
        PodiumError: it cannot.
    """
    if not path.is_file() or _is_remembered(path):
        return
    if fault := hdf5_fault(path):
        raise PodiumError(
            f"{printable(path)}: damaged, or no {kind} ({printable(fault)[:300]})\n"
            "remedy: remove it and run dvc repro"
        )
    remember(path)


def hdf5_fault(path: Path) -> str:
    """Return why the HDF5 file at `path` cannot be read, or what it should not hold; '' if fine."""
    return _CHILD.fault(path)


def remember(path: Path) -> None:
    """Note that the file at `path`, as it is now, can be read; whoever writes one says so."""
    with contextlib.suppress(PodiumError, OSError):  # losing a note costs time only
        write_text(_note(path), _facts(path))


def _is_remembered(path: Path) -> bool:
    try:
        return _note(path).read_text(encoding="utf-8") == _facts(path)
    except (OSError, UnicodeDecodeError):
        return False


def _note(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:32]
    return scratch_dir("checked") / name


def _facts(path: Path) -> str:
    status = path.stat()
    numbers = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return " ".join(str(number) for number in numbers)
