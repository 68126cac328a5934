"""Pixels of tiles whose file holds coordinates only: read from the slide, the very same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from podium.core.errors import PodiumError
from podium.slides.reader import Pixels, Slide
from podium.slides.tile_grid import Grid, Points, Rows, read_tiles
from podium.slides.tile_store import load_places


def read_from_slide(path: Path, rows: Sequence[int], slide: Slide) -> Pixels:
    """Pixels (n, tile, tile, 3) RGB of some tiles.

    Args:
        path: of a tile file that holds coordinates only.
        rows: which tiles, in the order to return them.
        slide: that they were cut from, opened.

    Raises:
        PodiumError: the file or a tile of the slide is damaged, or the slide is another one now.
    """
    places = load_places(path)
    grid = places.grid
    if slide.size != grid.size:
        now, then = ("x".join(map(str, size)) for size in (slide.size, grid.size))
        raise PodiumError(
            f"{slide.path}: {now} px, {then} when it was cut\nremedy: run dvc repro tile_slides"
        )
    pixels = np.empty((len(rows), grid.tile, grid.tile, 3), dtype=np.uint8)
    is_read = np.zeros(len(rows), dtype=np.bool_)
    asked = places.order[list(rows)]
    chosen = _together(slide, grid, places.l_corners, asked)
    for read, parts in read_tiles(slide, grid, places.l_corners[chosen], max_damaged=1.0):
        for row, tile in zip(chosen[read].tolist(), parts, strict=True):
            pixels[asked == row] = tile
        is_read |= np.isin(asked, chosen[read])
    if not is_read.all():
        raise PodiumError(
            f"{slide.path}: {(~is_read).sum()} of {len(rows)} tiles that were cut from it cannot "
            "be read any more\nremedy: copy it again"
        )
    return pixels


def _together(slide: Slide, grid: Grid, l_corners: Points, asked: Rows) -> Rows:
    """The tiles (n,) to read: those asked for, and, between levels, all that were cut with them.

    Between levels pixels are averaged, and their sums depend on where a piece begins.
    """
    if grid.downsample in slide.downsamples and float(grid.downsample).is_integer():
        return np.unique(asked)
    groups = [group for group in grid.super_tiles(l_corners) if np.isin(group, asked).any()]
    return np.concatenate([asked[:0], *groups])
