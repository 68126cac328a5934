"""Where somebody looked: outside of it nothing is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
import shapely
from shapely import MultiPolygon, box
from shapely.geometry.base import BaseGeometry

from podium.slides.annotations.labelled import UNKNOWN, Labelled
from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.overlay import merged, without
from podium.slides.annotations.pixel_mask import PixelMask, Regions
from podium.slides.annotations.regions import Outlines

CORRECT_TABLE = "correct its area in slides.csv"
_NEGLIGIBLE = 0.001  # share of what is outlined that may lie elsewhere without a note
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_RECTANGLE = re.compile(rf"\s*(?:{_NUMBER}\s+){{3}}{_NUMBER}\s*")


def rectangle_of(area: str) -> MultiPolygon | None:
    """The rectangle that the text `x y width height` means; None where it is another text."""
    if not _RECTANGLE.fullmatch(area):
        return None
    x, y, w, h = map(float, area.split())
    return MultiPolygon([box(x, y, x + w, y + h)])


def not_looked_at(area: MultiPolygon, size: tuple[int, int], remedy: str) -> MultiPolygon:
    """The slide without the area that somebody looked at.

    Args:
        area: in level-0 pixels.
        size: (w, h) of the slide.
        remedy: where the area lies outside the slide.

    Raises:
        Unusable: it does.
    """
    slide = box(0, 0, *size)
    if shapely.intersection(area, slide).area == 0:
        raise Unusable("the area that somebody looked at lies outside the slide", remedy)
    return without(slide, area)


def lost_notes(regions: Iterable[BaseGeometry], elsewhere: BaseGeometry) -> list[str]:
    """A note on how much of regions lies where nobody looked; none where that is nothing."""
    areas = [(region.area, shapely.intersection(region, elsewhere).area) for region in regions]
    whole, lost = (sum(values) for values in zip(*areas, strict=True)) if areas else (0.0, 0.0)
    return _note(lost, whole)


def _note(lost: float, whole: float) -> list[str]:
    if lost <= _NEGLIGIBLE * whole:
        return []
    share = f"{lost / whole:.1%} of what is outlined"
    return [f"{share} lies outside the area looked at: taken as unknown"]


def within(outlines: Outlines, area: str, size: tuple[int, int]) -> Outlines:
    """What a mask says, given the area of slides.csv; outside of it nothing is known.

    Args:
        outlines: of the whole slide.
        area: x, y, width and height in level-0 pixels.
        size: (w, h) of the slide.

    Raises:
        Unusable: it is another text, or lies outside the slide.
    """
    rectangle = rectangle_of(area)
    if rectangle is None:
        raise Unusable(
            f"slides.csv says that {area!r} was looked at, but a mask has no such class",
            "give x, y, width and height in level-0 pixels there",
        )
    elsewhere, regions = not_looked_at(rectangle, size, CORRECT_TABLE), outlines.regions
    if elsewhere.is_empty:
        return outlines
    limited: Regions
    if isinstance(regions, PixelMask):
        limited, notes = _pixels_within(regions, rectangle)
    else:
        parts = regions if isinstance(regions, Labelled) else Labelled({1: regions})
        notes = lost_notes(parts.classes.values(), elsewhere)
        limited = labelled(parts.classes, merged([parts.unknown, elsewhere]))
    return outlines._replace(regions=limited, notes=[*outlines.notes, *notes])


def labelled(classes: Mapping[int, BaseGeometry], unknown: BaseGeometry) -> Labelled:
    """Regions that may overlap made ones that do not: the higher label stays, unknown over all.

    Args:
        classes: valid polygons by label.
        unknown: valid polygons.
    """
    above, parts = unknown, dict[int, MultiPolygon]()
    for label in sorted(classes, reverse=True):
        parts[label] = without(classes[label], above)
        above = merged([above, classes[label]])
    return Labelled(dict(sorted(parts.items())), merged([unknown]))


def _pixels_within(mask: PixelMask, rectangle: MultiPolygon) -> tuple[PixelMask, list[str]]:
    """The mask with all pixels unknown whose centres lie outside the rectangle; notes."""
    height, width = mask.inside.shape
    x0, y0, x1, y1 = rectangle.bounds
    x, y = ((np.arange(n) + 0.5) * mask.downsample for n in (width, height))
    looked_at = ((y >= y0) & (y < y1))[:, None] & (x >= x0) & (x < x1)
    lost = float(np.count_nonzero(mask.covered & ~looked_at))
    labels = np.where(looked_at, mask.inside, UNKNOWN).astype(np.uint8)
    return PixelMask(labels, mask.downsample), _note(lost, float(np.count_nonzero(mask.covered)))
