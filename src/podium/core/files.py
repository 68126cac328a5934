"""Files written whole or not at all, locks, the scratch folder, and content hashes.

Libraries that take long to import are imported where they are used: `podium doctor --quick`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_path

from podium.core.csv_blocks import parse_blocks
from podium.core.errors import EnvironmentFault, PodiumError, disk_fault
from podium.core.partial_files import partial_path, remove_stale
from podium.core.printable import printable

# what Python alone takes for one, such as 0_5 or digits of another script, is none
_NUMBER = re.compile(r"\s*[+-]?([0-9.]+(e[+-]?[0-9]+)?|nan|inf|infinity)\s*", re.ASCII | re.I)

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path that is renamed to `path` once the block has succeeded.

    The bytes are on disk before the rename, so that a kill leaves the old file or the new one, and
    a partial one that the next write removes.

    Raises:
        EnvironmentFault: the disk is full, read-only, or `path` cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(path)
        partial = partial_path(path)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # less the umask
    except OSError as error:
        raise disk_fault(error, path) or error from None
    try:
        yield partial
        _to_disk(partial)
        partial.replace(path)
    except OSError as error:
        raise disk_fault(error, path) or error from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with atomic_write(path) as partial:
        partial.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write `value` to `path` as indented JSON, keys in their order; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write `table` as CSV; numbers have the shortest text that reads back to the same value."""
    with atomic_write(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")
        if _holds_return(partial):  # Python before 3.13 does not quote one by itself
            table.to_csv(partial, index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def _holds_return(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b"\r" in block for block in iter(lambda: file.read(1 << 20), b""))


def read_table(path: Path, *columns: str) -> pd.DataFrame:
    """Read the CSV at `path`, all cells as text: `007`, `NA` and empty cells stay as they are.

    Args:
        path: a UTF-8 file with a header line; a byte-order mark is allowed.
        columns: that the header must have.

    Raises:
        PodiumError: the file is missing, is no CSV, lacks a column, or has an uneven row.
    """
    return next(read_blocks(path, *columns))


def read_blocks(path: Path, *columns: str, n_cells: int = 0) -> Iterator[pd.DataFrame]:
    """Yield the rows of the CSV at `path` as `read_table` reads them, block by block.

    Args:
        path: of the table.
        columns: that the header must have.
        n_cells: of a block, about, after a first one without rows; 0: all rows in one block.

    Raises:
        PodiumError: as `read_table`.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from parse_blocks(path, file, columns, n_cells=n_cells)
    except FileNotFoundError:
        raise PodiumError(
            f"{printable(path)}: no such file\nremedy: run the stage that writes it"
        ) from None
    except OSError as error:
        raise disk_fault(error, path) or error from None


def parse_table(
    path: Path, lines: Iterable[str], columns: Sequence[str] = (), delimiter: str = ","
) -> pd.DataFrame:
    """Return the CSV that `lines` are, all cells as text, as `read_table` does.

    Args:
        path: for messages.
        lines: with their ends; decoded while they are read, perhaps.
        columns: that the header must have.
        delimiter: between cells.

    Raises:
        PodiumError: they are no CSV, lack a column, or have an uneven row.
    """
    return next(parse_blocks(path, lines, columns, delimiter))


def to_numbers(path: Path, table: pd.DataFrame, columns: Sequence[str], kind: type = float) -> None:
    """Convert `columns` of a table to numbers, in place.

    Args:
        path: that the table was read from, for messages.
        table: its cells are text.
        columns: to convert.
        kind: float or int.

    Raises:
        PodiumError: a cell is no number.
    """
    for name in columns:
        cells = table[name].to_numpy(dtype=object)
        odd = next((cell for cell in cells if not _NUMBER.fullmatch(str(cell))), None)
        try:
            if odd is not None:
                raise ValueError(f"{odd!r:.80} is no number")
            table[name] = cells.astype(kind)
        except (ValueError, OverflowError) as error:
            raise PodiumError(
                f"{printable(path)}: column {name} holds something else: {error}\n"
                "remedy: correct the cell, or run the stage that writes the table again"
            ) from None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock `path` for writing; the operating system frees the lock when the process ends.

    Raises:
        EnvironmentFault: another process holds the lock.
    """
    from filelock import FileLock, Timeout

    name = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]
    lock = FileLock(scratch_dir("locks") / f"{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise EnvironmentFault(
            f"{path}: another process is writing it\nremedy: wait until that one has finished"
        ) from None
    try:
        yield
    finally:
        lock.release()


def require_space(path: Path, n_bytes: int) -> None:
    """Check that `n_bytes` can be written beside `path`.

    HDF5 crashes the interpreter when the disk fills up, so this is checked first.

    Raises:
        EnvironmentFault: the disk is too full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent) as file:
            os.posix_fallocate(file.fileno(), 0, max(n_bytes, 1))
    except OSError as error:
        raise disk_fault(error, path) or error from None


def scratch_dir(*parts: str) -> Path:
    """Return a folder for work in progress: in `$PODIUM_SCRATCH`, or else in the user's cache.

    It lies outside the workspace and survives `dvc exp run`; deleting it costs time, not results.
    """
    root = os.environ.get("PODIUM_SCRATCH")
    folder = (Path(root) if root else user_cache_path("podium")).joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if fault := disk_fault(error, folder):
            fault = EnvironmentFault(f"{fault}, or set PODIUM_SCRATCH to another folder")
        raise fault or error from None
    return folder


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def json_sha256(value: Mapping[str, Any]) -> str:
    """Return the sha256 of `value` as canonical JSON, in hexadecimal: a key for settings."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
