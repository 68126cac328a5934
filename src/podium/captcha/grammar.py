"""The texts of drawn captchas: sampled from uniform numbers, distributed as in the competition."""

from __future__ import annotations

import string
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import SettingsError

DIGITS = string.digits
OPERATORS = "+-*"
CHARACTERS = string.digits + string.ascii_uppercase
# every expression of the arithmetic competition, and nothing else: see automaton.from_templates
ARITHMETIC = (("dodod", "(dod)od", "do(dod)"), {"d": DIGITS, "o": OPERATORS})


class Grammar(Protocol):
    """A distribution over texts."""

    @property
    def alphabet(self) -> str:
        """All characters that can occur, each once."""

    @property
    def longest(self) -> int:
        """The number of characters of the longest text."""

    @property
    def n_uniform(self) -> int:
        """How many uniform numbers one text takes."""

    def texts(self, uniform: NDArray[np.float64]) -> list[str]:
        """The texts (B,) sampled with numbers (B, n_uniform), uniform in [0, 1)."""


@dataclass(frozen=True)
class PlainText:
    """Texts of `length` independent characters, equally likely except for emphasis.

    A character that stands k times in `emphasis` is drawn 1 + k times as often.
    """

    alphabet: str = CHARACTERS
    length: int = 4
    emphasis: str = ""

    def __post_init__(self) -> None:
        repeated = sorted(char for char, n in Counter(self.alphabet).items() if n > 1)
        if not self.alphabet or repeated or any(map(str.isspace, self.alphabet)):
            fault = f"{', '.join(repeated)} twice" if repeated else "nothing, or white space"
            raise SettingsError(
                f"captcha alphabet {self.alphabet!r} holds {fault}\nremedy: correct it"
            )
        if foreign := sorted(set(self.emphasis) - set(self.alphabet)):
            raise SettingsError(
                f"captcha emphasis holds {', '.join(foreign)}, the alphabet does not\n"
                "remedy: take from the one, or add to the other"
            )
        if self.length < 1:
            raise SettingsError(f"a captcha length of {self.length}\nremedy: give 1 or more")

    @property
    def longest(self) -> int:
        """The length of every text."""
        return self.length

    @property
    def n_uniform(self) -> int:
        """One number per character."""
        return self.length

    def texts(self, uniform: NDArray[np.float64]) -> list[str]:
        """The texts (B,) sampled with numbers (B, length), uniform in [0, 1)."""
        choices = self.alphabet + self.emphasis
        rows = (uniform * len(choices)).astype(np.int64).tolist()
        return ["".join([choices[number] for number in row]) for row in rows]


@dataclass(frozen=True)
class Arithmetic:
    """Three digits and two operators, with brackets around none, the first or the last pair.

    Digits, operators and the three ways to set brackets are equally likely, as in the
    competition: `3-7+5`, `(3-7)+5`, `3-(7+5)`.
    """

    alphabet: str = DIGITS + OPERATORS + "()"
    longest: int = 7
    n_uniform: int = 6

    def texts(self, uniform: NDArray[np.float64]) -> list[str]:
        """The expressions (B,) sampled with numbers (B, 6), uniform in [0, 1)."""
        sizes = np.array([len(DIGITS), len(OPERATORS)] * 2 + [len(DIGITS), len(_BRACKETS)])
        return [_expression(*row) for row in (uniform * sizes).astype(np.int64).tolist()]


_BRACKETS = ("{}{}{}{}{}", "({}{}{}){}{}", "{}{}({}{}{})")


def _expression(a: int, first: int, b: int, second: int, c: int, brackets: int) -> str:
    return _BRACKETS[brackets].format(a, OPERATORS[first], b, OPERATORS[second], c)
