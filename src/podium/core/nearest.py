"""The word that was meant instead of a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def nearest(word: str, words: Iterable[str]) -> str:
    """The one of `words` that is nearest to `word`, upper and lower case alike; '' if none is."""
    from difflib import get_close_matches

    by_case = {each.lower(): each for each in words}
    close = get_close_matches(word.lower(), by_case, n=1)
    return by_case[close[0]] if close else ""


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """`; did you mean photos?`, with the nearest of `words`; '' where none is near."""
    near = nearest(word, words)
    return f"; did you mean {near}?" if near else ""


def did_you_mean_file(path: Path, pattern: str = "*") -> str:
    """`; did you mean models/photos.keras?`, with the file or folder of the nearest name.

    Args:
        path: what is not there.
        pattern: of the names beside it that may be meant.
    """
    beside = {other.stem: other for other in path.parent.glob(pattern)}
    near = nearest(path.stem, beside)
    return f"; did you mean {beside[near]}?" if near else ""
