"""What sets the competitions apart when models are compared: files, scores, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podium.core.errors import SettingsError
from podium.evaluation.metric_names import ACCURACY, LOG_LOSS, SLIDE_LOSS, TUMOUR_F1, WHOLE

BLEND = "blend"  # the name of its model

Settings = Mapping[str, Any]

# sections of params.yaml that say nothing to other rooms; one that is not named here concerns all
_SECTIONS = {
    "photos": (
        "photos", "extractors", "draw_photos", "ingest_photos", "assign_photo_folds",
        "extract_features", "train_photo_classifier", "blend_photos", "submit_photos",
    ),
    "captcha": (
        "captcha", "generate_captcha", "train_line_finder", "generate_equations",
        "train_captcha_reader", "blend_captcha", "submit_captcha",
    ),
    "slides": (
        "slides", "draw_slides", "ingest_slides", "tile_slides", "train_segmenter",
        "predict_slides", "blend_slides", "submit_slides",
    ),
}  # fmt: skip
_OF_EQUATIONS = ("train_line_finder", "generate_equations")


@dataclass(frozen=True)
class Contest:
    """One competition.

    Attributes:
        name: as people type it.
        room: whose settings concern it.
        task: of captchas, else ''.
        measures: scores, the one that counts first.
    """

    name: str
    room: str
    task: str
    measures: tuple[str, ...]

    @property
    def tables(self) -> str:
        """The folder of prediction tables."""
        return "/".join(("predictions/tables", self.room, self.task)).rstrip("/")

    @property
    def blend(self) -> str:
        """The prediction table of the blend."""
        return "/".join(("predictions/blends", self.room, self.task)).rstrip("/") + ".csv"

    @property
    def counts(self) -> str | None:
        """The table of pixels by slide, where there are any."""
        return "plots/predict_slides/counts.csv" if self.room == "slides" else None

    @property
    def files(self) -> list[str]:
        """Everything that is read of a revision, folders and files."""
        found = ["params.yaml", "metrics", self.tables, self.blend]
        return found + ([self.counts] if self.counts else [])

    def concerned(self, settings: Settings) -> dict[str, Any]:
        """The settings this competition depends on, flat: section.key."""
        others = [one for room, its in _SECTIONS.items() if room != self.room for one in its]
        mine = {name: one for name, one in settings.items() if name not in others}
        if self.task:
            for name in ("captcha", "blend_captcha", "submit_captcha"):
                mine[name] = {self.task: settings.get(name, {}).get(self.task, {})}
            readers = settings.get("train_captcha_reader", {})
            mine["train_captcha_reader"] = {name: readers[name] for name in self.readers(settings)}
            others = ["generate_captcha"] if self.task == "equations" else list(_OF_EQUATIONS)
            mine = {name: one for name, one in mine.items() if name not in others}
        return flat(mine)

    def readers(self, settings: Settings) -> list[str]:
        """The readers of this captcha task."""
        readers = settings.get("train_captcha_reader", {})
        return [name for name, one in readers.items() if one.get("task") == self.task]

    def submitted(self, settings: Settings) -> list[str]:
        """The models whose predictions are handed in, the first one that exists: blend or single.

        Of slides the one that marks pixels, which no blend does; of readers that vote all.
        """
        if self.room == "slides":
            return ["fcn"]
        blend = [BLEND] if f"blend_{self.room}" in settings else []
        if self.room == "photos":
            return [*blend, *_head(settings)]
        tasks = [settings.get(name, {}) for name in ("blend_captcha", "submit_captcha")]
        readers = [name for one in tasks for name in one.get(self.task, {}).get("readers", [])]
        return [*blend, *readers]

    def timed(self, settings: Settings) -> list[str]:
        """The files in runs/, without suffix, that hold the seconds of its stages."""
        if self.room == "photos":
            names = [f"extract_features-{name}" for name in settings.get("extractors", {})]
            return [*names, "train_photo_classifier"]
        if self.room == "slides":
            return ["train_segmenter", "predict_slides"]
        found = ["train_line_finder"] if self.task == "equations" else []
        return found + [f"train_captcha_reader-{name}" for name in self.readers(settings)]


def _head(settings: Settings) -> list[str]:
    head = settings.get("train_photo_classifier", {}).get("head")
    return [str(head)] if head else []


def flat(settings: Settings, above: str = "") -> dict[str, Any]:
    """Nested settings under dotted names."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


CONTESTS = {
    one.name: one
    for one in (
        Contest("photos", "photos", "", (LOG_LOSS, ACCURACY)),
        Contest("slides", "slides", "", (TUMOUR_F1, SLIDE_LOSS)),
        *(Contest(f"captcha-{task}", "captcha", task, (WHOLE,))
          for task in ("text", "arithmetic", "equations")),
    )
}  # fmt: skip


def contest(name: str) -> Contest:
    """The competition `name`.

    Raises:
        SettingsError: there is none.
    """
    if name not in CONTESTS:
        raise SettingsError(f"{name}: no such competition\nremedy: one of {', '.join(CONTESTS)}")
    return CONTESTS[name]
