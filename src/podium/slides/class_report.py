"""What the classes of all annotations together say, and which of them are taken as tumour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from podium.core.params import Slides
from podium.slides.annotations.class_names import NO_CLASS, denies_tumour, listed, short
from podium.slides.annotations.class_plan import AREA, ClassPlan
from podium.slides.annotations.labelled import UNKNOWN
from podium.slides.annotations.regions import Annotation


class ClassUse(NamedTuple):
    """A class of outlines, or a colour of masks.

    Attributes:
        name: as it is first written.
        n_slides: that hold it.
        area: square level-0 pixels of its outlines.
        is_tumour: whether it is taken as tumour, or as a class.
    """

    name: str
    n_slides: int
    area: float
    is_tumour: bool


def classes_of(annotations: Sequence[Annotation]) -> list[ClassUse]:
    """The classes of all annotations, largest area first."""
    uses: dict[str, ClassUse] = {}
    for annotation in annotations:
        for name, area in annotation.areas.items():
            use = uses.get(name.lower(), ClassUse(name, 0, 0.0, name in annotation.tumour))
            uses[name.lower()] = use._replace(area=use.area + area)
        for key in {name.lower() for name in annotation.areas}:
            uses[key] = uses[key]._replace(n_slides=uses[key].n_slides + 1)
    return sorted(uses.values(), key=lambda use: -use.area)


def class_lines(annotations: Sequence[Annotation], settings: Slides) -> Iterator[str]:
    """What a person must know of the classes, as lines of text.

    Args:
        annotations: of all slides.
        settings: the section slides.
    """
    uses, plan = classes_of(annotations), ClassPlan.of(settings)
    yield from (_use_line(use, plan) for use in uses)
    if not plan.is_plain:
        yield from _lines_of_several(uses, plan)
        return
    chosen = list(settings.classes) if plan.labels else []
    tumour = [short(use.name) for use in uses if use.is_tumour]
    if chosen:
        names = {name.lower() for use in uses for name in (use.name, *use.name.split(": "))}
        if lost := [name for name in chosen if name.lower() not in names]:
            yield f"WARNING: slides.classes names {listed(lost)}, which no annotation holds"
            yield f"remedy: name some of {listed(short(use.name) for use in uses) or 'no class'}"
        if len(tumour) > 1:
            yield f"merged: {listed(tumour)} are all {plan.names[0]}"
        return
    denied = [
        short(use.name)
        for use in uses
        if not use.is_tumour and denies_tumour(use.name) and not plan.role(use.name)
    ]
    if len(tumour) > 1:
        yield f"WARNING: {len(tumour)} classes are all taken as tumour: {listed(tumour)}"
    if denied:
        yield f"WARNING: by their names no tumour, and left out: {listed(denied)}"
    if len(tumour) > 1 or denied:
        example = ", ".join(f"'{name}'" for name in (tumour or denied)[:2])
        yield (
            f"remedy: name the classes that are tumour in slides.classes, such as [{example}]; or "
            "learn each on its own: podium inspect slides --each --write"
        )


def _use_line(use: ClassUse, plan: ClassPlan) -> str:
    pixels = f"{use.area / 1e6:,.3f} million pixels"
    return f"class {short(use.name)}: {use.n_slides} slides, {pixels}, taken as {_taken(use, plan)}"


def _taken(use: ClassUse, plan: ClassPlan) -> str:
    """What a class is taken as, in words."""
    role = plan.role(use.name)
    if use.is_tumour and plan.is_plain:
        return plan.names[0]
    if 0 < role < UNKNOWN:
        return plan.names[role - 1]
    if role == AREA:
        return "the area that somebody looked at: outside of it nothing is known"
    if role == UNKNOWN:
        return "unknown: neither learnt from nor scored"
    return "NOT tumour" if plan.is_plain else "none of the classes"


def _lines_of_several(uses: Sequence[ClassUse], plan: ClassPlan) -> Iterator[str]:
    """Which classes are merged, which hold nothing, and outlines that are of none."""
    for use in uses:
        if use.name == NO_CLASS and not plan.role(use.name):
            yield f"WARNING: outlines without a class on {use.n_slides} slides: none of the classes"
            yield (
                "remedy: give them a class where they were drawn, or name them in slides.classes, "
                f"as {plan.names[0]}: ['{plan.names[0]}', '{NO_CLASS}']"
            )
    for label, name in enumerate(plan.names, 1):
        merged = [short(use.name) for use in uses if plan.role(use.name) == label]
        if len(merged) > 1:
            yield f"merged: {listed(merged)} are all {name}"
        if not merged:
            yield f"WARNING: nothing is outlined as {name}"
            yield f"remedy: name some of {listed(short(use.name) for use in uses) or 'no class'}"
