"""Seals: a file ends in the sha256 of its own bytes, which is checked before anything parses them.

A damaged HDF5 file can hang or crash the library that reads it, and with it the interpreter. HDF5
ignores what follows its last block, so a sealed file can be read by any tool.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from podium.core.errors import PodiumError
from podium.core.printable import printable

_SEAL = re.compile(rb"\npodium sha256 ([0-9a-f]{64})\n")
_LENGTH = 80  # bytes of a seal
_PART = 1 << 20


def seal(path: Path) -> None:
    """Append the sha256 of the file at `path` to it."""
    digest = _sha256(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(f"\npodium sha256 {digest}\n".encode())


def check_seal(path: Path, kind: str) -> None:
    """Make sure that the file at `path` holds the bytes that were sealed.

    A process checks a file once, unless the file changes.

    Args:
        path: the file.
        kind: what it should be, for the message.

    Raises:
        PodiumError: the file is missing, has no seal, or other bytes.
    """
    try:
        status = path.stat()
        facts = (status.st_ino, status.st_size, status.st_mtime_ns)
        fault = _fault(path.absolute(), facts) if path.is_file() else "no file"
    except FileNotFoundError:
        fault = "no such file"
    except OSError as error:
        fault = f"cannot be read ({error.strerror})"
    if fault:
        if fault.startswith("seal"):
            fault = f"damaged, or no {kind} of this version ({fault})"
        raise PodiumError(f"{printable(path)}: {fault}\nremedy: remove it and run dvc repro")


def is_sealed(path: Path) -> bool:
    """Whether the file at `path` has a seal that fits its bytes."""
    status = path.stat()
    return not _fault(path.absolute(), (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=100_000)
def _fault(path: Path, facts: tuple[int, int, int]) -> str:
    """What is wrong with the seal of the file at `path`, whose size is facts[1]; '' if nothing."""
    n_bytes = facts[1] - _LENGTH
    with path.open("rb") as file:
        file.seek(max(n_bytes, 0))
        found = _SEAL.fullmatch(file.read(_LENGTH))
    if found is None:
        return "seal missing"
    return "" if found[1].decode() == _sha256(path, n_bytes) else "seal broken"


def _sha256(path: Path, n_bytes: int) -> str:
    """The sha256 of the first `n_bytes` of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while n_bytes > 0 and (part := file.read(min(n_bytes, _PART))):
            digest.update(part)
            n_bytes -= len(part)
    return digest.hexdigest()
