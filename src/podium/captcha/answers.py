"""The value of an expression: an exact parser and evaluator that is safe on any input."""

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
    """Raised for an expression that has no value; `reason` says why in a word or two."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[NotComputable], tuple[Reason, str]]:
        """Return how `pickle` makes it again."""
        return type(self), (self.reason, self.detail)


def evaluate(
    expression: str, variables: Mapping[str, Fraction] | None = None, signs: bool = False
) -> Fraction:
    """The exact value of `expression`.

    An expression has digits, + - * /, brackets and variables of one letter. * and / bind tighter
    than + and -; operators of equal rank go from left to right. Spaces and powers are refused.

    Args:
        expression: for example `3+(7-5)*2`.
        variables: letter -> value; None is no variables.
        signs: whether a + or - may stand before a number, a variable or a bracket.

    Raises:
        NotComputable: the expression is malformed, too long or too deep, divides by zero, or
            has a variable that is not in `variables`.
    """
    if len(expression) > MAX_LENGTH:
        raise NotComputable("too long", f"{len(expression)} characters, at most {MAX_LENGTH}")
    parser = _Parser(expression, variables or {}, signs)
    value = parser.sum(0)
    if parser.position < len(expression):
        raise parser.unexpected()
    return value


def format_value(value: Fraction) -> str:
    """`value` as text: whole numbers without decimals, others with two. 5/2 -> 2.50.

    The last digit is right at any magnitude: nothing passes through a float, whose 53 bits do not
    hold the cents of 1e15. Halves of a hundredth go to the even digit.
    """
    if value.denominator == 1:
        return str(value.numerator)
    whole, hundredths = divmod(abs(round(100 * value)), 100)
    sign = "-" if value < 0 and (whole or hundredths) else ""
    return f"{sign}{whole}.{hundredths:02d}"


class _Parser:
    """Recursive descent: sum = product {(+|-) product}, product = signed {(*|/) signed}."""

    def __init__(self, text: str, variables: Mapping[str, Fraction], signs: bool) -> None:
        self.text = text
        self.variables = variables
        self.signs = signs
        self.position = 0

    def sum(self, depth: int) -> Fraction:
        value = self.product(depth)
        while operator := self._take("+-"):
            term = self.product(depth)
            value = value + term if operator == "+" else value - term
        return value

    def product(self, depth: int) -> Fraction:
        value = self.signed(depth)
        while operator := self._take("*/"):
            start = self.position
            factor = self.signed(depth)
            if operator == "/" and not factor:
                raise NotComputable("division by zero", f"at character {start + 1}")
            value = value * factor if operator == "*" else value / factor
        return value

    def signed(self, depth: int) -> Fraction:
        sign = self._take("+-") if self.signs else ""
        return -self.atom(depth) if sign == "-" else self.atom(depth)

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
        start = self.position
        while self._take("0123456789"):
            if self.position - start > MAX_DIGITS:
                raise NotComputable("too long", f"a number of more than {MAX_DIGITS} digits")
        return Fraction(int(self.text[start : self.position]))

    def variable(self) -> Fraction:
        name = self._next()
        if not name.isalpha():
            raise self.unexpected()
        if name not in self.variables:
            raise NotComputable("unknown variable", f"{name!r} at character {self.position + 1}")
        self.position += 1
        return self.variables[name]

    def unexpected(self) -> NotComputable:
        symbol = self._next()
        detail = f"{symbol!r} at character {self.position + 1}" if symbol else "it ends too early"
        return NotComputable("syntax", detail)

    def _next(self) -> str:
        return self.text[self.position : self.position + 1]

    def _take(self, allowed: str) -> str:
        symbol = self._next()
        if not symbol or symbol not in allowed:
            return ""
        self.position += 1
        return symbol


_DIGITS = frozenset("0123456789")
