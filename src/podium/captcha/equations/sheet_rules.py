"""Which texts are sheets of equations outside of the competition's rule: one line to four."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from podium.captcha.automaton import Language
from podium.captcha.equations.grammar import VARIABLES
from podium.captcha.grammar import DIGITS, OPERATORS

MOST_LINES = 4  # of a sheet
_DEEPEST, _LONGEST = 3, 6  # brackets inside brackets; digits of a number
_LETTERS = VARIABLES + string.ascii_letters


class SheetState(NamedTuple):
    """What has been read of a sheet.

    Attributes:
        line: its number, from 1.
        at: what stands last or comes next: line, name, equals, value, operand, number, below
            (a denominator begins), denominator, variable or bracket.
        depth: open brackets.
        n_digits: of the number; the most there may be after a leading 0.
        names: variables that were assigned, sorted.
    """

    line: int = 1
    at: str = "line"
    depth: int = 0
    n_digits: int = 0
    names: str = ""


@dataclass(frozen=True)
class SheetRules(Language[SheetState]):
    """Assignments `X=n`, and an expression of numbers, assigned variables, fractions and brackets.

    Attributes:
        fewest: lines of a sheet.
        most: lines of a sheet.
    """

    fewest: int = 1
    most: int = MOST_LINES

    @property
    def start(self) -> SheetState:
        """The state before the first character."""
        return SheetState()

    def transitions(self, state: SheetState) -> Mapping[str, SheetState]:
        """The characters that may follow `state`, each with the next state."""
        return _transitions(state, self.fewest, self.most)

    def min_remaining(self, state: SheetState) -> int:
        """The fewest characters to the end: `X=1;` for each line that is missing, and `1`."""
        to_line_end = {"name": 3, "equals": 2, "value": 1}.get(state.at, 0)
        n_missing = self.fewest - state.line - (to_line_end > 0)
        begun = to_line_end > 0 or state.at in ("line", "operand", "below")
        return to_line_end + 4 * max(n_missing, 0) + begun + state.depth


@lru_cache(1 << 15)
def _transitions(state: SheetState, fewest: int, most: int) -> dict[str, SheetState]:
    at = state.at
    if at == "line":
        return _first(state, fewest, most)
    if at == "name":
        return {"=": state._replace(at="equals")}
    if at == "equals":
        return _digits(state, "value")
    if at == "value":
        return _digits(state, at) | {";": SheetState(line=state.line + 1, names=state.names)}
    if at == "operand":
        return _operand(state)
    if at == "below":
        return _digits(state, "denominator", DIGITS[1:])
    longer = _digits(state, at) if at in ("number", "denominator") else {}
    below = {"/": state._replace(at="below", n_digits=0)} if at in ("number", "variable") else {}
    return longer | below | _after_operand(state)


def _first(state: SheetState, fewest: int, most: int) -> dict[str, SheetState]:
    """The characters that begin a line, of an assignment or of the expression."""
    begun = {}
    if state.line < most:
        new = [name for name in _LETTERS if name not in state.names]
        begun = {
            name: state._replace(at="name", names="".join(sorted(state.names + name)))
            for name in new
        }
    return begun | (_operand(state) if state.line >= fewest else {})


def _operand(state: SheetState) -> dict[str, SheetState]:
    state = state._replace(n_digits=0)
    targets = dict.fromkeys(state.names, state._replace(at="variable"))
    if state.depth < _DEEPEST:
        targets["("] = state._replace(at="operand", depth=state.depth + 1)
    return targets | _digits(state, "number")


def _after_operand(state: SheetState) -> dict[str, SheetState]:
    targets = dict.fromkeys(OPERATORS, state._replace(at="operand", n_digits=0))
    if state.depth:
        targets[")"] = state._replace(at="bracket", n_digits=0, depth=state.depth - 1)
    return targets


def _digits(state: SheetState, at: str, digits: str = DIGITS) -> dict[str, SheetState]:
    """The digits that go on a number at `at`."""
    if state.n_digits >= _LONGEST:
        return {}
    longer = state._replace(at=at, n_digits=state.n_digits + 1)
    alone = state._replace(at=at, n_digits=_LONGEST)  # nothing follows a leading 0
    return {digit: alone if digit == "0" and not state.n_digits else longer for digit in digits}
