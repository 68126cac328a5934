"""Which classes annotations and masks hold, slide by slide, before any is chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from podium.core.ids import natural_key
from podium.core.params import Slides
from podium.core.processes import parallel_map
from podium.slides.annotations.class_names import NO_CLASS, is_no_class
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.labelled import MOST_CLASSES
from podium.slides.annotations.load import OF_TABLE, is_mask
from podium.slides.annotations.mask_labels import MaskLabels, ground_of, labels_of_mask
from podium.slides.annotations.regions import Annotation
from podium.slides.class_report import classes_of
from podium.slides.slides_table import Entry

WHITE = "255"  # beside small numbers commonly what nobody knows
_DIM = range(2, 128)  # largest values of a mask that is not read as tumour or not
_FEW = 32  # masks


class Seen(NamedTuple):
    """The classes of all train slides, each by its name.

    Attributes:
        outlined: classes of outlines, largest first.
        labels: of masks; none where they say tumour or not.
        slides: for each slide with outlines, all its classes in lower case, NO_CLASS among them.
        ground: the label of masks that is taken as their background; '' for none.
        has_white: whether masks hold 255 beside small numbers.
    """

    outlined: Sequence[str]
    labels: Sequence[str]
    slides: Sequence[frozenset[str]]
    ground: str = ""
    has_white: bool = False

    @property
    def learnt(self) -> list[str]:
        """The classes and labels that may be learnt."""
        named = [name for name in self.outlined if name != NO_CLASS and not is_no_class(name)]
        return [*named, *self.labels]

    @property
    def n_unclassified(self) -> int:
        """How many slides have outlines without a class."""
        return sum(NO_CLASS in names for names in self.slides)


def see(
    entries: Sequence[Entry],
    annotations: Sequence[Annotation],
    settings: Slides,
    processes: int,
) -> Seen:
    """Return the classes that the train slides hold.

    Args:
        entries: of the raw folder.
        annotations: that can be read.
        settings: the section slides.
        processes: how many masks are looked at together.
    """
    plan = ClassPlan.of(settings.model_copy(update={"classes": []}))
    masks = _masks(entries, processes)
    ground = ground_of(masks)
    ignored = {ground} | {name for mask in masks for name in mask.counts if plan.role(name) > 1}
    labels = [frozenset(mask.counts) - ignored for mask in masks]
    names = several_labels(labels, any(ignored))
    has_white = WHITE in names and all(is_small(name) for name in names if name != WHITE)
    drawn = [annotation for annotation in annotations if not is_mask(annotation.source)]
    areas = {OF_TABLE, *(entry.area.lower() for entry in entries)}
    outlined = [use.name for use in classes_of(drawn) if _is_kind(use.name, plan, areas)]
    slides = [_names(annotation, plan, areas) for annotation in drawn] + labels
    return Seen(
        outlined,
        [name for name in names if not (has_white and name == WHITE)],
        [of_slide for of_slide in slides if of_slide],
        ground,
        has_white,
    )


def _masks(entries: Sequence[Entry], processes: int) -> list[MaskLabels]:
    paths = [
        entry.annotation
        for entry in entries
        if entry.split == "train" and entry.annotation and is_mask(entry.annotation)
    ]
    processes = processes if len(paths) > _FEW else 1  # to start others takes longer
    return list(parallel_map(labels_of_mask, paths, processes))


def several_labels(masks: Sequence[frozenset[str]], has_ignored: bool = False) -> list[str]:
    """Return the labels of all masks; none where each mask has one, as 1 here and 255 there.

    The only label of all masks is returned where without a choice it is not read as tumour.

    Args:
        masks: the labels of each.
        has_ignored: whether they hold others, which are ground or unknown.
    """
    names = Counter(name for labels in masks for name in labels)
    if len(names) == 1:
        (name,) = names
        return [name] if has_ignored or (name.isdigit() and int(name) in _DIM) else []
    is_several = all(map(is_small, names)) or max(map(len, masks)) > 1
    return sorted(names, key=natural_key) if names and is_several else []


def is_small(label: str) -> bool:
    """Whether a label of masks is a number that counts classes."""
    return label.isdigit() and int(label) <= MOST_CLASSES


def _is_kind(name: str, plan: ClassPlan, areas: set[str]) -> bool:
    """Whether outlines of a class say what lies there, not where somebody looked."""
    return plan.role(name) in (0, 1) and name[-1] != "*" and name.lower() not in areas


def _names(annotation: Annotation, plan: ClassPlan, areas: set[str]) -> frozenset[str]:
    """The classes of a slide in lower case; outlines of a file without classes have none."""
    if not annotation.areas and annotation.area:
        return frozenset([NO_CLASS])
    return frozenset(name.lower() for name in annotation.areas if _is_kind(name, plan, areas))
