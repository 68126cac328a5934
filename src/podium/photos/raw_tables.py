"""The tables beside raw pictures, looked at before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.core.printable import printable
from podium.photos.submission import columns_of


def check_raw_tables(root: Path, classes: Sequence[str], test_ids: Sequence[str]) -> None:
    """Check that sample_submission.csv and test_labels.csv, if they are there, fit the pictures.

    Args:
        root: the folder of the pictures.
        classes: of the train pictures, sorted.
        test_ids: of the test pictures, unreadable ones too; without any nothing is checked.

    Raises:
        PodiumError: a table lacks a column, names a row twice or other pictures, or has unknown
            classes.
    """
    sample, key = root / "sample_submission.csv", root / "test_labels.csv"
    if not test_ids:
        return
    if sample.is_file():
        _check_sample(sample, columns_of(list(classes)), test_ids)
    if key.is_file():
        _check_key(key, classes, test_ids)


def _check_sample(path: Path, columns: Sequence[str], test_ids: Sequence[str]) -> None:
    table = read_table(path, *columns[:1])
    if list(table.columns) != list(columns):
        raise PodiumError(
            f"{printable(path)}: its columns are {_shown(list(table.columns))}, ours would be "
            f"{_shown(columns)}\nremedy: name the class folders as its columns, or remove it: then "
            "the submission holds all test pictures"
        )
    refuse_duplicates(path, table["id"])
    refuse_other_ids(
        path, table["id"].tolist(), test_ids, "put the pictures it names into test, and only those"
    )


def _check_key(path: Path, classes: Sequence[str], test_ids: Sequence[str]) -> None:
    table = read_table(path, "id", "label")
    refuse_duplicates(path, table["id"])
    refuse_other_ids(path, table["id"].tolist(), test_ids, "name exactly the pictures in test")
    labels = set(table["label"])
    unknown = sorted(labels - set(classes))
    if unknown and not (len(classes) == 2 and labels <= {"0", "1"}):
        raise PodiumError(
            f"{printable(path)}: unknown classes {_shown(unknown)}; the train pictures have "
            f"{_shown(classes)}\nremedy: use the names of the class folders"
        )


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(printable(name) for name in names[:10]) + more
