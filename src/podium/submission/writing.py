"""Submissions written: checked as they stand in the file, with a manifest beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from podium.core.errors import PodiumError
from podium.core.files import atomic_write, file_sha256, write_json, write_table
from podium.submission.cells import counted, read_submission
from podium.submission.checking import faults
from podium.submission.format import SubmissionFormat

SHOWN = 3  # faults in a message


def write_submission(
    path: Path,
    table: pd.DataFrame,
    form: SubmissionFormat,
    ids: Sequence[str],
    manifest: Callable[[], Mapping[str, Any]],
) -> None:
    """Write a submission and its manifest, unless the file would have a fault.

    Args:
        path: of the CSV file; an earlier one stays if this one is refused.
        table: the rows.
        form: the competition's format.
        ids: that the rows must have, in this order.
        manifest: gives what the manifest says; called once the rows are known to have no fault.

    Raises:
        PodiumError: the file has faults; up to three are named.
    """
    with atomic_write(path) as partial:
        write_table(partial, table)
        refuse_faults(path, read_submission(partial), form, ids)
        facts = manifest()
    _write_manifest(path, table, facts)


def refuse_faults(
    path: Path, table: pd.DataFrame, form: SubmissionFormat, ids: Sequence[str]
) -> None:
    """Raise a PodiumError that names the faults of a submission.

    Args:
        path: for the message.
        table: the submission, read as text.
        form: the competition's format.
        ids: that its rows must have, in this order.
    """
    if every := faults(table, form, ids, ordered=True):
        more = len(every) - SHOWN
        lines = every[:SHOWN] + ([f"and {counted(more, 'more fault')}"] if more > 0 else [])
        raise PodiumError(f"{path}: {'; '.join(lines)}")


def write(path: Path, table: pd.DataFrame, manifest: Mapping[str, Any]) -> None:
    """Write rows that nobody checked and, beside them, the manifest with the file's hash.

    Args:
        path: of the CSV file; the manifest is `<name>.json`.
        table: the rows.
        manifest: what the manifest says.
    """
    write_table(path, table)
    _write_manifest(path, table, manifest)


def _write_manifest(path: Path, table: pd.DataFrame, manifest: Mapping[str, Any]) -> None:
    facts = {"submission": path.name, "rows": len(table), "sha256": file_sha256(path)}
    write_json(path.with_suffix(".json"), {**facts, **manifest})


def write_nothing(path: Path, reason: str) -> None:
    """Write an empty submission whose manifest gives the reason; nobody can hand it in."""
    write(path, pd.DataFrame({"id": []}), {"note": reason})
    print(f"{path}: empty, {reason}")
