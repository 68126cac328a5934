"""The mean heat inside each outline of a mask, band by band of the heat map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from podium.slides.annotations import raster
from podium.slides.stitch import Band


def mean_heats(
    bands: Iterable[Band], outlines: Sequence[Polygon], downsample: float, label: int = 1
) -> NDArray[np.float64]:
    """The mean heat (n,) of the pixels whose centre lies in each outline; NaN where none does.

    Args:
        bands: of the heat map, in the frame's pixels.
        outlines: valid polygons in level-0 pixels.
        downsample: level-0 pixels per pixel of the frame.
        label: of the class, where the map has several.
    """
    sums, counts = np.zeros(len(outlines)), np.zeros(len(outlines), dtype=np.int64)
    if not len(outlines):
        return sums
    bounds = shapely.bounds(np.array(outlines)) / downsample
    x0, y0 = np.floor(bounds[:, :2]).astype(int).clip(0).T
    x1, y1 = np.ceil(bounds[:, 2:]).astype(int).T
    for row, band in bands:
        layer = band if band.ndim == 2 else band[label - 1]
        for k in np.flatnonzero((y1 > row) & (y0 < row + len(layer))).tolist():
            top, left = max(y0[k], row), x0[k]
            part = layer[top - row : y1[k] - row, left : x1[k]]
            box = left * downsample, top * downsample, *part.shape[::-1]
            inside = raster.mask(MultiPolygon([outlines[k]]), box, downsample) > 0
            sums[k] += part[inside].sum(dtype=np.float64)
            counts[k] += int(inside.sum())
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
