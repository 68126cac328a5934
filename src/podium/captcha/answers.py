"""What an expression comes to: an exact parser and evaluator that no input can harm."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from podium.core.errors import PodiumError

MAX_LENGTH = 256  # characters; the longest label of the equations competition has 46
MAX_DEPTH = 32  # brackets inside brackets
MAX_DIGITS = 18  # of one number

Reason = Literal["syntax", "division by zero", "too long", "too deep", "unknown variable"]


class NotComputable(PodiumError):
    """An expression without a value; `reason` says why in a word or two."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(f"{reason}: {what}")
        self.reason: Reason = reason


def evaluate(expression: str, variables: Mapping[str, Fraction] | None = None) -> Fraction:
    """The exact value of `expression`.

    Digits, + - * /, brackets and variables of one letter; * and / come before + and -, equals
    from left to right. There are no signs, no spaces and no powers: captchas have none.

    Args:
        expression: for example `3+(7-5)*2`.
        variables: letter -> value.

    Raises:
        NotComputable: the expression is malformed, too long or too deep, divides by zero, or
            has a variable that is not given.
    """
    if len(expression) > MAX_LENGTH:
        raise NotComputable("too long", f"{len(expression)} characters, at most {MAX_LENGTH}")
    parser = _Parser(expression, variables or {})
    value = parser.sum(0)
    if parser.at < len(expression):
        raise parser.unexpected()
    return value


def plain(value: Fraction) -> str:
    """A value as text: whole numbers bare, others with two decimals. 5/2 -> 2.50."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.2f}"


class _Parser:
    """Recursive descent: sum = product {(+|-) product}, product = atom {(*|/) atom}."""

    def __init__(self, text: str, variables: Mapping[str, Fraction]) -> None:
        self.text = text
        self.variables = variables
        self.at = 0

    def sum(self, depth: int) -> Fraction:
        value = self.product(depth)
        while operator := self._take("+-"):
            term = self.product(depth)
            value = value + term if operator == "+" else value - term
        return value

    def product(self, depth: int) -> Fraction:
        value = self.atom(depth)
        while operator := self._take("*/"):
            where = self.at
            factor = self.atom(depth)
            if operator == "/" and not factor:
                raise NotComputable("division by zero", f"at character {where + 1}")
            value = value * factor if operator == "*" else value / factor
        return value

    def atom(self, depth: int) -> Fraction:
        if self._take("("):
            if depth == MAX_DEPTH:
                raise NotComputable("too deep", f"more than {MAX_DEPTH} brackets inside brackets")
            value = self.sum(depth + 1)
            if not self._take(")"):
                raise self.unexpected()
            return value
        return self.number() if self._next() in _DIGITS else self.variable()

    def number(self) -> Fraction:
        start = self.at
        while self._take("0123456789"):
            if self.at - start > MAX_DIGITS:
                raise NotComputable("too long", f"a number of more than {MAX_DIGITS} digits")
        return Fraction(int(self.text[start : self.at]))

    def variable(self) -> Fraction:
        name = self._next()
        if not name.isalpha():
            raise self.unexpected()
        if name not in self.variables:
            raise NotComputable("unknown variable", f"{name!r} at character {self.at + 1}")
        self.at += 1
        return self.variables[name]

    def unexpected(self) -> NotComputable:
        found = self._next()
        what = f"{found!r} at character {self.at + 1}" if found else "it ends too early"
        return NotComputable("syntax", what)

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self, among: str) -> str:
        found = self._next()
        if found and found in among:
            self.at += 1
            return found
        return ""


_DIGITS = frozenset("0123456789")
