# ruff: noqa: RUF001 - these signs are meant
"""The forms of sums, told from examples: which texts a decoder may return.

A form is a text in which numbers and one-character operators stand for others: `12+3=` has the
form of `7-10=`. Numbers are as short and as long as those seen in any example.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from itertools import product

from podium.captcha.everyday import NUMERALS, WORD

DIGIT, OPERATOR, NUMERAL = "\ue000", "\ue001", "\ue002"  # letters of templates that no text has
_FULL_WIDTH = "".join(chr(0xFF10 + digit) for digit in range(10))
_TOKEN = re.compile(rf"[0-9{_FULL_WIDTH}]+|[{NUMERALS}]+|{WORD.pattern}|.", re.I)
_SIGNS = frozenset("+-*/xX×✕÷−–·＋－＊／")
_MOST = 3000  # templates


def templates_of(texts: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The templates of all texts with the forms of `texts`, and the characters of their letters.

    Without templates where there are too many forms.
    """
    characters, digits = set().union(*texts), string.digits
    split = [_tokens(text) for text in texts]
    operators = {token for tokens in split for kind, token in tokens if kind == OPERATOR}
    classes = {
        DIGIT: "".join(signs for signs in (digits, _FULL_WIDTH) if set(signs) & characters),
        NUMERAL: NUMERALS,
        OPERATOR: "".join(sorted(operators)),
    }
    lengths: dict[str, set[int]] = {DIGIT: set(), NUMERAL: set()}
    for tokens in split:
        for kind, token in tokens:
            lengths.get(kind, set()).add(len(token))
    forms = {tuple(kind or token for kind, token in tokens) for tokens in split}
    templates: set[str] = set()
    for form in sorted(forms):
        templates.update(_spelt(form, lengths))
        if len(templates) > _MOST:
            return [], {}
    ordered = sorted(templates, key=lambda form: ([sign not in classes for sign in form], form))
    return ordered, {letter: signs for letter, signs in classes.items() if signs}


def _tokens(text: str) -> list[tuple[str, str]]:
    """The tokens of a text, each with its letter; '' for what stands for itself alone.

    So does a sign in front of a number.
    """
    tokens, before = [], ""
    for token in _TOKEN.findall(text):
        letter = _letter(token)
        if letter == OPERATOR and before not in (DIGIT, NUMERAL, ")"):
            letter = ""
        tokens.append((letter, token))
        before = before if token == " " else letter or token.replace("）", ")")
    return tokens


def _letter(token: str) -> str:
    if token[0].isdigit() and token[0] not in NUMERALS:
        return DIGIT
    if token[0] in NUMERALS:
        return NUMERAL
    return OPERATOR if token in _SIGNS or (len(token) == 1 and WORD.fullmatch(token)) else ""


def _spelt(form: Sequence[str], lengths: dict[str, set[int]]) -> Iterator[str]:
    """The templates of a form, with numbers of every length."""
    choices = [
        [letter * n for n in range(min(lengths[letter]), max(lengths[letter]) + 1)]
        if letter in lengths else [letter]
        for letter in form
    ]  # fmt: skip
    for parts in product(*choices):
        yield "".join(parts)
