"""Regions to masks of any window at any downsample, and masks back to regions.

A pixel of a mask is 1 where its centre lies inside the regions. A side that runs through a centre
belongs to the region on its right or below it, so that regions which share a side share no pixel.
`cv2.fillPoly` also paints every pixel that an outline touches, which makes a shape 50 pixels wide
7 to 8 % too large.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from podium.slides.annotations.labelled import UNKNOWN, Labelled
from podium.slides.annotations.overlay import sides_of
from podium.slides.annotations.packed_mask import MaskRows
from podium.slides.annotations.pixel_mask import PixelMask, Regions

Mask = NDArray[np.uint8]
Box = tuple[float, float, int, int]

_AT_ONCE = 2_000_000  # crossings of sides with rows of pixels worked on together
BAND = 2**24  # pixels of a mask traced together, in whole rows: bounds the memory


def mask(regions: Regions, box: Box, downsample: float = 1.0) -> Mask:
    """A window (h, w) of the regions, uint8: 1 = tumour, or the label of a class, or UNKNOWN.

    Args:
        regions: valid polygons in level-0 pixels, or a mask of the slide.
        box: as OpenSlide's `read_region` takes it: x and y of the window's top left corner in
            level-0 pixels, then its width and height in pixels of the mask.
        downsample: level-0 pixels per pixel of the mask.
    """
    l0_x, l0_y, width, height = box
    if isinstance(regions, PixelMask):
        return regions.window((l0_x, l0_y), (width, height), downsample)
    if isinstance(regions, Labelled):
        return _labels(regions, box, downsample)
    sides = (_sides(regions, box, downsample) - (l0_x, l0_y)) / downsample
    toggles = np.zeros((height, width + 1), dtype=np.uint8)
    for rows, x in _crossings(sides, height):
        columns = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
        np.add.at(toggles.reshape(-1), rows * (width + 1) + columns, np.uint8(1))
    inside = toggles[:, :width]
    np.add.accumulate(inside, axis=1, dtype=np.uint8, out=inside)
    return np.bitwise_and(inside, 1)


def _labels(regions: Labelled, box: Box, downsample: float) -> Mask:
    labels = np.zeros((box[3], box[2]), dtype=np.uint8)
    for label, region in (*regions.classes.items(), (UNKNOWN, regions.unknown)):
        labels[mask(region, box, downsample) > 0] = label
    return labels


def _sides(regions: MultiPolygon, box: Box, downsample: float) -> NDArray[np.float64]:
    """The sides (N, 2, 2) of the polygons that may touch the window, upper ends first."""
    l0_x, l0_y, width, height = box
    parts = shapely.get_parts(regions)
    x0, y0, x1, y1 = shapely.bounds(parts).T
    near = (x1 > l0_x) & (x0 < l0_x + width * downsample)
    near &= (y1 > l0_y) & (y0 < l0_y + height * downsample)
    sides = sides_of(parts[near])
    upward = sides[:, 0, 1] > sides[:, 1, 1]
    sides[upward] = sides[upward, ::-1]
    return sides


def _crossings(
    sides: NDArray[np.float64], height: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Rows of pixels (K,) and the x (K,) at which sides cross their centre lines, in parts."""
    first, last = np.clip(np.ceil(sides[:, :, 1] - 0.5), 0, height).astype(np.int64).T
    sides, first, n_rows = (part[last > first] for part in (sides, first, last - first))
    starts = np.cumsum(n_rows) - n_rows
    for at in np.split(np.arange(len(sides)), np.flatnonzero(np.diff(starts // _AT_ONCE)) + 1):
        side = np.repeat(at, n_rows[at])
        rows = np.arange(len(side)) - (starts[side] - starts[at[:1]].sum()) + first[side]
        (x0, y0), (x1, y1) = sides[side, 0].T, sides[side, 1].T
        yield rows, x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0))


def polygons(
    mask: MaskRows,
    downsample: float = 1.0,
    offset: tuple[float, float] = (0.0, 0.0),
) -> MultiPolygon:
    """The outlines of a mask's pixels, in level-0 pixels: `mask` of them is the mask again.

    Args:
        mask: (h, w) bool or uint8, anything but 0 = inside. It is traced in bands, which takes
            little memory beside it.
        downsample: level-0 pixels per pixel of the mask.
        offset: x and y of the mask's top left corner in level-0 pixels.
    """
    n_rows = rows_of_band(mask.shape[1])
    bands = (mask[top : top + n_rows] != 0 for top in range(0, len(mask), n_rows))
    return shapely.transform(outlined(bands, n_rows), lambda at: at * downsample + offset)


def rows_of_band(width: int) -> int:
    """Rows of a mask of that width that are traced together."""
    return max(BAND // max(width, 1), 1)


def outlined(bands: Iterable[NDArray[np.bool_]], n_rows: int) -> MultiPolygon:
    """The outlines of a mask (H, W), in its own pixels; it comes in bands of `n_rows`."""
    parts = [_traced(band, number * n_rows) for number, band in enumerate(bands)]
    return _joined(np.concatenate([np.array([], dtype=object), *parts]), n_rows)


def _traced(inside: NDArray[np.bool_], top: int) -> NDArray[np.object_]:
    """Polygons (N,) around the pixels of one band, in pixels of the mask.

    OpenCV's outlines run through the centres of pixels. Where every pixel was doubled, even
    coordinates are its left or top side and odd ones its right or bottom side: (c + 1) // 2.
    """
    doubled = inside.astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    outlines, tree = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    rings = [(outline[:, 0].astype(np.float64) + 1) // 2 + (0, top) for outline in outlines]
    holes: dict[int, list[NDArray[np.float64]]] = {}
    parents = tree[0, :, 3].tolist() if rings else []
    for ring, parent in zip(rings, parents, strict=True):
        holes.setdefault(parent, []).append(ring)
    outer = [number for number, parent in enumerate(parents) if parent < 0]
    parts = np.array([Polygon(rings[k], holes.get(k)) for k in outer], dtype=object)
    broken = ~shapely.is_valid(parts)
    return np.concatenate([parts[~broken], shapely.get_parts(shapely.make_valid(parts[broken]))])


def _joined(parts: NDArray[np.object_], n_rows: int) -> MultiPolygon:
    """Polygons of bands of `n_rows` as one; those that touch a seam of two bands are united."""
    _, top, _, bottom = shapely.bounds(parts).T
    seam = ((top % n_rows == 0) & (top > 0)) | (bottom % n_rows == 0)
    united = shapely.get_parts(shapely.disjoint_subset_union_all(parts[seam]))
    return shapely.remove_repeated_points(MultiPolygon([*parts[~seam], *united]))
