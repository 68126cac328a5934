"""The captcha tasks: what the drawn pictures of each say, and how they look."""

from __future__ import annotations

from dataclasses import dataclass, field

from podium.captcha.equations.grammar import Equations
from podium.captcha.equations.strips import SIZE
from podium.captcha.grammar import Arithmetic, Grammar, PlainText
from podium.captcha.style import Style, arithmetic_style, package_style
from podium.core.errors import unknown
from podium.core.params import Captcha


@dataclass(frozen=True)
class Task:
    """A kind of pictures with one line of text.

    Attributes:
        code: part of the random seed, so that no two tasks share random numbers.
        grammar: the texts.
        style: the look.
    """

    code: int
    grammar: Grammar
    style: Style

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


def arithmetic_task(size: tuple[int, int]) -> Task:
    """Pictures (w, h) of arithmetic in two fonts, since the competition's font is not known."""
    return Task(2, Arithmetic(), arithmetic_style(size, ("droid-sans-mono", "dejavu-sans")))


TASKS: dict[str, Task | StripTask] = {
    "text": text_task((170, 80), PlainText()),
    "arithmetic": arithmetic_task((180, 60)),
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
        return arithmetic_task((settings.arithmetic.width, settings.arithmetic.height))
    if name == "equations":
        return StripTask(size=(settings.equations.width, settings.equations.height))
    return task_named(name)
