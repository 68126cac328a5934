"""What a trained model says of files: an answer for each, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from podium.core.errors import PodiumError

Cell = str | float


@dataclass(frozen=True)
class FileAnswer:
    """The answer for one file.

    Attributes:
        path: the file.
        cells: of the answer's columns; none where there is nothing to say.
        fault: why the file has no answer; '' where it has one.
    """

    path: Path
    cells: Sequence[Cell] = ()
    fault: str = ""


class FileAnswers(NamedTuple):
    """The answers of a model.

    Attributes:
        columns: of every answer.
        answers: one for each file, in the order of the files.
    """

    columns: list[str]
    answers: Iterator[FileAnswer]


def answers_in_batches(
    paths: Sequence[Path],
    batch_size: int,
    predict: Callable[[Sequence[Path]], Sequence[Sequence[Cell]]],
) -> Iterator[FileAnswer]:
    """Yield the answer for each file; a batch with a broken file is halved until that one is found.

    Args:
        paths: the files.
        batch_size: the most files that are predicted at once.
        predict: gives the cells of each file of a batch, or raises a PodiumError.

    Raises:
        PodiumError: settings or machine are at fault, not the files.
    """
    for start in range(0, len(paths), batch_size):
        part = paths[start : start + batch_size]
        try:
            rows = predict(part)
        except PodiumError as error:
            if error.exit_code != PodiumError.exit_code:
                raise
            if len(part) > 1:
                yield from answers_in_batches(part, (len(part) + 1) // 2, predict)
            else:
                yield FileAnswer(part[0], fault=str(error))
        else:
            yield from map(FileAnswer, part, rows)
