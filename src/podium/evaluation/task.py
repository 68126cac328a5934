"""What a competition of pictures asks for: the kind of answer, its names, its metric, its sample.

Ingestion writes it as `data/photos/task.json`; training, blends and submissions go by it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from podium.core.errors import PodiumError
from podium.core.files import write_json

Kind = Literal["classes", "labels", "number"]
Cells = Literal["probabilities", "class", "labels", "best", "number", "whole", "decisions"]


@dataclass(frozen=True)
class SampleStyle:
    """What a submission looks like.

    Attributes:
        columns: of the file, the ids first.
        cells: probabilities (a column for each of `names`), class (a name of the likeliest one),
            labels (names of those that apply, separated by blanks), best (the `k` likeliest names,
            separated by blanks), number, whole (a number rounded), or decisions (a column for each
            of `names`, 1 where it applies, else 0).
        names: probabilities, decisions: which class or label each column after the first is of.
        k: best: how many names.
    """

    columns: tuple[str, ...]
    cells: Cells
    names: tuple[str, ...] = ()
    k: int = 0

    def __post_init__(self) -> None:
        """Check that no column is there twice: a class may be called like the column of ids.

        Raises:
            PodiumError: one is.
        """
        if twice := [name for name, n in Counter(self.columns).items() if n > 1]:
            raise PodiumError(
                f"a submission would have two columns {twice[0]!r}: a class or label is called "
                "like the column of ids\nremedy: rename that class, or put the competition's own "
                "sample_submission.csv beside the pictures"
            )


@dataclass(frozen=True)
class PictureTask:
    """What is predicted from pictures, what it is scored by, and what is handed in.

    Attributes:
        kind: classes (one for each picture), labels (any number of them) or number; also the kind
            of its prediction tables.
        names: of the classes or labels in the order of every array; () of a number.
        ordered: the classes are grades, from low to high.
        metric: its name, a key of `evaluation.scores.METRICS`, `map@<k>` or `module:function`.
        sample: what a submission looks like.
        columns: names of the columns beside the pictures that models may use.
        whole: number: all train values are whole.
    """

    kind: Kind
    names: tuple[str, ...]
    metric: str
    sample: SampleStyle
    ordered: bool = False
    columns: tuple[str, ...] = ()
    whole: bool = False


def usual_classes(names: tuple[str, ...], metric: str = "log_loss") -> PictureTask:
    """Return the task of classes without a table or a sample, as Kaggle's dogs vs cats asks it.

    Two classes: id and label, the probability of the second class; else a column for each.

    Args:
        names: of the classes, sorted.
        metric: its name.
    """
    two = len(names) == 2
    columns = ("id", "label") if two else ("id", *names)
    style = SampleStyle(columns, "probabilities", names[1:] if two else names)
    return PictureTask("classes", names, metric, style)


def write_task(path: Path, task: PictureTask) -> None:
    """Write the task as JSON, all at once."""
    write_json(path, asdict(task))


def read_task(path: Path) -> PictureTask:
    """Return the task that ingestion wrote at `path`.

    Raises:
        PodiumError: the file is missing or broken.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        sample = fields.pop("sample")
        sample |= {key: tuple(sample[key]) for key in ("columns", "names")}
        fields |= {key: tuple(fields[key]) for key in ("names", "columns")}
        task = PictureTask(**fields, sample=SampleStyle(**sample))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PodiumError(
            f"{path}: not the task of a competition ({error})\nremedy: run dvc repro ingest_photos"
        ) from None
    if task.kind not in get_args(Kind) or task.sample.cells not in get_args(Cells):
        raise PodiumError(f"{path}: unknown kind of task\nremedy: run dvc repro ingest_photos")
    return task
