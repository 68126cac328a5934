"""From what a file outlines to what it means: labels, and what is unknown."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shapely import MultiPolygon

from podium.slides.annotations.class_names import NO_CLASS, class_note, no_tumour_note
from podium.slides.annotations.class_plan import AREA, ClassPlan
from podium.slides.annotations.labelled import UNKNOWN
from podium.slides.annotations.limits import NOTHING, Unusable
from podium.slides.annotations.looked_at import (
    CORRECT_TABLE,
    labelled,
    lost_notes,
    not_looked_at,
)
from podium.slides.annotations.overlay import merged, without
from podium.slides.annotations.pixel_mask import Regions
from podium.slides.annotations.regions import Drawn, Outlines

NOTHING_THERE = "it has no outlines: taken as looked at, and nothing there"
_REMEDY = "draw it on this slide, or take its class out of slides.annotated_area"
Roles = Mapping[str, int]


def decided(
    drawn: Drawn, plan: ClassPlan, size: tuple[int, int], of_table: bool = False
) -> Outlines:
    """What the outlines of a file mean on a slide of `size` = (w, h).

    Args:
        drawn: regions by class.
        plan: what classes are taken as.
        size: of the slide at level 0.
        of_table: whether slides.csv says where somebody looked.

    Raises:
        Unusable: nothing that is drawn has an area, or where somebody looked is off the slide.
    """
    parts = drawn.parts
    if not parts and drawn.n_flat:
        raise Unusable(*NOTHING)
    if not parts:
        return Outlines(MultiPolygon(), [*drawn.notes, NOTHING_THERE], {}, frozenset())
    roles = _roles(drawn, plan)
    taken = {name for name, role in roles.items() if 0 < role < UNKNOWN}
    areas = {name: float(region.area) for name, region in parts.items()}
    notes = _notes(drawn, roles, taken)
    if len(areas) > 1 or taken != areas.keys():
        notes.append(class_note(areas, _uses(roles, plan), size[0] * size[1]))
    if areas.keys() == taken == {NO_CLASS}:
        areas, taken = {}, set()
    elsewhere = MultiPolygon()
    if AREA in roles.values():
        remedy = CORRECT_TABLE if of_table else _REMEDY
        elsewhere = not_looked_at(_of_role(drawn, roles, AREA), size, remedy)
    classes = _classes(drawn, roles, plan)
    notes += lost_notes(classes.values(), elsewhere)
    return Outlines(
        _regions(drawn, roles, classes, elsewhere, plan), notes, areas, frozenset(taken)
    )


def _notes(drawn: Drawn, roles: Roles, taken: Collection[str]) -> list[str]:
    """What a person should know of outlines whose classes have roles; some are taken as a class."""
    notes = [f"outlines without an area, left out: {drawn.n_flat}"] if drawn.n_flat else []
    notes = [*drawn.notes, *notes]
    if not taken and not {AREA, UNKNOWN} & set(roles.values()):
        notes.append(no_tumour_note(", ".join(sorted(drawn.parts))))
    if doubtful := [name for name in drawn.doubtful if roles.get(name) == UNKNOWN]:
        notes.append(
            f"outlines of {', '.join(sorted(doubtful))} beside those of groups: taken as unknown, "
            "neither learnt from nor scored (slides.classes can name them)"
        )
    return notes


def _roles(drawn: Drawn, plan: ClassPlan) -> dict[str, int]:
    """The role of each class; of doubtful ones it depends on the others."""
    if plan.is_plain and not drawn.has_classes:
        return {name: plan.role(name) if name != NO_CLASS else 1 for name in drawn.parts}
    roles = {name: plan.role(name) for name in drawn.parts if name not in drawn.doubtful}
    roles |= {name: 0 for name in roles if name.lower() in drawn.cut_out and plan.labels is None}
    others = plan.labels is not None or any(0 < role < UNKNOWN for role in roles.values())
    for name in drawn.doubtful & drawn.parts.keys():
        named = name.lower() in (*(plan.labels or ()), *plan.areas, *plan.unknown)
        roles[name] = plan.role(name) if named else UNKNOWN if others else 1
    return {name: roles[name] for name in drawn.parts}


def _uses(roles: Roles, plan: ClassPlan) -> dict[str, list[str]]:
    """The classes of a file by what they are taken as, in words."""
    uses: dict[str, list[str]] = {name: [] for name in plan.names}
    words = {AREA: "the area looked at", UNKNOWN: "unknown"}
    for name, role in roles.items():
        if role:
            uses.setdefault(words.get(role) or plan.names[role - 1], []).append(name)
    return uses


def _classes(drawn: Drawn, roles: Roles, plan: ClassPlan) -> dict[int, MultiPolygon]:
    """Regions by label, which may overlap."""
    classes = {
        label: _of_role(drawn, roles, label)
        for label in range(1, len(plan.names) + 1)
        if label in roles.values()
    }
    holes = _union([drawn.parts[name] for name in _cut_out(drawn, roles)])
    if not holes.is_empty:
        classes = {label: without(region, holes) for label, region in classes.items()}
    return classes


def _regions(
    drawn: Drawn,
    roles: Roles,
    classes: Mapping[int, MultiPolygon],
    elsewhere: MultiPolygon,
    plan: ClassPlan,
) -> Regions:
    """What the classes cover, with all unknown where nobody looked."""
    unknown = _of_role(drawn, roles, UNKNOWN)
    if not elsewhere.is_empty:
        unknown = merged([unknown, elsewhere])
    if unknown.is_empty and plan.is_plain:
        return classes.get(1, MultiPolygon())
    return labelled(classes, unknown)


def _of_role(drawn: Drawn, roles: Roles, role: int) -> MultiPolygon:
    return _union([drawn.parts[name] for name, each in roles.items() if each == role])


def _union(parts: list[MultiPolygon]) -> MultiPolygon:
    return parts[0] if len(parts) == 1 else merged(parts) if parts else MultiPolygon()


def _cut_out(drawn: Drawn, roles: Roles) -> Collection[str]:
    return [name for name, role in roles.items() if not role and name.lower() in drawn.cut_out]
