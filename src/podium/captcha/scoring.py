"""Scores of texts that were read: whole strings, values, and confusions of characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from podium.captcha.answers import NotComputable
from podium.captcha.everyday import everyday_value
from podium.evaluation.intervals import wilson

Solve = Callable[[str], Fraction]  # raises NotComputable
TOLERANCE = Fraction(1, 100)  # of a value
LOOK_ALIKE = str.maketrans("Oo", "00")
NOTHING = "∅"  # beside a character that was left out or put in


def share(n_right: int, n: int) -> dict[str, Any]:
    """The share `n_right` of `n` as metrics files hold it, with a 95 % interval (Wilson 1927)."""
    return wilson(n_right, n).as_dict()


def text_scores(truth: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """Shares of whole texts read right: exactly, and with the letter O counted as the digit 0."""
    pairs = list(zip(truth, texts, strict=True))
    merged = [(left.translate(LOOK_ALIKE), right.translate(LOOK_ALIKE)) for left, right in pairs]
    return {
        "whole_string": share(sum(left == right for left, right in pairs), len(pairs)),
        "whole_string_0_is_O": share(sum(left == right for left, right in merged), len(pairs)),
    }


def arithmetic_scores(truth: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """Shares of expressions read right, of values right within 0.01, and of texts with a value."""
    pairs = list(zip(truth, texts, strict=True))
    whole = share(sum(left == right for left, right in pairs), len(pairs))
    return {"whole_string": whole, **value_scores(truth, texts, everyday_value)}


def value_scores(truth: Sequence[str], texts: Sequence[str], solve: Solve) -> dict[str, Any]:
    """Shares of values right within 0.01, and of texts that have a value.

    Args:
        truth: the true texts (N,).
        texts: the texts (N,) that were read.
        solve: the value of a text; raises NotComputable.
    """
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


def value_of(text: str, solve: Solve = everyday_value) -> Fraction | None:
    """The value of a text by `solve`; None if it has none."""
    try:
        return solve(text)
    except NotComputable:
        return None


def confusions(truth: Sequence[str], texts: Sequence[str]) -> Counter[tuple[str, str]]:
    """How often each (true, read) pair of different characters occurs; ∅ stands for none."""
    counts: Counter[tuple[str, str]] = Counter()
    for left, right in zip(truth, texts, strict=True):
        if left != right:
            counts.update(pair for pair in aligned(left, right) if pair[0] != pair[1])
    return counts


def aligned(truth: str, text: str) -> list[tuple[str, str]]:
    """Pairs of characters of two texts, aligned with the fewest edits: 1O, 10Z -> 11, ∅0, OZ."""
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
