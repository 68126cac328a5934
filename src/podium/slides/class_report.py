"""What the classes of all annotations together say, and which of them are taken as tumour."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from podium.slides.annotations.class_names import denies_tumour, listed, short
from podium.slides.annotations.regions import Annotation


class ClassUse(NamedTuple):
    """A class of outlines, or a colour of masks.

    Attributes:
        name: as it is first written.
        n_slides: that hold it.
        area: square level-0 pixels of its outlines.
        is_tumour: whether it is taken as tumour.
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
            uses[name.lower()] = use._replace(n_slides=use.n_slides + 1, area=use.area + area)
    return sorted(uses.values(), key=lambda use: -use.area)


def class_lines(annotations: Sequence[Annotation], chosen: Collection[str]) -> Iterator[str]:
    """What a person must know of the classes, as lines of text.

    Args:
        annotations: of all slides.
        chosen: the setting slides.classes.
    """
    uses = classes_of(annotations)
    for use in uses:
        taken = "tumour" if use.is_tumour else "NOT tumour"
        pixels = f"{use.area / 1e6:,.3f} million pixels"
        yield f"class {short(use.name)}: {use.n_slides} slides, {pixels}, taken as {taken}"
    tumour = [short(use.name) for use in uses if use.is_tumour]
    if chosen:
        names = {name.lower() for use in uses for name in (use.name, *use.name.split(": "))}
        if lost := [name for name in chosen if name.lower() not in names]:
            yield f"WARNING: slides.classes names {listed(lost)}, which no annotation holds"
            yield f"remedy: name some of {listed(short(use.name) for use in uses) or 'no class'}"
        return
    denied = [short(use.name) for use in uses if not use.is_tumour and denies_tumour(use.name)]
    if len(tumour) > 1:
        yield f"WARNING: {len(tumour)} classes are all taken as tumour: {listed(tumour)}"
    if denied:
        yield f"WARNING: by their names no tumour, and left out: {listed(denied)}"
    if len(tumour) > 1 or denied:
        example = ", ".join(f"'{name}'" for name in (tumour or denied)[:2])
        yield f"remedy: name the classes that are tumour in slides.classes, such as [{example}]"
