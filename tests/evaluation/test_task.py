"""What a competition of pictures asks for survives its file."""

from pathlib import Path

import pytest

from podium.core.errors import PodiumError
from podium.evaluation.task import (
    PictureTask,
    SampleStyle,
    read_task,
    usual_classes,
    write_task,
)

GRADES = PictureTask(
    "classes",
    ("0", "1", "2"),
    "quadratic_kappa",
    SampleStyle(("id_code", "diagnosis"), "class"),
    ordered=True,
    columns=("age",),
)


@pytest.mark.parametrize("task", [GRADES, usual_classes(("cat", "dog"))], ids=["grades", "two"])
def test_a_task_is_read_as_it_was_written(tmp_path: Path, task: PictureTask) -> None:
    write_task(tmp_path / "task.json", task)
    assert read_task(tmp_path / "task.json") == task


def test_two_classes_hand_in_the_second() -> None:
    assert usual_classes(("cat", "dog")).sample == SampleStyle(
        ("id", "label"), "probabilities", ("dog",)
    )
    assert usual_classes(("a", "b", "c")).sample.columns == ("id", "a", "b", "c")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "sound", "names": []}'], ids=["empty", "list", "no", "kind"]
)
def test_a_broken_task_is_refused_with_a_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "task.json"
    path.write_text(text)
    with pytest.raises(PodiumError, match=r"task\.json: .*\nremedy: run dvc repro ingest_photos"):
        read_task(path)


def test_a_class_called_like_the_column_of_ids_is_refused():
    assert usual_classes(("id", "x")).sample.columns == ("id", "label")
    with pytest.raises(
        PodiumError, match=r"two columns 'id': a class .*\nremedy: rename that class"
    ):
        usual_classes(("id", "label", "split"))
