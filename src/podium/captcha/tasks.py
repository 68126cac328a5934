"""The captcha competitions: what their pictures say, and how they look."""

from __future__ import annotations

from dataclasses import dataclass, field

from podium.captcha.equations.grammar import Equations
from podium.captcha.equations.strips import SIZE
from podium.captcha.grammar import Arithmetic, Grammar, PlainText
from podium.captcha.style import Style, arithmetic_style, package_style
from podium.core.errors import SettingsError
from podium.core.params import Captcha


@dataclass(frozen=True)
class Task:
    """One kind of pictures.

    Attributes:
        code: keeps the random numbers of tasks apart.
        grammar: what the pictures say.
        style: how they look.
    """

    code: int
    grammar: Grammar
    style: Style

    @property
    def size(self) -> tuple[int, int]:
        """Of every picture, (w, h)."""
        return self.style.size


@dataclass(frozen=True)
class Strips:
    """Pictures of equations, of many sizes, as readers see them: lines laid out on a strip."""

    grammar: Grammar = field(default_factory=Equations)
    size: tuple[int, int] = SIZE


def text_task(size: tuple[int, int], grammar: PlainText) -> Task:
    """Pictures (w, h) of plain text as the package captcha draws them, in its own font."""
    return Task(1, grammar, package_style(size, ("droid-sans-mono",)))


def arithmetic_task(size: tuple[int, int]) -> Task:
    """Pictures (w, h) of arithmetic; two fonts, since that of the competition is not known."""
    return Task(2, Arithmetic(), arithmetic_style(size, ("droid-sans-mono", "dejavu-sans")))


TASKS: dict[str, Task | Strips] = {
    "text": text_task((170, 80), PlainText()),
    "arithmetic": arithmetic_task((180, 60)),
    "equations": Strips(),
}


def task_named(name: str) -> Task | Strips:
    """The competition's own settings of the task `name`; raises SettingsError for others."""
    if name not in TASKS:
        raise SettingsError(f"captcha task {name!r} is unknown; known are {', '.join(TASKS)}")
    return TASKS[name]


def task_from(name: str, settings: Captcha, emphasis: str = "") -> Task | Strips:
    """The task `name` as params.yaml has it; `emphasis`: characters of a text drawn more often.

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
        return Strips(size=(settings.equations.width, settings.equations.height))
    return task_named(name)
