"""What classes of outlines are taken as: a label, nothing, unknown, or where somebody looked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Self

from podium.core.errors import SettingsError
from podium.core.params import Slides
from podium.slides.annotations.class_names import NO_CLASS, denies_tumour
from podium.slides.annotations.labelled import MOST_CLASSES, UNKNOWN

TUMOUR = "tumour"
NONE = "none"  # a class of the settings whose outlines are no class
COLUMNS = ("path", "probability", "state")  # beside those of classes
AREA = -1  # the role of outlines that say where somebody looked


@dataclass(frozen=True)
class ClassPlan:
    """What outlines are taken as, by the names of their classes.

    Attributes:
        names: of the labels 1, 2, ...
        labels: by class in lower case; None: all are label 1 whose names do not deny it.
        areas: classes, in lower case, that say where somebody looked.
        unknown: classes, in lower case, whose inside is unknown.
    """

    names: tuple[str, ...] = (TUMOUR,)
    labels: Mapping[str, int] | None = None
    areas: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Slides) -> Self:
        """Return the plan of the section slides.

        Raises:
            SettingsError: a class is named twice, or as a column, or there are too many.
        """
        areas, unknown = _lower(settings.annotated_area), _lower(settings.unknown)
        names: tuple[str, ...] = (TUMOUR,)
        labels: dict[str, int] | None = None
        if isinstance(settings.classes, dict):
            names = tuple(name for name in settings.classes if name != NONE)
            _refuse_columns(names)
            labels = _labels_of(settings.classes, names)
        elif settings.classes:
            labels = dict.fromkeys(_lower(settings.classes), 1)
        _refuse_shared({"classes": labels or (), "annotated_area": areas, "unknown": unknown})
        return cls(names, labels, areas, unknown)

    def with_area(self, name: str) -> Self:
        """Return the plan with one more class that says where somebody looked."""
        return replace(self, areas=self.areas | {name.lower()})

    @property
    def is_plain(self) -> bool:
        """Whether it is about tumour or not."""
        return len(self.names) == 1

    @property
    def words(self) -> list[str]:
        """Which classes are taken as what; nothing by default."""
        labels = self.labels or {}
        if self.is_plain:
            return sorted(labels)
        return [f"{name}={label}" for name, label in sorted(labels.items())]

    def role(self, name: str) -> int:
        """Return the label of outlines of a class, 0, UNKNOWN, or AREA.

        `Tumor: Positive` of QuPath is both classes.
        """
        parts = [name.lower(), *name.lower().split(": ")]
        labels = self.labels or {}
        if named := [labels[part] for part in parts if part in labels]:
            return named[0]
        if not self.areas.isdisjoint(parts):
            return AREA
        if not self.unknown.isdisjoint(parts):
            return UNKNOWN
        if self.labels is not None:
            return 0
        is_ignored = any(part.endswith("*") for part in parts)
        return int(name == NO_CLASS or not (is_ignored or denies_tumour(name)))


def _refuse_shared(settings: Mapping[str, Collection[str]]) -> None:
    """Raise a SettingsError where two settings name one class, in lower case."""
    for (one, names), (other, others) in combinations(settings.items(), 2):
        if shared := sorted({*names} & {*others}):
            raise SettingsError(
                f"slides.{one} and slides.{other} both name {shared[0]!r}\n"
                "remedy: leave it in one of the two"
            )


def _refuse_columns(names: Collection[str]) -> None:
    for name in names:
        if name.lower() in COLUMNS:
            raise SettingsError(
                f"slides.classes: {name!r} is a column of the tables of podium predict\n"
                f"remedy: call it otherwise, as in {{'{name} class': ['{name}']}}"
            )


def _labels_of(classes: Mapping[str, Collection[str]], names: tuple[str, ...]) -> dict[str, int]:
    labels: dict[str, int] = {}
    for name, sources in classes.items():
        label = names.index(name) + 1 if name in names else 0
        for source in _lower(sources or [name]):
            if labels.setdefault(source, label) != label:
                raise SettingsError(
                    f"slides.classes: {source!r} is in two classes\nremedy: leave it in one"
                )
    if not 1 <= len(names) <= MOST_CLASSES:
        raise SettingsError(
            f"slides.classes: {len(names)} classes\nremedy: name 1 to {MOST_CLASSES}"
        )
    return labels


def _lower(names: Collection[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)
