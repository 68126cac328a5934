"""What sets the captcha competitions apart: columns of a submission, answers and scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from podium.captcha import scoring
from podium.captcha.answers import evaluate, format_value
from podium.captcha.equations import answers as equations
from podium.core.errors import SettingsError

Scores = Callable[[Sequence[str], Sequence[str]], dict[str, Any]]


@dataclass(frozen=True)
class Competition:
    """One of the captcha competitions.

    Attributes:
        columns: of its submission; the first holds ids, the second texts.
        scores: of texts, the true ones first.
        solve: what a text comes to; raises NotComputable. None where texts are just texts.
    """

    columns: list[str]
    scores: Scores
    solve: scoring.Solve | None = None

    def answers(self, text: str) -> list[str]:
        """What follows a text in its row: its value, '' if it has none; or nothing."""
        if self.solve is None:
            return []
        value = scoring.value_of(text, self.solve)
        return ["" if value is None else format_value(value)]


COMPETITIONS = {
    "text": Competition(["id", "text"], scoring.text_scores),
    "arithmetic": Competition(["id", "expression", "value"], scoring.arithmetic_scores, evaluate),
    "equations": Competition(["id", "expression", "value"], equations.scores, equations.answer),
}


def competition(task: str) -> Competition:
    """The competition of a task; raises SettingsError if there is none."""
    if task not in COMPETITIONS:
        known = ", ".join(COMPETITIONS)
        raise SettingsError(f"captcha task {task!r} is unknown; known are {known}")
    return COMPETITIONS[task]
