"""The texts of drawn equations: sampled from uniform numbers, distributed as in the competition."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.captcha.grammar import DIGITS, OPERATORS

POEM = "君不见黄河之水天上来奔流到海不复回烟锁池塘柳深圳铁板烧"
VARIABLES = "".join(dict.fromkeys(POEM))
LARGEST = 100_000  # the largest number in an equation
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
    of the only fraction, the other is an operand itself; all other operands are numbers.
    """

    alphabet: str = DIGITS + OPERATORS + "/()=;" + VARIABLES
    longest: int = 46
    n_uniform: int = 17

    def texts(self, uniform: NDArray[np.float64]) -> list[str]:
        """The texts (B,) sampled with numbers (B, 17), uniform in [0, 1).

        The columns choose: how many variables; the first; the second; their order; the value of
        each; the template; the place of the fraction; which variable is its numerator; the place
        of the other one; three operators; four numbers, one of which is the denominator.
        """
        sizes = np.tile(_SIZES, (len(uniform), 1))
        sizes[:, 2] = _N_OTHERS[(uniform[:, 1] * len(POEM)).astype(np.int64)]
        place = (uniform[:, 7] * 4).astype(np.int64)
        sizes[np.arange(len(uniform)), 13 + place] = LARGEST  # a denominator is never 0
        return [_text(row) for row in (uniform * sizes).astype(np.int64).tolist()]


_NUMBERS = LARGEST + 1
_OTHERS = [POEM.replace(variable, "") for variable in POEM]
_N_OTHERS = np.array([len(others) for others in _OTHERS])
_SIZES = np.array(
    [3, len(POEM), 1, 2, _NUMBERS, _NUMBERS, len(TEMPLATES), 4, 2, 3]
    + [len(OPERATORS)] * 3
    + [_NUMBERS] * 4
)
_FORMS = [re.sub(r"[abcd.]", "{}", template) for template in TEMPLATES]


def _text(row: list[int]) -> str:
    two, first, second, swap, value, other_value, form, place, top, other_place, *rest = row
    variables = [(POEM[first], value), (_OTHERS[first][second], other_value)][: 2 if two else 1]
    lines = [f"{name}={number}" for name, number in variables]
    names = [name for name, _ in variables]
    operators, operands = [OPERATORS[index] for index in rest[:3]], list(map(str, rest[3:]))
    if top:
        names.reverse()
    if swap:
        lines.reverse()
    operands[place] = f"{names[0]}/{rest[3 + place] + 1}"
    if two:
        operands[other_place + (other_place >= place)] = names[1]
    a, b, c, d = operands
    lines.append(_FORMS[form].format(a, operators[0], b, operators[1], c, operators[2], d))
    return ";".join(lines)
