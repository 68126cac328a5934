"""Which classes are learnt: several only where that is safe, else as settings are without it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from podium.core.choice import Choice
from podium.core.errors import SettingsError
from podium.core.params import Slides
from podium.slides.annotations.class_names import (
    NO_CLASS,
    denies_tumour,
    is_no_class,
    listed,
    short,
)
from podium.slides.annotations.class_plan import COLUMNS, NONE, ClassPlan
from podium.slides.annotations.labelled import MOST_CLASSES
from podium.slides.annotations.regions import Annotation
from podium.slides.inspection.seen import WHITE, Seen, is_small, see
from podium.slides.slides_table import Entry

Classes = list[str] | list[dict[str, list[str]]]  # the setting slides.classes
_EACH = "each is learnt on its own; --merge: all of them as one"
_MERGED = "all are one; learn each on its own: podium inspect slides --each"
_HOW = "choose by --each (each on its own), --merge (all as one) or --classes (these alone)"


class Proposal(NamedTuple):
    """What slides.classes is to be.

    Attributes:
        classes: the setting; None where it stays as it is.
        reason: of the setting, in a few words.
        line: what a person must know where nothing is chosen; '' for nothing.
    """

    classes: Classes | None = None
    reason: str = ""
    line: str = ""


def choose_classes(
    entries: Sequence[Entry],
    annotations: Sequence[Annotation],
    settings: Slides,
    asked: Sequence[str] | None,
    each: bool | None,
    processes: int,
) -> tuple[list[Choice], list[str]]:
    """Return the choice of slides.classes, none where it stays as it is; and lines to print.

    Args:
        entries: of the raw folder.
        annotations: that can be read.
        settings: the section slides.
        asked: the classes of the sample submission; [] where it asks for one mask, None without.
        each: whether each class is learnt on its own; None: what fits, unless settings name some.
        processes: how many masks are looked at together.

    Raises:
        SettingsError: there are too many to learn each, or their names cannot be classes.
    """
    if each is None and settings.classes:
        return [], []
    seen = see(entries, annotations, settings, processes)
    proposal = proposed(seen, asked, each)
    lines = [*_mask_lines(seen), *([proposal.line] if proposal.line else [])]
    if proposal.classes is None:
        return [], lines
    changed = settings.model_dump() | {"classes": proposal.classes}
    ClassPlan.of(settings.model_validate(changed))  # refuses names here, not slide by slide
    return [Choice("slides", "classes", proposal.classes, proposal.reason)], lines


def proposed(seen: Seen, asked: Sequence[str] | None, each: bool | None) -> Proposal:
    """Return what slides.classes is to be.

    Args:
        seen: the classes of all train slides.
        asked: the classes of the sample submission; [] where it asks for one mask, None without.
        each: whether each class is learnt on its own; None: what fits.

    Raises:
        SettingsError: there are too many to learn each.
    """
    if each:
        return _each(seen)
    if each is False:
        return _merged(seen)
    names = {name.lower() for name in (*seen.outlined, *seen.labels)}
    if asked and {name.lower() for name in asked} <= names:
        return Proposal(_alone(asked), "as the sample submission asks")
    learnt = seen.learnt
    if len(learnt) == 1 and _is_lone(learnt[0], seen):
        kind = "label that masks hold" if seen.labels else "class that is outlined"
        return Proposal(list(learnt), f"the only {kind}")
    if asked is not None and not asked:
        return _one_mask(seen)
    if len(learnt) + seen.has_white < 2:
        return Proposal()
    if doubt := _doubt(seen):
        return Proposal(line=f"seen: {listed(map(short, learnt))}; none chosen: {doubt}; {_HOW}")
    return Proposal(_alone(learnt), _EACH)


def _each(seen: Seen) -> Proposal:
    names = [*(name for name in seen.outlined if name != NO_CLASS), *seen.labels]
    if len(names) > MOST_CLASSES:
        raise SettingsError(
            f"--each: {len(names)} classes are outlined, {MOST_CLASSES} can be learnt\n"
            "remedy: leave --each out and name those to learn by --classes, once for each"
        )
    return Proposal(_alone(names), _EACH if names else "no class is named: all are one")


def _merged(seen: Seen) -> Proposal:
    """All classes as one; nothing is named where outlines have none, which are tumour anyway."""
    names = seen.learnt
    unclassified = [NO_CLASS] if names and seen.n_unclassified else []
    return Proposal([*names, *unclassified], _MERGED)


def _one_mask(seen: Seen) -> Proposal:
    """What the sample's one mask is of: what is tumour by its name, or all if nothing is."""
    names = [name for name in seen.learnt if not denies_tumour(name)]
    if not names and not seen.n_unclassified:
        return Proposal(seen.learnt, _MERGED)
    unclassified = [NO_CLASS] if seen.n_unclassified else []
    return Proposal([*names, *unclassified] if seen.labels else list[str](), _MERGED)


def _is_lone(name: str, seen: Seen) -> bool:
    """Whether nothing but this class is outlined, and it would not be tumour without a choice."""
    is_only = all(names == {name.lower()} for names in seen.slides)
    return is_only and not seen.has_white and (name in seen.labels or denies_tumour(name))


def _doubt(seen: Seen) -> str:
    """Why several classes are not safe to choose; '' where they are."""
    learnt = {name.lower(): name for name in seen.learnt}
    if len(learnt) < 2:
        return f"what {WHITE} is beside it is not said"
    if len(learnt) > MOST_CLASSES:
        return f"{len(learnt)} classes, {MOST_CLASSES} can be learnt"
    if unclear := [name for name in learnt.values() if not _is_clear(name, seen)]:
        return f"{listed(map(short, unclear))} do not say what they are"
    if seen.n_unclassified:
        return f"{seen.n_unclassified} slides have outlines without a class"
    n_slides = {key: sum(key in names for names in seen.slides) for key in learnt}
    rare = [short(learnt[key]) for key, n in n_slides.items() if n < 2 <= len(seen.slides)]
    if rare:
        return f"{listed(rare)} on one slide only"
    n_lost = sum(_is_lost(names, learnt.keys()) for names in seen.slides)
    return f"{n_lost} slides hold other outlines or labels only" if n_lost else ""


def _is_clear(name: str, seen: Seen) -> bool:
    """Whether a name says what a class is: a word, a small label of masks, or a colour of them."""
    if name in seen.labels:
        return is_small(name) or name[0] == "#"
    is_word = any(map(str.isalpha, name)) and name[0] != "#"
    return is_word and name.lower() not in (NONE, *COLUMNS)


def _is_lost(names: frozenset[str], learnt: Collection[str]) -> bool:
    """Whether a slide that was not empty before holds none of the classes."""
    return names.isdisjoint(learnt) and not all(map(is_no_class, names))


def _mask_lines(seen: Seen) -> Iterator[str]:
    """What is taken as ground, or may be unknown, in masks."""
    if seen.ground:
        yield f"masks hold no black: {seen.ground}, most of their border and area, is their ground"
    if seen.has_white:
        yield (
            f"masks hold {WHITE} beside small numbers, commonly what nobody knows: it is not chosen"
            f"; name it in slides.unknown, or in slides.classes if it is a class"
        )


def _alone(names: Sequence[str]) -> Classes:
    """The setting by which each class is made of its own name alone."""
    return [{name: list[str]()} for name in names]
