"""Where tumour lies on a slide: valid polygons in one frame, whatever file they came from.

The frame is the slide's level 0 in pixels, x to the right, y down; (0, 0) is the top left corner of
the top left pixel, so that a rectangle from 0 to 10 covers the ten pixels 0..9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from podium.core.errors import PodiumError
from podium.slides.annotations.labelled import UNKNOWN, Labelled
from podium.slides.annotations.pixel_mask import PixelMask, Regions

Points = NDArray[np.float64]  # (N, 2): x, y

_NEGLIGIBLE = 0.001  # share of an annotation's area that may be cut off without a note


class Drawn(NamedTuple):
    """What the reader of a format finds in a file.

    Attributes:
        parts: valid regions with an area, in level-0 pixels, by class; `no class` where none is
            named.
        notes: what a person should know, one sentence each.
        n_flat: how many outlines have no area, and are left out.
        cut_out: classes, in lower case, whose regions are cut out of the others.
        doubtful: classes of which the format does not say what they mean beside others.
        has_classes: whether the format has any; what it outlines is tumour if not.
    """

    parts: dict[str, MultiPolygon]
    notes: list[str]
    n_flat: int = 0
    cut_out: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()
    has_classes: bool = True


class Outlines(NamedTuple):
    """What the outlines of a file mean.

    Attributes:
        regions: tumour, or several classes and what is unknown, in level-0 pixels.
        notes: what a person should know, one sentence each.
        areas: square level-0 pixels of each class in the file, taken or not; empty where the
            format has no classes or the file does not use them.
        tumour: the classes of the file that are taken as tumour, or as any class.
    """

    regions: Regions
    notes: list[str]
    areas: dict[str, float]
    tumour: frozenset[str]


@dataclass(frozen=True)
class Annotation:
    """The tumour of one slide.

    `regions` are valid, do not overlap, and lie within the slide; none at all means no tumour.
    `notes` tell a person what was left out or looks odd, one sentence each. `areas` and `tumour`
    are those of `Outlines`.
    """

    regions: Regions
    source: Path
    notes: tuple[str, ...] = ()
    areas: Mapping[str, float] = field(default_factory=dict)
    tumour: frozenset[str] = frozenset()

    @property
    def area(self) -> float:
        """Square pixels of level 0."""
        return float(self.regions.area)


def areas_of(regions: Regions) -> tuple[float, float]:
    """Square level-0 pixels of what is outlined, and of what is unknown."""
    if isinstance(regions, PixelMask):
        n_unknown = int((regions.inside == UNKNOWN).sum())
        return regions.area, n_unknown * regions.downsample**2
    return regions.area, regions.unknown.area if isinstance(regions, Labelled) else 0.0


def label_of(regions: Regions) -> str:
    """The label of a slide: 1 if anything is outlined, 0 if nothing, '' if nobody knows."""
    outlined, unknown = areas_of(regions)
    return "1" if outlined else "" if unknown else "0"


def clean(geometry: BaseGeometry) -> MultiPolygon:
    """What `geometry` covers, as valid polygons; points and lines go, a bow-tie keeps both halves.

    `buffer(0)`, often used for this, drops half of a bow-tie.
    """
    return MultiPolygon(_polygons(geometry if geometry.is_valid else shapely.make_valid(geometry)))


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    polygons: list[Polygon] = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon":
            polygons.append(part)
        elif part.geom_type in ("MultiPolygon", "GeometryCollection"):
            polygons += _polygons(part)
    return [part for part in polygons if part.area > 0]


def clipped(annotation: Annotation, size: tuple[int, int]) -> Annotation:
    """`annotation` within a slide of `size` = (w, h); a note says how much was cut off.

    Raises:
        PodiumError: nothing of it lies on the slide.
    """
    width, height = size
    regions, slide = annotation.regions, box(0, 0, width, height)
    if isinstance(regions, PixelMask):
        return annotation  # of the whole slide, no more
    if isinstance(regions, Labelled):
        return _clipped_labels(annotation, regions, size)
    if regions.is_empty or slide.covers(box(*regions.bounds)):
        return annotation
    inside = clean(shapely.intersection(regions, slide))
    if inside.is_empty:
        x0, y0, x1, y1 = (f"{value:.0f}" for value in regions.bounds)
        raise PodiumError(
            f"{annotation.source}: all of it lies outside the slide, in x {x0} to {x1}, y {y0} to "
            f"{y1} of {width}x{height} px: wrong frame?\n"
            "remedy: export it in pixels of the slide's level 0, or pair it with its own slide"
        )
    lost = 1 - inside.area / regions.area
    note = f"{lost:.1%} of its area lies outside the slide ({width}x{height} px) and was cut off"
    notes = (note,) if lost > _NEGLIGIBLE else ()
    return replace(annotation, regions=inside, notes=annotation.notes + notes)


def _clipped_labels(annotation: Annotation, regions: Labelled, size: tuple[int, int]) -> Annotation:
    """The same for several classes, and what is unknown."""
    notes = annotation.notes
    classes = {label: region for label, region in regions.classes.items() if not region.is_empty}
    if classes:
        all_of_them = shapely.union_all(list(classes.values()))
        notes = clipped(replace(annotation, regions=clean(all_of_them)), size).notes
    slide = box(0, 0, *size)
    inside = {label: clean(shapely.intersection(part, slide)) for label, part in classes.items()}
    unknown = clean(shapely.intersection(regions.unknown, slide))
    return replace(annotation, regions=Labelled(inside, unknown), notes=notes)
