"""Numeric options of the command line: what Python alone takes for a number, `0_5`, is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from podium.core.strict_numbers import parse_number, parse_whole_number


def number(help_text: str, low: float | None = None, high: float | None = None) -> Any:
    """An option that takes a finite number.

    Args:
        help_text: for people.
        low: the smallest number it takes; None: any.
        high: the largest one; None: any.
    """
    return _option(parse_number, help_text, low, high)


def whole_number(help_text: str, low: float | None = None, high: float | None = None) -> Any:
    """An option that takes a whole number, `3` or `3.0`.

    Args:
        help_text: for people.
        low: the smallest number it takes; None: any.
        high: the largest one; None: any.
    """
    return _option(parse_whole_number, help_text, low, high)


def _option(
    parse: Callable[[str], float], help_text: str, low: float | None, high: float | None
) -> Any:
    def parsed(text: str | float) -> float:
        if not isinstance(text, str):  # Typer parses twice where None is allowed
            return text
        try:
            value = parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        if (low is not None and value < low) or (high is not None and value > high):
            raise typer.BadParameter(f"{text} is out of range: {_range(low, high)}")
        return value

    bounds = f" [{_range(low, high)}]" if (low, high) != (None, None) else ""
    return typer.Option(parser=parsed, metavar="NUMBER", help=help_text + bounds)


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"{high:g} or less" if low is None else f"{low:g} or more"
    return f"{low:g} to {high:g}"
