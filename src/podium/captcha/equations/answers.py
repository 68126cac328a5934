"""What equations come to, and how well they were read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from podium.captcha import scoring
from podium.captcha.answers import MAX_LENGTH, NotComputable, evaluate
from podium.captcha.equations.grammar import TEMPLATES, VARIABLES


@dataclass(frozen=True)
class Sheet:
    """The lines of one picture.

    Attributes:
        assignments: variable -> value.
        expression: the last line.
    """

    assignments: dict[str, Fraction]
    expression: str


def parse(text: str) -> Sheet:
    """The lines of `text`, parted by `;`: assignments `流=42072`, and then an expression.

    Raises:
        NotComputable: the text or a number in it is too long, an assignment is malformed, or a
            variable is assigned twice.
    """
    if len(text) > MAX_LENGTH:
        raise NotComputable("too long", f"{len(text)} characters, at most {MAX_LENGTH}")
    *lines, expression = text.split(";")
    assignments: dict[str, Fraction] = {}
    for row, line in enumerate(lines, start=1):
        name, _, number = line.partition("=")
        if not (len(name) == 1 and name.isalpha() and number.isascii() and number.isdigit()):
            raise NotComputable("syntax", f"line {row} does not give a variable its value")
        if name in assignments:
            raise NotComputable("syntax", f"line {row} assigns {name!r} again")
        assignments[name] = evaluate(number)
    return Sheet(assignments, expression)


def answer(text: str) -> Fraction:
    """The exact value of the last line of `text`.

    Raises:
        NotComputable: the text is malformed or too long, its expression divides by zero, or has
            a variable that no line assigns.
    """
    sheet = parse(text)
    return evaluate(sheet.expression, sheet.assignments)


def value_of(text: str) -> Fraction | None:
    """The exact value of a text, None if it has none."""
    return scoring.value_of(text, answer)


def scores(truth: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """Shares of texts, of assignments and of expressions read right, and of values.

    A value is right within 0.01; `computable` counts the texts that have one.
    """
    pairs = list(zip(truth, texts, strict=True))
    parts = [(left.rpartition(";"), right.rpartition(";")) for left, right in pairs]
    right = {
        "sequence": [left == right for left, right in pairs],
        "assignments": [left[:2] == right[:2] for left, right in parts],
        "expression": [left[2] == right[2] for left, right in parts],
    }
    shares = {name: scoring.share(sum(found), len(pairs)) for name, found in right.items()}
    return shares | scoring.value_scores(truth, texts, answer)


def template_of(text: str) -> str | None:
    """The template that the last line of `text` fits, None if it fits none."""
    expression = text.rpartition(";")[2]
    return next((form for form, fits in _PATTERNS.items() if fits.fullmatch(expression)), None)


_OPERAND = f"(?:(?:[{VARIABLES}]/)?[0-9]+|[{VARIABLES}])"
_SYMBOLS = {**dict.fromkeys("abcd", _OPERAND), ".": "[-+*]"}
_PATTERNS = {
    form: re.compile("".join(_SYMBOLS.get(one, re.escape(one)) for one in form))
    for form in TEMPLATES
}
