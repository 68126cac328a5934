"""Submissions: joined to the sample by id, checked, and written with a manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from podium.core.errors import PodiumError
from podium.core.files import (
    file_sha256,
    read_table,
    write_json,
    write_table,
)
from podium.core.ids import natural_key, refuse_duplicates, refuse_other_ids


def read_sample(path: Path, columns: Sequence[str]) -> list[str]:
    """The ids of a competition's sample submission, in its order.

    Raises:
        PodiumError: other columns, or an id twice.
    """
    sample = read_table(path, *columns)
    if list(sample.columns) != list(columns):
        raise PodiumError(
            f"{path}: its columns are {', '.join(sample.columns)}, "
            f"ours would be {', '.join(columns)}\n"
            "remedy: use this competition's own sample_submission.csv"
        )
    refuse_duplicates(path, sample[columns[0]])
    return list(sample[columns[0]])


def ordered_ids(sample_path: Path, columns: Sequence[str], test_ids: Sequence[str]) -> list[str]:
    """The ids a submission holds: the sample's in its order, or all test ids if there is no sample.

    Raises:
        PodiumError: the sample's ids are not those of the test pictures.
    """
    if not sample_path.is_file():
        return sorted(test_ids, key=natural_key)
    ids = read_sample(sample_path, columns)
    refuse_other_ids(
        sample_path, ids, test_ids, "the sample must name exactly the pictures in test"
    )
    return ids


def check_ids(path: Path, table: pd.DataFrame, ids: Sequence[str]) -> None:
    """Raise a PodiumError unless the first column of `table` is exactly `ids`, in their order."""
    found = [str(name) for name in table.iloc[:, 0]]
    refuse_duplicates(path, found)
    refuse_other_ids(path, found, ids, "predict every test picture, and only those")
    if found != list(ids):
        raise PodiumError(f"{path}: the ids are right but not in the sample's order")


def check(path: Path, table: pd.DataFrame, ids: Sequence[str]) -> None:
    """Raise a PodiumError unless `table` (ids, then probabilities) may be handed in."""
    check_ids(path, table, ids)
    values = table.iloc[:, 1:].to_numpy(dtype=np.float64)
    bad = ~(np.isfinite(values) & (values >= 0) & (values <= 1)).all(axis=1)
    if bad.any():
        raise PodiumError(
            f"{path}: {int(bad.sum())} rows hold NaN or values outside 0 to 1, "
            f"e.g. id {table.iloc[:, 0].tolist()[int(np.flatnonzero(bad)[0])]}"
        )


def write(path: Path, table: pd.DataFrame, manifest: Mapping[str, Any]) -> None:
    """Write the submission and, beside it, `<name>.json`: the manifest with the file's hash."""
    write_table(path, table)
    write_json(
        path.with_suffix(".json"),
        {"submission": path.name, "rows": len(table), "sha256": file_sha256(path), **manifest},
    )


def write_nothing(path: Path, reason: str) -> None:
    """Write an empty submission whose manifest gives the reason; nobody can hand it in."""
    write(path, pd.DataFrame({"id": []}), {"note": reason})
    print(f"{path}: empty, {reason}")
