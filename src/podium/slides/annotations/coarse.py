"""Outlines for people of masks of any size and shape: coarser ones where all would be too much."""

from __future__ import annotations

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LinearRing, MultiPolygon, Polygon

from podium.slides.annotations.packed_mask import MaskRows
from podium.slides.annotations.pixel_mask import is_intricate
from podium.slides.annotations.raster import polygons
from podium.slides.annotations.regions import clean

MAX_STEPS = 2_000_000  # changes along the rows of a mask that is no noise: some 30,000 nuclei
MAX_OUTLINES = 20_000  # polygons of an intricate mask: the smallest of more are left out
MAX_OBJECTS = 50_000  # polygons of another one
MAX_HOLES = 5_000  # of an intricate mask; the smallest of more are filled: holes take long
MAX_SIDE = 2**12  # pixels of an intricate mask, which is traced as one band
_ROWS = 1024  # looked at together

Mask = NDArray[np.bool_]


def outlines(mask: MaskRows, downsample: float) -> MultiPolygon:
    """The outlines of a mask (h, w) in level-0 pixels, stairs made slopes.

    They run through the middles of pixels' sides, never half a pixel from these: `raster.mask` of
    them is the mask again.

    A mask as intricate as noise that is large is drawn at half its resolution, or a quarter, ...;
    of very many outlines or holes only the largest are kept. The mask itself tells all.

    Args:
        mask: bool (h, w), where there is tumour; a packed one is never unpacked whole.
        downsample: level-0 pixels per pixel of the mask.
    """
    if not is_intricate(mask, MAX_STEPS):
        smooth = smoothed(largest(polygons(mask), MAX_OBJECTS))
        return shapely.transform(smooth, lambda at: at * downsample)
    height, width = (side * downsample for side in mask.shape)
    while max(mask.shape) > MAX_SIDE:
        mask, downsample = halved(mask), 2 * downsample
    mask = _largest_parts(_without_touches(mask[:]), MAX_OUTLINES)
    traced = polygons(~_largest_parts(~mask, MAX_HOLES), downsample)
    slopes = clean(shapely.simplify(traced, 1.5 * downsample, preserve_topology=False))
    return largest(
        clean(shapely.intersection(slopes, shapely.box(0, 0, width, height))), MAX_OUTLINES
    )


def smoothed(regions: MultiPolygon) -> MultiPolygon:
    """Outlines traced along the sides of pixels, now through their middles and with few corners.

    They move by less than half a pixel.
    """
    parts = [
        Polygon(_middles(part.exterior), [_middles(ring) for ring in part.interiors])
        for part in regions.geoms
    ]
    # each alone: all together take time by the square of their number; 0.25 would lose pixels
    return clean(MultiPolygon(shapely.simplify(np.array(parts, dtype=object), 0.2).tolist()))


def _middles(ring: LinearRing) -> NDArray[np.float64]:
    """The middle (N, 2) of each pixel's side along a ring, in pixels."""
    corners = shapely.get_coordinates(shapely.segmentize(ring, 1.0))
    return (corners[1:] + corners[:-1]) / 2


def largest(regions: MultiPolygon, n: int) -> MultiPolygon:
    """The `n` polygons of the largest area, in their order."""
    parts = shapely.get_parts(regions)
    if len(parts) <= n:
        return regions
    smallest_first = np.argsort(shapely.area(parts), kind="stable")
    return MultiPolygon(parts[np.sort(smallest_first[-n:])].tolist())


def halved(mask: MaskRows) -> Mask:
    """The mask (h, w) at half its resolution (h / 2, w / 2), rounded up: where half is inside."""
    height, width = mask.shape
    small = np.empty(((height + 1) // 2, (width + 1) // 2), dtype=np.bool_)
    for top in range(0, height, _ROWS):
        part = mask[top : top + _ROWS]
        part = np.pad(part, ((0, len(part) % 2), (0, width % 2)), mode="edge").view(np.uint8)
        sums = part[::2, ::2] + part[1::2, ::2] + part[::2, 1::2] + part[1::2, 1::2]
        small[top // 2 : top // 2 + len(sums)] = sums >= 2
    return small


def _largest_parts(mask: Mask, n: int) -> Mask:
    """The mask with its `n` largest connected parts only."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    areas = np.asarray(stats)[1:, cv2.CC_STAT_AREA]  # label 0 is the background
    keep = np.zeros(len(areas) + 1, dtype=np.bool_)
    keep[1 + np.argsort(areas, kind="stable")[-n:]] = True
    return np.asarray(keep[labels])


def _without_touches(mask: Mask) -> Mask:
    """The mask with no two pixels that meet at a corner only: outlines that touch take long."""
    mask = mask.copy()
    while True:
        a, b, c, d = mask[:-1, :-1], mask[:-1, 1:], mask[1:, :-1], mask[1:, 1:]
        falling, rising = a & d & ~b & ~c, b & c & ~a & ~d
        if not falling.any() and not rising.any():
            return mask
        b |= falling
        a |= rising
