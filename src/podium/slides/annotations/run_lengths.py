"""Tumour as run lengths, as competitions such as HuBMAP hand them out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.slides import rle
from podium.slides.annotations import raster
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.mask_files import INTRICATE, MAX_SIDE
from podium.slides.annotations.pixel_mask import PixelMask, Regions, is_intricate
from podium.slides.annotations.regions import Outlines

_REMEDY = (
    "give starts and lengths down the columns, from 1, in pixels of this slide's level 0, or pair "
    "the table with its own slides"
)


class RunLengths(NamedTuple):
    """The rows of one slide in a table of run lengths; see `rle`.

    Attributes:
        slide: its name.
        texts: of each row; an empty one marks nothing.
    """

    slide: str
    texts: tuple[str, ...]


def read(runs: RunLengths, size: tuple[int, int], plan: ClassPlan | None = None) -> Outlines:
    """What run lengths mark on a slide, all their rows together.

    Args:
        runs: of the slide.
        size: (w, h) at level 0.
        plan: what is to be learnt.

    Raises:
        Unusable: they are none, leave the slide, or several classes are to be learnt.
    """
    if plan and not plan.is_plain:
        raise Unusable(
            f"run lengths have no classes, slides.classes names {', '.join(plan.names)}",
            "give masks or outlines with classes, or take the classes out of slides.classes",
        )
    n_rows = raster.rows_of_band(size[0])
    regions: Regions
    try:
        bands = _bands(runs, size, n_rows)
        if max(size) > MAX_SIDE:  # never held whole
            regions = raster.outlined(bands, n_rows)
        elif is_intricate(inside := np.concatenate(list(bands))):
            return Outlines(PixelMask(inside, 1.0), [INTRICATE], {}, frozenset())
        else:
            regions = raster.polygons(inside)
    except PodiumError as error:
        raise Unusable(f"run lengths of {runs.slide}: {error}", _REMEDY) from None
    return Outlines(regions, [], {}, frozenset())


def _bands(runs: RunLengths, size: tuple[int, int], n_rows: int) -> Iterator[NDArray[np.bool_]]:
    """The mask in bands (up to `n_rows`, w) from top to bottom: where any row marks something."""
    of_rows = [rle.decode_bands(text, size, n_rows) for text in runs.texts]
    for bands in zip(*of_rows, strict=True):
        yield reduce(np.maximum, bands) > 0
