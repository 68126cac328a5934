"""How well texts were read: whole strings, values, and which character was taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from podium.captcha.answers import NotComputable, evaluate
from podium.evaluation.intervals import wilson

Solve = Callable[[str], Fraction]  # raises NotComputable
TOLERANCE = Fraction(1, 100)  # of a value
LOOK_ALIKE = str.maketrans("Oo", "00")
NOTHING = "∅"  # beside a character that was left out or put in


def share(n_right: int, n: int) -> dict[str, Any]:
    """Return a share as metrics files hold it, with its 95 % interval (Wilson 1927) and its `n`."""
    return wilson(n_right, n).as_dict()


def text_scores(truth: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """Shares of whole texts read right, exactly and with the letter O taken for the digit 0."""
    pairs = list(zip(truth, texts, strict=True))
    merged = [(left.translate(LOOK_ALIKE), right.translate(LOOK_ALIKE)) for left, right in pairs]
    return {
        "whole_string": share(sum(left == right for left, right in pairs), len(pairs)),
        "whole_string_0_is_O": share(sum(left == right for left, right in merged), len(pairs)),
    }


def arithmetic_scores(truth: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """Shares of expressions read right, of values right within 0.01, and of computable ones."""
    pairs = list(zip(truth, texts, strict=True))
    whole = share(sum(left == right for left, right in pairs), len(pairs))
    return {"whole_string": whole, **value_scores(truth, texts, evaluate)}


def value_scores(truth: Sequence[str], texts: Sequence[str], solve: Solve) -> dict[str, Any]:
    """Shares of values right within 0.01, and of texts that have a value."""
    pairs = list(zip(truth, texts, strict=True))
    values = [(value_of(left, solve), value_of(right, solve)) for left, right in pairs]
    close = [
        left is not None and right is not None and abs(left - right) <= TOLERANCE
        for left, right in values
    ]
    return {
        "value": share(sum(close), len(pairs)),
        "computable": share(sum(right is not None for _, right in values), len(pairs)),
    }


def value_of(text: str, solve: Solve = evaluate) -> Fraction | None:
    """What `solve` makes of a text, None if it has no value."""
    try:
        return solve(text)
    except NotComputable:
        return None


def confusions(truth: Sequence[str], texts: Sequence[str]) -> Counter[tuple[str, str]]:
    """How often a character was taken for another; ∅ where one was left out or put in."""
    found: Counter[tuple[str, str]] = Counter()
    for left, right in zip(truth, texts, strict=True):
        if left != right:
            found.update(pair for pair in aligned(left, right) if pair[0] != pair[1])
    return found


def aligned(truth: str, text: str) -> list[tuple[str, str]]:
    """The characters of two texts side by side with the fewest edits: 1O, 10Z -> 11, ∅0, OZ."""
    cost = [[row + column for column in range(len(text) + 1)] for row in range(len(truth) + 1)]
    for row, left in enumerate(truth, start=1):
        for column, right in enumerate(text, start=1):
            either = min(cost[row - 1][column], cost[row][column - 1]) + 1
            cost[row][column] = min(either, cost[row - 1][column - 1] + (left != right))
    pairs, row, column = [], len(truth), len(text)
    while row or column:
        here = cost[row][column]
        if (
            row
            and column
            and here == cost[row - 1][column - 1] + (truth[row - 1] != text[column - 1])
        ):
            row, column = row - 1, column - 1
            pairs.append((truth[row], text[column]))
        elif row and here == cost[row - 1][column] + 1:
            row -= 1
            pairs.append((truth[row], NOTHING))
        else:
            column -= 1
            pairs.append((NOTHING, text[column]))
    return pairs[::-1]
