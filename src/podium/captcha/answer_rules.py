"""What the captcha tasks differ in once a text is read: its value, and how it is scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from podium.captcha import scoring
from podium.captcha.answers import format_value
from podium.captcha.equations import answers as equations
from podium.captcha.everyday import everyday_value
from podium.competitions import competition_named
from podium.core.errors import unknown

Scores = Callable[[Sequence[str], Sequence[str]], dict[str, Any]]


@dataclass(frozen=True)
class AnswerRules:
    """The rules of one task.

    Attributes:
        task: text, arithmetic or equations.
        scores: of texts, the true ones first.
        solve: what a text comes to; raises NotComputable. None where texts are just texts.
    """

    task: str
    scores: Scores
    solve: scoring.Solve | None = None

    @property
    def columns(self) -> list[str]:
        """The columns of a submission; the first holds ids, the second texts."""
        return list(competition_named(f"captcha-{self.task}").columns)

    def answers(self, text: str) -> list[str]:
        """Return what follows a text in its row: its value, '' if it has none; or nothing."""
        if self.solve is None:
            return []
        value = scoring.value_of(text, self.solve)
        return ["" if value is None else format_value(value)]


RULES = {
    rules.task: rules
    for rules in (
        AnswerRules("text", scoring.text_scores),
        AnswerRules("arithmetic", scoring.arithmetic_scores, everyday_value),
        AnswerRules("equations", equations.scores, equations.answer),
    )
}


def answer_rules(task: str) -> AnswerRules:
    """Return the rules of a task; raises SettingsError if there is none."""
    if task not in RULES:
        raise unknown("captcha task", task, RULES)
    return RULES[task]
