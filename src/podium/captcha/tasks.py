"""The captcha tasks: what the drawn pictures of each say, and how they look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from podium.captcha.equations.grammar import Equations
from podium.captcha.equations.strips import SIZE
from podium.captcha.finishes import FINISHES
from podium.captcha.grammar import Arithmetic, Grammar, PlainText
from podium.captcha.style import ARITHMETIC_STYLES, Style, package_style
from podium.core.errors import unknown
from podium.core.params import Captcha


@dataclass(frozen=True)
class Task:
    """A kind of pictures with one line of text.

    Attributes:
        code: part of the random seed, so that no two tasks share random numbers.
        grammar: the texts.
        style: how glyphs are drawn.
        more_styles: others that take turns with it.
        finishes: what may happen to a picture once it is drawn, by name.
        finished: the share of pictures to which it happens.
    """

    code: int
    grammar: Grammar
    style: Style
    more_styles: tuple[Style, ...] = ()
    finishes: tuple[str, ...] = ()
    finished: float = 0.4

    @property
    def styles(self) -> tuple[Style, ...]:
        """All styles: picture number i has number i of them, and so on in turns."""
        return self.style, *self.more_styles

    @property
    def size(self) -> tuple[int, int]:
        """(w, h) of every picture, pixels."""
        return self.style.size


@dataclass(frozen=True)
class StripTask:
    """Pictures of equations as readers see them: the lines side by side on a strip (w, h)."""

    grammar: Grammar = field(default_factory=Equations)
    size: tuple[int, int] = SIZE


def text_task(size: tuple[int, int], grammar: PlainText) -> Task:
    """Pictures (w, h) of plain text as the package captcha draws them, in its default font."""
    return Task(1, grammar, package_style(size, ("droid-sans-mono",)))


def arithmetic_task(
    size: tuple[int, int], styles: Sequence[str], finishes: Sequence[str], finished: float = 0.4
) -> Task:
    """Pictures of arithmetic.

    Args:
        size: (w, h) of the pictures.
        styles: names in `ARITHMETIC_STYLES`.
        finishes: names in `FINISHES`.
        finished: the share of pictures that get a finish.

    Raises:
        SettingsError: a name is unknown.
    """
    for names, known, kind in (
        (styles, ARITHMETIC_STYLES, "style"),
        (finishes, FINISHES, "finish"),
    ):
        for name in names:
            if name not in known:
                raise unknown(f"captcha {kind}", name, known)
    first, *others = (ARITHMETIC_STYLES[name](size) for name in styles)
    return Task(2, Arithmetic(), first, tuple(others), tuple(finishes), finished)


TASKS: dict[str, Task | StripTask] = {
    "text": text_task((170, 80), PlainText()),
    "arithmetic": arithmetic_task((180, 60), list(ARITHMETIC_STYLES), list(FINISHES)),
    "equations": StripTask(),
}


def task_named(name: str) -> Task | StripTask:
    """The task `name` with the competition's settings; raises SettingsError for unknown names."""
    if name not in TASKS:
        raise unknown("captcha task", name, TASKS)
    return TASKS[name]


def task_from(name: str, settings: Captcha, emphasis: str = "") -> Task | StripTask:
    """The task `name` with the settings of params.yaml.

    Args:
        name: text, arithmetic or equations.
        settings: section `captcha` of params.yaml.
        emphasis: characters of a text that are drawn more often.

    Raises:
        SettingsError: the name is unknown, or the alphabet cannot be used.
    """
    if name == "text":
        text = settings.text
        grammar = PlainText(text.alphabet, text.length, emphasis)
        return text_task((text.width, text.height), grammar)
    if name == "arithmetic":
        arithmetic = settings.arithmetic
        size, names = (arithmetic.width, arithmetic.height), arithmetic.finishes
        return arithmetic_task(size, arithmetic.styles, names, arithmetic.finished)
    if name == "equations":
        return StripTask(size=(settings.equations.width, settings.equations.height))
    return task_named(name)
