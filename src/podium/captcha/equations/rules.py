"""Which equations there are: an automaton whose states are made as they are met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from podium.captcha.automaton import Language
from podium.captcha.equations.grammar import LARGEST, TEMPLATES, VARIABLES
from podium.captcha.grammar import DIGITS, OPERATORS

_LINE = "V=n;"  # gives a variable V its value n
_FORMS = [lines + form for lines in (_LINE, _LINE * 2) for form in TEMPLATES]
_MEMORY = 1 << 15  # states whose ways are kept


class State(NamedTuple):
    """What has been read.

    Attributes:
        form: the symbols read, the beginning of one or more forms.
        unused: variables that have a value and were not used yet, sorted.
        fraction: whether the fraction's stroke has been read.
        operand: what the last symbol has become so far: digits, `v` (a variable that was used),
            `/` (the numerator and the stroke); empty if it is no operand. Digits that begin
            100000 are kept, others stand as so many nines: all that counts is what may follow.
    """

    form: str = ""
    unused: str = ""
    fraction: bool = False
    operand: str = ""

    @property
    def waits(self) -> bool:
        """Whether the operand cannot end here: a denominator is missing."""
        last_variable = self.operand == "v" and not self.unused and not self.fraction
        return last_variable or self.operand == "/"


@dataclass(frozen=True)
class EquationRules(Language[State]):
    """Exactly the texts that `grammar.Equations` gives."""

    @property
    def start(self) -> State:
        """Nothing has been read."""
        return State()

    def ways(self, state: State) -> Mapping[str, State]:
        """The characters that may follow, and where they lead."""
        return _ways(state)

    def to_go(self, state: State) -> int:
        """The fewest characters to the end: operands of one character, and `/1`."""
        rest = _REST[state.form] + (state.operand == "/")
        return rest if state.fraction else rest + 2


@lru_cache(_MEMORY)
def _ways(state: State) -> Mapping[str, State]:
    more = _digits_after(state.operand)
    found = {digit: state._replace(operand=operand) for digit, operand in more.items()}
    if state.operand == "v" and not state.fraction:
        found["/"] = state._replace(fraction=True, operand="/")
    if not state.waits:
        for symbol in _FOLLOWING[state.form]:
            found.update(_begun(symbol, state._replace(form=state.form + symbol, operand="")))
    return found


def _begun(symbol: str, state: State) -> dict[str, State]:
    """The characters that begin `symbol`, and where they lead; `state` counts it as read."""
    if symbol == "V":
        new = [one for one in VARIABLES if one not in state.unused]
        return {one: state._replace(unused="".join(sorted(state.unused + one))) for one in new}
    if symbol == ".":
        return dict.fromkeys(OPERATORS, state)
    if symbol == "n":
        return _numbers(state)
    return _operands(symbol, state) if symbol in "abcd" else {symbol: state}


def _operands(symbol: str, state: State) -> dict[str, State]:
    """Variables, and numbers where enough operands are left for the variables."""
    used = {one: state.unused.replace(one, "") for one in state.unused}
    found = {one: state._replace(unused=rest, operand="v") for one, rest in used.items()}
    return found | _numbers(state) if len(state.unused) <= "dcba".index(symbol) else found


def _numbers(state: State) -> dict[str, State]:
    return {one: state._replace(operand=_brief(one)) for one in DIGITS}


def _digits_after(operand: str) -> dict[str, str]:
    """Digits that may follow within an operand, and what it is then."""
    if operand == "/":
        return {one: _brief(one) for one in DIGITS[1:]}
    if operand in ("", "v", "0"):
        return {}
    longer = [operand + one for one in DIGITS]
    return {one[-1]: _brief(one) for one in longer if int(one) <= LARGEST}


def _brief(digits: str) -> str:
    kept = digits == "0" or str(LARGEST).startswith(digits)
    return digits if kept else "9" * len(digits)


def _following() -> dict[str, str]:
    """For each beginning of a form: the symbols that may follow."""
    found: dict[str, str] = {}
    for form in _FORMS:
        for at in range(len(form) + 1):
            before = found.setdefault(form[:at], "")
            if at < len(form) and form[at] not in before:
                found[form[:at]] += form[at]
    return found


_FOLLOWING = _following()
_REST = {
    begun: min(len(form) - len(begun) for form in _FORMS if form.startswith(begun))
    for begun in _FOLLOWING
}
