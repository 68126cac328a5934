"""What captchas say: texts sampled from uniform numbers, as each competition has them."""

from __future__ import annotations

import string
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
    """A set of texts and how often each occurs."""

    @property
    def alphabet(self) -> str:
        """Every character that can occur, each once."""

    @property
    def longest(self) -> int:
        """Characters in the longest text."""

    @property
    def n_uniform(self) -> int:
        """Uniform numbers that one text takes."""

    def texts(self, uniform: NDArray[np.float64]) -> list[str]:
        """The texts (B,) that numbers (B, n_uniform), uniform in [0, 1), stand for."""


@dataclass(frozen=True)
class PlainText:
    """Texts of `length` characters, each on its own and, but for emphasis, equally likely.

    Each time that `emphasis` names a character, it is drawn once more as often.
    """

    alphabet: str = CHARACTERS
    length: int = 4
    emphasis: str = ""

    def __post_init__(self) -> None:
        twice = sorted({one for one in self.alphabet if self.alphabet.count(one) > 1})
        if not self.alphabet or twice or any(one.isspace() for one in self.alphabet):
            what = f"{', '.join(twice)} twice" if twice else "nothing, or white space"
            raise SettingsError(f"captcha alphabet {self.alphabet!r} holds {what}")
        if foreign := sorted(set(self.emphasis) - set(self.alphabet)):
            raise SettingsError(
                f"captcha emphasis holds {', '.join(foreign)}, the alphabet does not"
            )
        if self.length < 1:
            raise SettingsError(f"captcha length must be 1 or more, but it is {self.length}")

    @property
    def longest(self) -> int:
        """Characters of every text."""
        return self.length

    @property
    def n_uniform(self) -> int:
        """One number per character."""
        return self.length

    def texts(self, uniform: NDArray[np.float64]) -> list[str]:
        """The texts (B,) that numbers (B, length) stand for."""
        choices = self.alphabet + self.emphasis
        rows = (uniform * len(choices)).astype(np.int64).tolist()
        return ["".join([choices[number] for number in row]) for row in rows]


@dataclass(frozen=True)
class Arithmetic:
    """Three digits, two operators; brackets around none, the first or the last pair.

    Digits, operators and the three places of brackets are equally likely, as in the competition:
    `3-7+5`, `(3-7)+5`, `3-(7+5)`.
    """

    alphabet: str = DIGITS + OPERATORS + "()"
    longest: int = 7
    n_uniform: int = 6

    def texts(self, uniform: NDArray[np.float64]) -> list[str]:
        """The expressions (B,) that numbers (B, 6) stand for."""
        sizes = np.array([len(DIGITS), len(OPERATORS)] * 2 + [len(DIGITS), len(_BRACKETS)])
        return [_expression(*row) for row in (uniform * sizes).astype(np.int64).tolist()]


_BRACKETS = ("{}{}{}{}{}", "({}{}{}){}{}", "{}{}({}{}{})")


def _expression(a: int, first: int, b: int, second: int, c: int, brackets: int) -> str:
    return _BRACKETS[brackets].format(a, OPERATORS[first], b, OPERATORS[second], c)
