"""HDF5 files are read whole by a child process before this process opens them.

A damaged or hostile file can hang or crash the library, and with it the process that reads it; or
refer to other files, whose bytes would be taken for data. Files that this project wrote, and those
that passed, are remembered by size and times, so that each is checked once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.files import scratch_dir, write_text
from podium.core.printable import printable

SECONDS = 5.0  # of the processor, for a small file
BYTES_PER_SECOND = 20_000_000  # that a large one may take more
_CHECKER = Path(__file__).with_name("hdf5_check.py")


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
        raise damaged(path, kind, fault)
    remember(path)


def is_sound(path: Path) -> bool:
    """Return whether there is an HDF5 file at `path` that can be read to its end."""
    with contextlib.suppress(PodiumError):
        check_hdf5(path, "file")
        return path.is_file()
    return False


def damaged(path: Path, kind: str, reason: object) -> PodiumError:
    """Return the error of a file that is no `kind`.

    Args:
        path: the file.
        kind: what it should be.
        reason: why it is none.
    """
    return PodiumError(
        f"{printable(path)}: damaged, or no {kind} ({printable(reason)[:300]})\n"
        "remedy: remove it and run dvc repro"
    )


def hdf5_fault(path: Path) -> str:
    """Return why the HDF5 file at `path` cannot be read, or what it should not hold; '' if fine.

    Raises:
        EnvironmentFault: the program that reads it cannot be started.
    """
    limit = SECONDS + path.stat().st_size / BYTES_PER_SECOND
    options = ["-P"] if sys.version_info >= (3, 11) else []  # bundles run on 3.10, which lacks it
    child = subprocess.run(
        [sys.executable, *options, str(_CHECKER), str(path.absolute()), str(limit)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        check=False,
    )
    if child.returncode in (-signal.SIGPROF, -signal.SIGALRM):
        return f"it takes more than {limit:.0f} s to read"
    if child.returncode > 0:
        reason = child.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise EnvironmentFault(
            f"{printable(path)}: cannot be checked: {printable(reason)}\n"
            "remedy: run make setup; podium doctor says more"
        )
    return "it crashes HDF5" if child.returncode else child.stdout.decode()


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
