"""Which texts are equations: an automaton whose states are made as they are reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from podium.captcha.automaton import Language
from podium.captcha.equations.grammar import LARGEST, TEMPLATES, VARIABLES
from podium.captcha.grammar import DIGITS, OPERATORS

_LINE = "V=n;"  # assigns a number n to a variable V
_FORMS = [lines + form for lines in (_LINE, _LINE * 2) for form in TEMPLATES]
_CACHE_SIZE = 1 << 15  # states whose transitions are kept


class State(NamedTuple):
    """What has been read of a text.

    Attributes:
        form: the symbols read, the beginning of one or more forms.
        unused: variables that were assigned and not used yet, sorted.
        fraction: whether the stroke of the fraction has been read.
        operand: the operand that is being read: its digits; `v` for a used variable; `/` after a
            numerator and the stroke; empty outside of operands. Digits that begin 100000 are kept;
            others are replaced by as many nines, since the same characters may follow them.
    """

    form: str = ""
    unused: str = ""
    fraction: bool = False
    operand: str = ""

    @property
    def needs_denominator(self) -> bool:
        """Whether the operand cannot end here, because the fraction lacks its denominator."""
        last_variable = self.operand == "v" and not self.unused and not self.fraction
        return last_variable or self.operand == "/"


@dataclass(frozen=True)
class EquationRules(Language[State]):
    """The language of exactly the texts of `grammar.Equations`."""

    @property
    def start(self) -> State:
        """The state before the first character."""
        return State()

    def transitions(self, state: State) -> Mapping[str, State]:
        """The characters that may follow `state`, each with the next state."""
        return _transitions(state)

    def min_remaining(self, state: State) -> int:
        """The fewest characters to the end: operands of one character, and `/1`."""
        remaining = _REMAINING[state.form] + (state.operand == "/")
        return remaining if state.fraction else remaining + 2


@lru_cache(_CACHE_SIZE)
def _transitions(state: State) -> Mapping[str, State]:
    longer = _longer_numbers(state.operand)
    targets = {digit: state._replace(operand=operand) for digit, operand in longer.items()}
    if state.operand == "v" and not state.fraction:
        targets["/"] = state._replace(fraction=True, operand="/")
    if not state.needs_denominator:
        for symbol in _FOLLOWING[state.form]:
            targets.update(_begin(symbol, state._replace(form=state.form + symbol, operand="")))
    return targets


def _begin(symbol: str, state: State) -> dict[str, State]:
    """The characters that begin `symbol`, each with the next state; `state.form` includes it."""
    if symbol == "V":
        new = [name for name in VARIABLES if name not in state.unused]
        return {name: state._replace(unused="".join(sorted(state.unused + name))) for name in new}
    if symbol == ".":
        return dict.fromkeys(OPERATORS, state)
    if symbol == "n":
        return _numbers(state)
    return _operands(symbol, state) if symbol in "abcd" else {symbol: state}


def _operands(symbol: str, state: State) -> dict[str, State]:
    """Variables, and numbers if the operands after this one suffice for the unused variables."""
    unused = {name: state.unused.replace(name, "") for name in state.unused}
    targets = {name: state._replace(unused=rest, operand="v") for name, rest in unused.items()}
    return targets | _numbers(state) if len(unused) <= "dcba".index(symbol) else targets


def _numbers(state: State) -> dict[str, State]:
    return {digit: state._replace(operand=_abbreviate(digit)) for digit in DIGITS}


def _longer_numbers(operand: str) -> dict[str, str]:
    """The digits that may follow within an operand, each with the operand it makes."""
    if operand == "/":
        return {digit: _abbreviate(digit) for digit in DIGITS[1:]}
    if operand in ("", "v", "0"):
        return {}
    numbers = [operand + digit for digit in DIGITS]
    return {number[-1]: _abbreviate(number) for number in numbers if int(number) <= LARGEST}


def _abbreviate(digits: str) -> str:
    """`digits` as `State.operand` keeps them."""
    kept = digits == "0" or str(LARGEST).startswith(digits)
    return digits if kept else "9" * len(digits)


def _following() -> dict[str, str]:
    """For each beginning of a form: the symbols that may follow."""
    following: dict[str, str] = {}
    for form in _FORMS:
        for end in range(len(form) + 1):
            symbols = following.setdefault(form[:end], "")
            if end < len(form) and form[end] not in symbols:
                following[form[:end]] += form[end]
    return following


_FOLLOWING = _following()
_REMAINING = {
    start: min(len(form) - len(start) for form in _FORMS if form.startswith(start))
    for start in _FOLLOWING
}
