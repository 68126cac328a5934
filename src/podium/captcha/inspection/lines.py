"""What was found among raw captchas, and what is chosen, in lines to read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from podium.captcha.raw_captchas import RawCaptchas
from podium.core.choice import Choice
from podium.core.printable import printable

Line = tuple[str, str]
_EXAMPLES, _SHOWN = 5, 6


def facts_lines(raw: RawCaptchas) -> Iterator[Line]:
    """Yield pictures, texts, sizes, the naming with examples, copies, and what is left out."""
    train, validation, test = raw.pictures
    n = len(raw.texts)
    yield "train", f"{n:,} labelled pictures; {len(validation.ids):,} of them for validation"
    yield "test", f"{len(test.ids):,} pictures"
    for rule, n_names in raw.rules.items():
        yield "texts", f"{rule} ({n_names:,})"
    for name, text in list(zip(train.ids, train.texts, strict=True))[:: max(1, n // _EXAMPLES)][
        :_EXAMPLES
    ]:
        yield "", f"{printable(name)} says {printable(text)}"
    yield "characters", f"{len(raw.charset)}: {printable(raw.charset.characters)}"
    yield from _text_lines(raw)
    yield "sizes", _sizes(raw)
    for note in raw.notes:
        yield "note", printable(note.removeprefix("WARNING: "))
    for reason, n_files in Counter(row.reason.partition(":")[0] for row in raw.left_out).items():
        first = next(row for row in raw.left_out if row.reason.startswith(reason))
        yield "left out", printable(f"{n_files:,} x {reason}, e.g. {first.path}")


def _text_lines(raw: RawCaptchas) -> Iterator[Line]:
    lengths = Counter(map(len, raw.texts))
    yield "lengths", ", ".join(f"{length} ({lengths[length]:,})" for length in sorted(lengths))
    used = Counter(char for text in raw.texts for char in set(text))
    if rare := [char for n, char in sorted((n, char) for char, n in used.items()) if n < _SHOWN]:
        shown = printable("".join(rare[:20]))
        yield (
            "rare",
            f"{len(rare)} characters in fewer than {_SHOWN} pictures, hardly learnt: {shown}",
        )
    usual = lengths.most_common(1)[0]
    odd = [text for text in raw.texts if lengths[len(text)] == 1 and usual[1] > len(raw.texts) / 2]
    if odd:
        yield "odd", f"texts of a length of their own: {', '.join(map(printable, odd[:_SHOWN]))}"


def _sizes(raw: RawCaptchas) -> str:
    sizes = Counter(size for part in raw.pictures for size in part.sizes if size[0])
    common = ", ".join(f"{w}x{h} px ({n:,})" for (w, h), n in sizes.most_common(3))
    if len(sizes) <= 3:
        return common
    small, large = min(sizes, key=math.prod), max(sizes, key=math.prod)
    ends = f"from {small[0]}x{small[1]} to {large[0]}x{large[1]}"
    return f"{len(sizes)} of them, {ends}; most often {common}"


def choice_lines(choices: Sequence[Choice]) -> Iterator[str]:
    """Yield the settings, one a line, each with its reason."""
    names = [f"{choice.section}.{choice.key}" for choice in choices]
    values = [str(choice.value) if choice.value != "" else "''" for choice in choices]
    wide, of_value = max(map(len, names)), max(map(len, values))
    for name, value, choice in zip(names, values, choices, strict=True):
        yield f"  {name:<{wide}}  {value:<{of_value}}  {choice.reason}"
