# ruff: noqa: RUF001, RUF002 - these signs are meant
"""Sums as people write them: 3×5, 8÷2, 三加五, 12 + 3 = ?, full width, signs before numbers."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from podium.captcha.answers import MAX_LENGTH, NotComputable, evaluate

NUMERALS = "零〇一二两三四五六七八九十百千"
_SIGNS = str.maketrans("−–—÷⁄∕·∙•⋅×✕✖∗", "---///********")
_WORDS = (
    ("加上|加|plus", "+"),
    ("减去|减|minus", "-"),
    ("乘以|乘上|乘|multiplied by|times", "*"),
    ("除以|除|divided by|over", "/"),
)
_OPERATORS = tuple((re.compile(words, re.I), sign) for words, sign in _WORDS)
WORD = re.compile("|".join(words for words, _ in _WORDS), re.I)
END = re.compile(r"\s*(=|等于(几|多少)?|equals)?\s*[?_]*\s*$", re.I)
_TIMES = re.compile(r"(?<=[0-9)])\s*[xX]\s*(?=[-+(0-9])")
_BY = re.compile(r"(?<=[0-9)])\s*:\s*(?=[-+(0-9])")
_GAP = re.compile(r"\s+(?![0-9])|(?<![0-9])\s+")
_DIGITS = {"零": 0, "〇": 0, "两": 2, **{sign: n for n, sign in enumerate("一二三四五六七八九", 1)}}
_UNITS = {"十": 10, "百": 100, "千": 1000}


def everyday_value(text: str) -> Fraction:
    """The exact value of a sum, however it is written; as `answers.evaluate` where that can.

    Raises:
        NotComputable: it has no value.
    """
    try:
        return evaluate(text)
    except NotComputable as error:
        if len(text) > MAX_LENGTH:
            raise
        fault, plain = error, plain_sum(text)
    try:
        return evaluate(plain, signs=True)
    except NotComputable as error:
        raise (fault if plain == text else error) from None


def plain_sum(text: str) -> str:
    """A sum in digits, + - * / and brackets: `三加五=？` -> `3+5`."""
    plain = unicodedata.normalize("NFKC", text).translate(_SIGNS)
    for words, sign in _OPERATORS:
        plain = words.sub(sign, plain)
    plain = re.sub(f"[{NUMERALS}]+", lambda match: str(number_of(match[0])), plain)
    plain = _GAP.sub("", END.sub("", plain.strip()))
    return _BY.sub("/", _TIMES.sub("*", plain))


def number_of(numerals: str) -> int:
    """The number that Chinese numerals stand for: 二十五 -> 25, 一二 -> 12."""
    if not set(numerals) & set(_UNITS):
        return int("".join(str(_DIGITS[numeral]) for numeral in numerals))
    total, digit = 0, None
    for numeral in numerals:
        if numeral in _UNITS:
            total, digit = total + (1 if digit is None else digit) * _UNITS[numeral], None
        else:
            digit = _DIGITS[numeral]
    return total + (digit or 0)
