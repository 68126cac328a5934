"""Numbers as tables write them: what Python alone takes for one, such as `0_5`, is none."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
MAX_DIGITS = 400  # of a number; a double has 309 before the point


def parse_number(text: str) -> float:
    """The finite number that `text` writes in ASCII digits, blanks around it allowed.

    Raises:
        ValueError: it is none: empty, NaN, infinite, `0_5`, or in digits of another script.
    """
    stripped = text.strip(" \t")
    value = float("inf")
    if len(stripped) <= MAX_DIGITS and _NUMBER.fullmatch(stripped):
        value = float(stripped)
    if abs(value) == float("inf"):
        raise ValueError(f"could not read {text[:20]!r} as a number")
    return value


def parse_whole_number(text: str) -> int:
    """The whole number that `text` writes: `3` and `3.0`, not `3.5`.

    Raises:
        ValueError: it is none.
    """
    value = parse_number(text)
    if value != int(value):
        raise ValueError(f"{text[:20]!r} is no whole number")
    return int(value)
