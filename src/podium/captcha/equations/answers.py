"""The value of equations, and the scores of equations that were read."""

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
class Equation:
    """The lines of one picture, parsed.

    Attributes:
        assignments: variable -> value.
        expression: the last line, not yet evaluated.
    """

    assignments: dict[str, Fraction]
    expression: str


def parse(text: str) -> Equation:
    """The lines of `text`, separated by `;`: assignments `流=42072`, and then an expression.

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
    return Equation(assignments, expression)


def answer(text: str) -> Fraction:
    """The exact value of the last line of `text`.

    Raises:
        NotComputable: the text is malformed or too long, its expression divides by zero, or has
            a variable that no line assigns.
    """
    equation = parse(text)
    return evaluate(equation.expression, equation.assignments)


def value_of(text: str) -> Fraction | None:
    """The exact value of a text; None if it has none."""
    return scoring.value_of(text, answer)


def scores(truth: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """Shares of texts, of assignments, of expressions and of values read right.

    A value is right within 0.01; `computable` is the share of texts that have one.
    """
    pairs = list(zip(truth, texts, strict=True))
    parts = [(left.rpartition(";"), right.rpartition(";")) for left, right in pairs]
    right = {
        "sequence": [left == right for left, right in pairs],
        "assignments": [left[:2] == right[:2] for left, right in parts],
        "expression": [left[2] == right[2] for left, right in parts],
    }
    shares = {name: scoring.share(sum(flags), len(pairs)) for name, flags in right.items()}
    return shares | scoring.value_scores(truth, texts, answer)


def template_of(text: str) -> str | None:
    """The template that the last line of `text` matches; None if it matches none."""
    expression = text.rpartition(";")[2]
    return next((form for form, regex in _PATTERNS.items() if regex.fullmatch(expression)), None)


_OPERAND = f"(?:(?:[{VARIABLES}]/)?[0-9]+|[{VARIABLES}])"
_SYMBOLS = {**dict.fromkeys("abcd", _OPERAND), ".": "[-+*]"}
_PATTERNS = {
    form: re.compile("".join(_SYMBOLS.get(symbol, re.escape(symbol)) for symbol in form))
    for form in TEMPLATES
}
