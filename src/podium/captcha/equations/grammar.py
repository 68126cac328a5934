"""What equations say: texts sampled from uniform numbers, as the competition has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.captcha.grammar import DIGITS, OPERATORS

POEM = "君不见黄河之水天上来奔流到海不复回烟锁池塘柳深圳铁板烧"
VARIABLES = "".join(dict.fromkeys(POEM))
LARGEST = 100_000  # of the numbers
TEMPLATES = (
    "a.b.c.d",
    "(a.b).c.d",
    "a.(b.c).d",
    "a.b.(c.d)",
    "(a.b.c).d",
    "a.(b.c.d)",
    "((a.b).c).d",
    "(a.(b.c)).d",
    "a.((b.c).d)",
    "a.(b.(c.d))",
    "(a.b).(c.d)",
)


@dataclass(frozen=True)
class Equations:
    """One or two assignments and an expression of four operands: `流=42;圳=5;(圳-(9*4))*流/3`.

    Two assignments are twice as likely as one. Each variable is used once: one is the numerator
    of the only fraction, another one an operand of its own; all other operands are numbers.
    """

    alphabet: str = DIGITS + OPERATORS + "/()=;" + VARIABLES
    longest: int = 46
    n_uniform: int = 17

    def texts(self, uniform: NDArray[np.float64]) -> list[str]:
        """The texts (B,) that numbers (B, 17) stand for.

        In order: how many variables, the first, the second, which comes first, the value of
        either, the template, the fraction's place, which variable is its numerator, the other
        one's place, three operators, four numbers; one of these is the fraction's denominator.
        """
        sizes = np.tile(_SIZES, (len(uniform), 1))
        sizes[:, 2] = _N_OTHERS[(uniform[:, 1] * len(POEM)).astype(np.int64)]
        place = (uniform[:, 7] * 4).astype(np.int64)
        sizes[np.arange(len(uniform)), 13 + place] = LARGEST  # a denominator is never 0
        return [_text(row) for row in (uniform * sizes).astype(np.int64).tolist()]


_NUMBERS = LARGEST + 1
_OTHERS = [POEM.replace(one, "") for one in POEM]
_N_OTHERS = np.array([len(others) for others in _OTHERS])
_SIZES = np.array(
    [3, len(POEM), 1, 2, _NUMBERS, _NUMBERS, len(TEMPLATES), 4, 2, 3]
    + [len(OPERATORS)] * 3
    + [_NUMBERS] * 4
)
_FORMS = ["".join("{}" if one in "abcd." else one for one in form) for form in TEMPLATES]


def _text(row: list[int]) -> str:
    more, first, second, swap, value, other_value, form, place, top, other_place, *rest = row
    given = [(POEM[first], value), (_OTHERS[first][second], other_value)][: 2 if more else 1]
    lines = [f"{name}={number}" for name, number in given]
    names = [name for name, _ in given]
    operators, operands = [OPERATORS[one] for one in rest[:3]], [str(one) for one in rest[3:]]
    if top:
        names.reverse()
    if swap:
        lines.reverse()
    operands[place] = f"{names[0]}/{rest[3 + place] + 1}"
    if more:
        operands[other_place + (other_place >= place)] = names[1]
    a, b, c, d = operands
    lines.append(_FORMS[form].format(a, operators[0], b, operators[1], c, operators[2], d))
    return ";".join(lines)
