"""What a label says: the text of a picture, and the value that may follow it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from podium.captcha.answer_rules import answer_rules
from podium.captcha.answers import NotComputable
from podium.captcha.scoring import TOLERANCE, Solve, value_of
from podium.core.errors import PodiumError
from podium.core.printable import printable

_VALUE = re.compile(r"-?[0-9]{1,4000}([./][0-9]{1,18})?")  # Python reads 4,300 digits
_RENAME = "remedy: correct the label, or the name of the file"


def checked_text(path: Path, name: str, label: str, task: str) -> str:
    """The text of a label, which may be followed by its value if the task's texts have one.

    Args:
        path: of the labels file, or of the picture whose name is the label.
        name: id of the picture.
        label: as it is written.
        task: text, arithmetic or equations.

    Raises:
        PodiumError: it cannot be a text of the task, or has another value.
    """
    where = f"{printable(path)}: label {label[:40]!r} of picture {printable(name)}"
    solve = answer_rules(task).solve
    text, value = _text_and_value(unicodedata.normalize("NFC", label.strip(" ")), solve)
    if not text:
        raise PodiumError(f"{where}: empty\n{_RENAME}")
    if not text.isprintable():
        raise PodiumError(f"{where}: holds a character that cannot be printed\n{_RENAME}")
    if solve is not None:
        _check_value(where, solve, text, value)
        return text
    if wide := sorted({character for character in text if "\uff01" <= character <= "\uff5e"}):
        plain = unicodedata.normalize("NFKC", "".join(wide))
        raise PodiumError(
            f"{where}: holds the full-width characters {''.join(wide)}\nremedy: write {plain}"
        )
    return text


def refuse_answers_alone(path: Path | None, texts: Sequence[str], task: str) -> None:
    """Raise a PodiumError if all labels of sums are numbers, so that no picture can be like them.

    Args:
        path: of the labels file, if there is one.
        texts: the labels.
        task: text, arithmetic or equations.
    """
    if answer_rules(task).solve is None or not all(map(_VALUE.fullmatch, texts)) or not texts:
        return
    raise PodiumError(
        f"{path or 'names of pictures'}: all labels are numbers, e.g. {texts[0][:40]!r}: the "
        "answers, not what the pictures show\nremedy: give what they show, e.g. 3+5=?; where "
        "they show numbers alone, make them captchas of text (data/raw/captcha/text)"
    )


def _text_and_value(label: str, solve: Solve | None) -> tuple[str, str]:
    """A label without its value, and that; '' where it states none."""
    if solve is None:
        return label, ""
    head, _, last = label.rpartition(" ")
    if _VALUE.fullmatch(last) and value_of(head, solve) is not None:
        return head.strip(), last
    if value_of(label, solve) is not None:
        return label, ""
    text, _, value = label.partition(" ")
    return text, value


def _check_value(where: str, solve: Solve, text: str, value: str) -> None:
    """Raise a PodiumError unless `text` has a value, which is `value` if that is given.

    Competitions computed theirs in floating point: a relative error of 2**-48 is none.
    """
    try:
        computed = solve(text)
        if value and not _VALUE.fullmatch(value):
            raise ValueError(f"its value {value[:20]!r} is no number")
        stated = Fraction(value) if value else computed
    except (NotComputable, ValueError, ZeroDivisionError) as error:
        raise PodiumError(f"{where}: {error}\nremedy: correct the label") from None
    if abs(computed - stated) > max(TOLERANCE, abs(computed) / 2**48):
        shown = str(computed) if len(str(computed)) <= 60 else f"{str(computed)[:50]}..."
        raise PodiumError(f"{where}: it comes to {shown}\nremedy: correct the label")
