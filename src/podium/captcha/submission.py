"""The captcha submission: the text of each test picture, and its value where it has one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from podium.captcha.answer_rules import AnswerRules, answer_rules
from podium.captcha.answers import format_value
from podium.captcha.chance import chance_summary, table_chances
from podium.captcha.charset import Charset
from podium.captcha.dataset import read_facts, read_texts
from podium.captcha.scoring import TOLERANCE, Solve, value_of
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.evaluation.predictions import read_text_predictions
from podium.evaluation.scores import Score, score_from
from podium.submission import cells
from podium.submission.cells import counted, examples
from podium.submission.format import FormatInputs, SubmissionFormat, expected_ids


def texts_of(path: Path, table: pd.DataFrame, split: str, ids: Sequence[str]) -> list[str]:
    """Return the texts that a prediction table has for `ids`, in their order.

    Args:
        path: of the table, for the message.
        table: the prediction table.
        split: whose rows.
        ids: of its pictures.

    Raises:
        PodiumError: the table names other pictures.
    """
    rows = table[table["split"] == split].set_index("id")
    refuse_duplicates(path, rows.index)
    refuse_other_ids(path, list(rows.index), ids, "run dvc repro: the table is of other pictures")
    return [str(text) for text in rows.loc[list(ids), "text"]]


@dataclass(frozen=True)
class CaptchaSubmission(SubmissionFormat):
    """Submissions of one captcha task."""

    inputs: FormatInputs

    @property
    def rules(self) -> AnswerRules:
        """What a text comes to, and how it is scored."""
        return answer_rules(self.inputs.competition.task)

    @property
    def captchas(self) -> Path:
        """The file of ingested pictures."""
        return self.inputs.items[0]

    def test_ids(self) -> list[str]:
        """Return the ids of the test pictures."""
        return read_texts(self.captchas, "test")[0]

    @cached_property
    def charset(self) -> Charset | None:
        """The characters of the train pictures; None where the sample is of other pictures."""
        if not self.captchas.is_file():
            return None
        same = set(self.test_ids()) == set(expected_ids(self)) != set()
        return read_facts(self.captchas).charset if same else None

    def frame(self, ids: Sequence[str], table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return the rows of `ids`; where nothing was read, the most frequent train text.

        Args:
            ids: of test pictures.
            table: the prediction table.
        """
        path = Path(self.inputs.competition.files.blend)
        texts = texts_of(path, table, "test", ids)
        empty = [name for name, text in zip(ids, texts, strict=True) if not text.strip()]
        if empty and self.captchas.is_file():
            usual = most_frequent(read_texts(self.captchas, "train")[1])
            texts = [text if text.strip() else usual for text in texts]
            return self.rows(ids, texts), empty
        return self.rows(ids, texts), []

    def rows(self, ids: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
        """Return the rows of a submission with these ids (N,) and texts (N,)."""
        pairs = zip(ids, texts, strict=True)
        cells = [[name, text, *self.rules.answers(text)] for name, text in pairs]
        return pd.DataFrame(cells, columns=pd.Index(self.columns))

    def faults(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield what is wrong with the texts and values of a submission that was read as text."""
        ids, texts = table.iloc[:, 0].tolist(), table.iloc[:, 1].tolist()
        if empty := [f"id {name}" for name, text in zip(ids, texts, strict=True) if not text]:
            yield f"{counted(len(empty), 'text')} empty, {examples(empty)}"
        used = set().union(*texts)
        if odd := sorted(used - set(self.charset.characters) if self.charset else ()):
            pairs = zip(ids, texts, strict=True)
            rows = [f"id {name}: {text!r}" for name, text in pairs if set(text) & set(odd)]
            yield (
                f"{counted(len(rows), 'text')} with characters that no train picture has "
                f"({''.join(odd[:10])}), {examples(rows)}"
            )
        if solve := self.rules.solve:
            cells = zip(ids, texts, table.iloc[:, 2], strict=True)
            wrong = [
                f"id {name}: {why}"
                for name, text, cell in cells
                if (why := why_wrong_value(text, cell, solve))
            ]
            if wrong:
                yield f"{counted(len(wrong), 'value')} wrong, {examples(wrong)}"

    def score(self, table: pd.DataFrame, key: Path) -> dict[str, Score]:
        """Return scores where the text of every test picture is known; else none.

        Args:
            table: the submission.
            key: the file of ingested pictures, with their texts.
        """
        ids, truth = read_texts(key, "test")
        of_id = dict(zip(ids, truth, strict=True))
        texts = [str(text) for text in table.iloc[:, 1]]
        return self.scores([of_id[name] for name in table.iloc[:, 0]], texts)

    def scores(self, truth: Sequence[str], texts: Sequence[str]) -> dict[str, Score]:
        """Return the scores of N texts; none unless the true text of every one is known."""
        if not truth or not all(truth):
            return {}
        return as_scores(self.rules.scores(truth, texts))

    def held_out_scores(self, table: pd.DataFrame) -> dict[str, Score]:
        """Return the scores of the texts of validation pictures."""
        ids, truth = read_texts(self.captchas, "validation")
        path = Path(self.inputs.competition.files.blend)
        return as_scores(self.rules.scores(truth, texts_of(path, table, "holdout", ids)))

    def facts(self, table: pd.DataFrame) -> dict[str, Any]:
        """Return the task, the ids of rows without a value, and the chance that texts are right."""
        empty = table[table.iloc[:, -1] == ""].iloc[:, 0].tolist()
        facts = {"task": self.inputs.competition.task, "not_computable": empty}
        path = self.inputs.predictions / self.inputs.competition.files.blend
        return facts | ({"chance": chance_facts(path)} if path.is_file() else {})

    def plain_lines(self, table: pd.DataFrame) -> str:
        """Return the rows as the competition writes its labels: text, space, value."""
        return cells.spaced_lines(table.iloc[:, 1:])


def most_frequent(texts: Sequence[str]) -> str:
    """Return the most frequent text, of several the first in order."""
    counts = Counter(texts)
    return min(counts, key=lambda text: (-counts[text], text))


def chance_facts(path: Path) -> dict[str, Any]:
    """Return the chance that the test texts of a prediction table are right, and the least sure.

    What the table says is corrected by its held-out rows; `held_out` says how well that goes.
    """
    table = read_text_predictions(path)
    every_chance = table_chances(table)
    is_held_out, is_test = (table["split"] == split for split in ("holdout", "test"))
    held_out, chances = table[is_held_out], every_chance[is_test]
    right = (held_out["text"] == held_out["truth"]).tolist()
    by_id = dict(zip(table["id"][is_test].tolist(), chances.tolist(), strict=True))
    least = sorted(by_id, key=lambda name: by_id[name])[:_LEAST_SURE]
    return {
        "mean": float(np.mean(chances)) if len(chances) else None,
        "held_out": chance_summary(every_chance[is_held_out], right),
        "least_sure": {name: round(by_id[name], 4) for name in least},
    }


def as_scores(scores: Mapping[str, Any]) -> dict[str, Score]:
    """Return scores as a metrics file holds them as `Score`s."""
    made = {name: score_from(value) for name, value in scores.items()}
    return {name: score for name, score in made.items() if score is not None}


def why_wrong_value(text: str, cell: str, solve: Solve) -> str:
    """Return why the value in `cell` is not what `text` comes to, exactly; '' if it is.

    Args:
        text: an expression.
        cell: of the value, '' for none.
        solve: what a text comes to.
    """
    value = value_of(text, solve)
    given = Fraction(cell) if _NUMBER.fullmatch(cell) else None
    right = "nothing" if value is None else format_value(value)
    if cell and given is None:
        return f"{cell!r} is no number"
    close = value is not None and given is not None and abs(value - given) <= TOLERANCE
    return "" if close or value is given else f"{text} comes to {right}, not {cell or 'nothing'}"


# a text of 256 characters comes to 2,000 digits at most; Python reads 4,300
_LEAST_SURE = 20  # rows that the manifest names
_NUMBER = re.compile(r"[-+]?[0-9]{1,4000}(\.[0-9]{0,40})?([eE][-+]?[0-9]{1,2})?")
