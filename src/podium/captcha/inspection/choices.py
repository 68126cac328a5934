"""Settings that fit a set of captchas, each with its reason.

A reader needs a height of some LOW to HIGH pixels and a few time steps for each character; minutes
say how many pictures it sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from podium.captcha.fit import HIGH, PictureFit, width_needed
from podium.captcha.raw_captchas import RawCaptchas, raw_fit
from podium.core.choice import Choice
from podium.core.params import Params

STEPS = 3  # of time for each character, or a finer step is taken
FEW_LABELS = 300  # with fewer, a finer step reads more of the texts right
VERY_FEW_LABELS = 120  # with fewer, a reader without recurrence reads more of them right
VERY_FEW_TIMES = 170  # how often each picture is seen then; half of that is too little
MEGAPIXELS = {8: 1.3, 4: 0.9}  # trained in a second of one core, by the step of the reader
GPU_MEGAPIXELS = 60.0
EPOCHS, BATCH_SIZE = 16, 32
FEWEST, MOST_SEEN, MOST_TIMES = 4096, 48_000, 10  # pictures seen; the last: of a large set
AUGMENT = ((300, 0.1), (2000, 0.07), (20_000, 0.05))  # up to so many labels, so much
OTHER_STRIPS = 0.5  # share of strips that get an assignment of another picture


@dataclass(frozen=True)
class Budget:
    """What the choice may cost: minutes of training, on so many cores or on a GPU."""

    minutes: float
    cores: int
    gpu: bool

    @property
    def where(self) -> str:
        """The machine, in words."""
        return "a GPU" if self.gpu else f"{self.cores} cores"

    def pictures(self, size: tuple[int, int], step: int) -> int:
        """The pictures (w, h) that a reader can see in the time."""
        rate = GPU_MEGAPIXELS if self.gpu else MEGAPIXELS[step] * min(self.cores, 8)
        return round(self.minutes * 60 * rate * 1e6 / (size[0] * size[1]))


def choose(raw: RawCaptchas, task: str, params: Params, budget: Budget) -> list[Choice]:
    """The settings that fit raw pictures.

    Args:
        raw: the pictures.
        task: text, arithmetic or equations.
        params: all settings, with what a person has chosen of `captcha.<task>.raw`.
        budget: what the choice may cost.
    """
    settings = getattr(params.captcha, task)
    rows = [Choice(f"captcha.{task}", "source", "raw", "these files")]
    if settings.raw.pattern:
        reason = "the texts stand where it matches"
        rows.append(Choice(f"captcha.{task}.raw", "pattern", settings.raw.pattern, reason))
    size = settings.width, settings.height
    if task != "equations":
        fit = raw_fit(raw, settings.raw)
        rows += _size_choices(raw, task, fit)
        size = fit.size
    return rows + _reader_choices(raw, task, params, size, budget)


def _size_choices(raw: RawCaptchas, task: str, fit: PictureFit) -> list[Choice]:
    section, (w, h) = f"captcha.{task}.raw", fit.size
    sizes = {size for part in raw.pictures for size in part.sizes if size[0]}
    if sizes == {fit.size}:
        return [Choice(section, "width", w, "of all pictures"),
                Choice(section, "height", h, "likewise")]  # fmt: skip
    alike = "of about one shape" if fit.mode == "stretch" else "of several shapes, which stay"
    many = f"{len(sizes)} sizes, {alike}" if len(sizes) > 1 else "one size"
    return [
        Choice(section, "fit", fit.mode, many),
        Choice(section, "width", w, "room for the widest, and a time step for every character"),
        Choice(section, "height", h, f"as most have, up to {HIGH}"),
    ]


def _reader_choices(
    raw: RawCaptchas, task: str, params: Params, size: tuple[int, int], budget: Budget
) -> list[Choice]:
    """How the one reader of the task is built and trained."""
    name, section = f"{task}-crnn", f"train_captcha_reader.{task}-crnn"
    lengths = sorted({len(text) for text in raw.texts})
    room = size[0] / lengths[-1]
    n = len(raw.pictures[0].ids)
    coarse = room >= 8 * STEPS and size[0] >= width_needed(raw.texts) and task != "equations"
    step = 8 if coarse and n >= FEW_LABELS else 4
    few = f", and fewer than {FEW_LABELS} labels" if coarse and step == 4 else ""
    augment = next((strength for most, strength in AUGMENT if n <= most), 0.0)
    spread = f"{lengths[0]} to {lengths[-1]}" if len(lengths) > 1 else f"{lengths[0]}"
    model, why = _model(n, task, spread)
    most = VERY_FEW_TIMES * n if model == "ctc" else max(MOST_SEEN, MOST_TIMES * n)
    epochs, epoch_size, reason = _length(most, size, step, budget)
    rows = [
        Choice(f"blend.captcha-{task}", "readers", [name], "the one reader below"),
        Choice(section, "task", task, "what it reads"),
        Choice(section, "model", model, why),
        Choice(section, "step", step, f"{room:.0f} px of width for each character{few}"),
        Choice(section, "on_the_fly", False, "raw pictures cannot be drawn"),
        Choice(section, "emphasis", "", "of drawn pictures only"),
        Choice(section, "augment", augment, f"{n} pictures to learn from"),
        Choice(section, "vary", 0.0, "test pictures look like these"),
        Choice(section, "epochs", epochs, reason),
        Choice(section, "epoch_size", epoch_size, f"pictures seen in each; {n} there are"),
    ]
    if task == "equations":
        rows.append(Choice(section, "recombine", OTHER_STRIPS, "assignments of other pictures"))
    else:
        rows.append(Choice(section, "batch_size", BATCH_SIZE, "pictures learnt from at a time"))
    return rows


def _model(n: int, task: str, spread: str) -> tuple[str, str]:
    if n < VERY_FEW_LABELS and task != "equations":
        return "ctc", f"fewer than {VERY_FEW_LABELS} labels, which a crnn may learn by heart"
    return "crnn", f"texts of {spread} characters"


def _length(most: int, size: tuple[int, int], step: int, budget: Budget) -> tuple[int, int, str]:
    """Epochs, pictures in each, and why; `most` pictures seen are enough."""
    possible = budget.pictures(size, step)
    seen = min(max(possible, FEWEST), most)
    minutes = seen / max(possible, 1) * budget.minutes
    enough = ", more would hardly help" if most < possible else ""
    reason = f"about {minutes:.1f} minutes on {budget.where} (--minutes){enough}"
    return EPOCHS, max(32, seen // EPOCHS // 32 * 32), reason


def settings_of(choices: Sequence[Choice], params: Params) -> dict[str, Any]:
    """Choices as sections of params.yaml; readers of other tasks stay, others of the task go.

    Args:
        choices: of one task.
        params: all settings.
    """
    sections: dict[str, Any] = {}
    for choice in choices:
        place = sections
        for part in choice.section.split("."):
            place = place.setdefault(part, {})
        place[choice.key] = choice.value
    [(name, reader)] = sections["train_captcha_reader"].items()
    readers = params.train_captcha_reader
    example = next((one for one in readers.values() if one.task == reader["task"]), None)
    if name not in readers:
        example = example or next(iter(readers.values()))
        reader = {**example.model_dump(), **reader}
    others: dict[str, Any] = {
        other: {} for other, one in readers.items() if one.task != reader["task"]
    }
    sections["train_captcha_reader"] = {**others, name: reader}
    return sections
