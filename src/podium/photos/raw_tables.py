"""The answer key beside raw pictures, looked at before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.core.printable import printable
from podium.evaluation.task import PictureTask
from podium.photos.sample import shown


def check_key(root: Path, task: PictureTask, test_ids: Sequence[str]) -> None:
    """Check that test_labels.csv, if it is there, fits the pictures.

    Args:
        root: the folder of the pictures.
        task: kind and names of the answers.
        test_ids: of the test pictures, unreadable ones too; without any nothing is checked.

    Raises:
        PodiumError: it lacks a column, names a row twice or other pictures, or has unknown classes.
    """
    path = root / "test_labels.csv"
    if not test_ids or not path.is_file():
        return
    table = read_table(path, "id", "label")
    refuse_duplicates(path, table["id"])
    refuse_other_ids(path, table["id"].tolist(), test_ids, "name exactly the pictures in test")
    labels, classes = set(table["label"]), task.names
    unknown = sorted(labels - set(classes)) if task.kind == "classes" else []
    if unknown and not (len(classes) == 2 and labels <= {"0", "1"}):
        raise PodiumError(
            f"{printable(path)}: unknown classes {shown(unknown)}; the train pictures have "
            f"{shown(classes)}\nremedy: use the names of the class folders"
        )
