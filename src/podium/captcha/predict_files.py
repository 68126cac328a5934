"""`podium predict` of captchas: the text of picture files and its value, as CSV lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from podium.captcha.answer_rules import answer_rules
from podium.captcha.reader import BATCH, CaptchaReader
from podium.evaluation.competition import PredictOptions


def csv_lines(model: Path, images: Sequence[Path], options: PredictOptions) -> Iterator[str]:
    """Yield a header, then path, text (or expression and value) and probability, a line a picture.

    Args:
        model: the trained reader.
        images: picture files.
        options: of no use here.
    """
    reader = CaptchaReader(model)
    rules = answer_rules(reader.task)
    yield ",".join(["path", *rules.columns[1:], "probability"])
    for start in range(0, len(images), BATCH):
        part = list(images[start : start + BATCH])
        for path, reading in zip(part, reader.read_files(part), strict=True):
            values = [reading.text, *rules.answers(reading.text)]
            yield ",".join([str(path), *values, f"{math.exp(reading.log_prob):.6f}"])
