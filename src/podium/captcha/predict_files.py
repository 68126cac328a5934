"""`podium predict` of captchas: the text of picture files, its value and its probability."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from podium.captcha.answer_rules import answer_rules
from podium.captcha.reader import BATCH, CaptchaReader
from podium.evaluation.competition import PredictOptions
from podium.evaluation.file_answers import Cell, FileAnswers, answers_in_batches


def answers(model: Path, paths: Sequence[Path], options: PredictOptions) -> FileAnswers:
    """Return text (or expression and value) and chance of being right of picture files.

    Args:
        model: the trained reader.
        paths: picture files.
        options: of no use here.
    """
    reader = CaptchaReader(model)
    rules = answer_rules(reader.task)

    def predict(part: Sequence[Path]) -> list[list[Cell]]:
        return [
            [text, *rules.answers(text), float(chance)]
            for text, chance in reader.answer_files(part)
        ]

    columns = [*rules.columns[1:], "probability"]
    return FileAnswers(columns, answers_in_batches(paths, BATCH, predict))
