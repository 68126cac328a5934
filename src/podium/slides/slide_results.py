"""What a heat map says beside the truth: histograms, counts, and how hot its hottest part is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shapely import MultiPolygon

from podium.slides.annotations import raster
from podium.slides.baseline import dark, dark_threshold
from podium.slides.dataset import SlideRecord
from podium.slides.heat import View
from podium.slides.scoring import LEVELS, Counts, Histogram, histogram_of
from podium.slides.stitch import BAND, heat_bands

HOTTEST = 0.01  # of the pixels looked at: their mean heat is the slide's score


@dataclass(frozen=True)
class SlideResult:
    """One slide after prediction.

    Attributes:
        row: of the slide.
        heat: the file of its heat map.
        histogram: of heat by truth; all pixels count as background where nobody knows the truth.
        known: whether the truth is known.
        hottest: mean heat of its hottest part, the slide's score.
        threshold: counts of the colour threshold, or None.
    """

    row: SlideRecord
    heat: Path
    histogram: Histogram
    known: bool
    hottest: float
    threshold: Counts | None


def find(
    row: SlideRecord, view: View, heat: Path, regions: MultiPolygon | None, baseline: bool
) -> SlideResult:
    """Look through a heat map band by band.

    Args:
        row: of the slide.
        view: of the slide.
        heat: the file of its heat map.
        regions: its tumour, None where unknown.
        baseline: whether to try the colour threshold, too; only where the truth is known.
    """
    histogram, counts = np.zeros((2, LEVELS), dtype=np.int64), Counts()
    level = dark_threshold(view) if baseline and regions is not None else None
    grid = view.grid
    for top, band in heat_bands(heat, BAND):
        height, width = band.shape
        box = 0.0, top * grid.downsample, width, height
        truth = raster.mask(regions or MultiPolygon(), box, grid.downsample)
        histogram += histogram_of(band, truth)
        if level is not None:
            pixels = view.slide.read(box, grid.downsample, damaged=[])
            counts += Counts.of(truth > 0, dark(pixels, level))
    seen = len(view.corners) * grid.stride**2  # about as many pixels were looked at
    return SlideResult(
        row, heat, histogram, regions is not None, hottest(histogram, seen),
        counts if level is not None else None,
    )  # fmt: skip


def hottest(histogram: Histogram, n_pixels: int) -> float:
    """The mean heat of the hottest pixels, HOTTEST of `n_pixels` and one at least."""
    left, total = max(1, round(HOTTEST * n_pixels)), 0.0
    wanted = left
    for level in range(LEVELS - 1, -1, -1):
        taken = min(left, int(histogram[:, level].sum()))
        total += taken * (level + 0.5) / LEVELS
        left -= taken
        if not left:
            break
    return total / wanted
