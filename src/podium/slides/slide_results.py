"""Per-slide results of prediction: histograms of heat by truth, mean heat of the hottest part."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon
from skimage.color import rgb2hed
from skimage.filters import threshold_otsu

from podium.slides.annotations import raster
from podium.slides.annotations.labelled import UNKNOWN
from podium.slides.annotations.pixel_mask import Regions
from podium.slides.class_scoring import ClassHistogram, total_heat
from podium.slides.dataset import SlideRecord
from podium.slides.reader import Pixels
from podium.slides.scoring import LEVELS, Counts, Histogram, heat_histogram, level_of
from podium.slides.stitch import Heat
from podium.slides.tile_grid import Grid
from podium.slides.tissue import Mask
from podium.slides.tissue_tiles import TissueTiles

TOP_SHARE = 0.01  # of the pixels of predicted tiles: their mean heat is the slide's score
PREVIEW = 480  # pixels of the longer side of a slide's preview
_AT_ONCE = 1 << 20  # pixels of a heat map counted together: bounds the memory


@dataclass(frozen=True)
class SlideResult:
    """A slide after prediction: all that is needed to classify it and to draw its mask.

    Attributes:
        row: of the slide.
        grid: of its tiles.
        preview: RGB (h, w, 3), the longer side PREVIEW.
        regions: its tumour or classes in level-0 pixels, None where unknown.
        heat: the file of its heat map.
        histogram: (2, LEVELS) of heat by truth, of known pixels; all pixels count as background
            where nothing of the truth is known.
        top_heat: mean heat of its hottest part, the slide's score.
        baseline: counts of the colour threshold, or None.
        n_tiles: how many tiles the networks looked at.
        classes: its pixels by class; None where tumour is all that is looked for.
        unknown: (LEVELS,) of heat, of the other pixels.
    """

    row: SlideRecord
    grid: Grid
    preview: Pixels
    regions: Regions | None
    heat: Path
    histogram: Histogram
    top_heat: float
    baseline: Counts | None
    n_tiles: int
    classes: ClassHistogram | None = None
    unknown: NDArray[np.int64] = field(default_factory=lambda: np.zeros(LEVELS, dtype=np.int64))

    @property
    def levels(self) -> NDArray[np.int64]:
        """All its pixels (L,) by level of heat, whatever the truth: a slide is scored by them."""
        return self.histogram.sum(axis=0) + self.unknown

    @property
    def has_tiles(self) -> bool:
        """Whether the networks looked at any of it: a blank slide has no tile with tissue."""
        return self.n_tiles > 0

    @property
    def has_truth(self) -> bool:
        """Whether it is known where its tumour lies."""
        return self.regions is not None


class HeatStatistics:
    """Counts the pixels of a slide by heat and truth, band by band of its heat map.

    Args:
        tiles: of the slide.
        regions: its tumour or classes in level-0 pixels, None where unknown.
        n_classes: K.
        baseline: whether to try the colour threshold, too; only where the truth is known.
    """

    def __init__(
        self, tiles: TissueTiles, regions: Regions | None, baseline: bool, n_classes: int = 1
    ) -> None:
        self._tiles, self._regions = tiles, regions
        self._classes = ClassHistogram.of(n_classes) if n_classes > 1 else None
        self._histogram = np.zeros((2, LEVELS), dtype=np.int64)
        self._unknown = np.zeros(LEVELS, dtype=np.int64)
        self._baseline: Counts | None = None
        if baseline and regions is not None:
            self._baseline = Counts()
            self._threshold = dye_threshold(tiles.thumbnail, tiles.tissue)

    def add(self, row: int, band: Heat) -> None:
        """Count the pixels of a band (rows, w) or (K, rows, w) that begins at `row`."""
        height, width = band.shape[-2:]
        downsample = self._tiles.grid.downsample
        box = 0.0, row * downsample, width, height
        truth = raster.mask(self._regions or MultiPolygon(), box, downsample)
        has_baseline = self._baseline is not None
        pixels = self._tiles.slide.read(box, downsample, damaged=[]) if has_baseline else None
        step = max(1, _AT_ONCE // width)
        for top in range(0, height, step):
            rows = slice(top, top + step)
            self._count(row + top, band[..., rows, :], truth[rows])
            if pixels is not None:
                self._try_baseline(pixels[rows], truth[rows])

    def _count(self, row: int, band: Heat, truth: Mask) -> None:
        total = total_heat(band)
        self._histogram += heat_histogram(total, truth)
        self._unknown += np.bincount(level_of(total[truth == UNKNOWN]), minlength=LEVELS)
        if self._classes:
            self._classes.add(band, truth, self._tissue(row, truth.shape))

    def _try_baseline(self, pixels: Pixels, truth: Mask) -> None:
        known, marked = truth != UNKNOWN, dye_mask(pixels, self._threshold)
        counts = Counts.of(truth[known] > 0, marked[known])
        self._baseline = (self._baseline or Counts()) + counts

    def _tissue(self, row: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Whether there is tissue (h, w) at the pixels of a band that begins at `row`."""
        tiles = self._tiles
        step = tiles.grid.downsample / tiles.downsample
        rows, columns = (
            np.minimum((start + np.arange(n) + 0.5) * step, length - 1).astype(np.int64)
            for start, n, length in zip((row, 0), shape, tiles.tissue.shape, strict=True)
        )
        return np.asarray(tiles.tissue[rows][:, columns] > 0)

    def result(self, row: SlideRecord, heat: Path) -> SlideResult:
        """The result of the slide once all bands are counted; `heat` is the file of its map."""
        tiles, histogram = self._tiles, self._histogram
        n_pixels = len(tiles.l_corners) * tiles.grid.stride**2  # about as many were predicted
        return SlideResult(
            row, tiles.grid, _preview(tiles), self._regions, heat, histogram,
            top_mean(np.vstack([histogram, self._unknown]), n_pixels), self._baseline,
            len(tiles.l_corners), self._classes, self._unknown,
        )  # fmt: skip


def _preview(tiles: TissueTiles) -> Pixels:
    size = tiles.slide.size
    w, h = (max(1, round(PREVIEW * side / max(size))) for side in size)
    return np.asarray(cv2.resize(tiles.thumbnail, (w, h), interpolation=cv2.INTER_AREA), "u1")


def top_mean(histogram: Histogram, n_pixels: int) -> float:
    """The mean heat of the hottest pixels: TOP_SHARE of `n_pixels`, and one at least.

    Heat is taken from a histogram (n, LEVELS), whose rows are added up.
    """
    n_top = n_left = max(1, round(TOP_SHARE * n_pixels))
    total = 0.0
    for level in range(LEVELS - 1, -1, -1):
        n = min(n_left, int(histogram[:, level].sum()))
        total += n * (level + 0.5) / LEVELS
        n_left -= n
        if not n_left:
            break
    return total / n_top


def dye_threshold(thumbnail: Pixels, tissue: Mask) -> float:
    """Otsu's threshold of haematoxylin over the tissue of a slide.

    It is the baseline that a network must beat: it knows colour, but nothing of tissue. An RGB
    thumbnail (h, w, 3) without tissue {0, 1} (h, w) counts as a whole.
    """
    dye = rgb2hed(thumbnail)[..., 0]
    inside = dye[tissue > 0] if tissue.any() else dye.ravel()
    return float(threshold_otsu(inside)) if np.ptp(inside) else float("inf")


def dye_mask(pixels: Pixels, threshold: float) -> NDArray[np.bool_]:
    """The mask (h, w) of RGB pixels (h, w, 3) that hold more haematoxylin than `threshold`."""
    return np.asarray(rgb2hed(pixels)[..., 0] > threshold)
