"""The heat map of one slide: overlapping tiles predicted, blended, and kept whole on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.core.code_fingerprint import computing_code
from podium.core.files import json_sha256, scratch_dir
from podium.core.params import TileSlides
from podium.slides.reader import Pixels, Slide
from podium.slides.segmenter import Segmenter
from podium.slides.stitch import Heat, stitched, write_heat_map
from podium.slides.tile_grid import (
    Grid,
    Part,
    Points,
    grid_of,
    read_tiles,
)
from podium.slides.tissue import Mask, fractions, tissue_mask


@dataclass(frozen=True)
class View:
    """A slide as it is about to be predicted.

    Attributes:
        slide: opened.
        grid: its overlapping tiles.
        corners: (N, 2) of the tiles with tissue.
        thumbnail: RGB (h, w, 3).
        tissue: {0, 1} (h, w), of the thumbnail.
        downsample: level-0 pixels per pixel of the thumbnail.
    """

    slide: Slide
    grid: Grid
    corners: Points
    thumbnail: Pixels
    tissue: Mask
    downsample: float


def view_of(slide: Slide, tiles: TileSlides, stride: int) -> View:
    """A slide cut as for training, but every `stride` pixels.

    Raises:
        PodiumError: it cannot be cut so, or read.
    """
    grid = grid_of(slide, tiles.tile, min(stride, tiles.tile), tiles.target_mpp, tiles.level)
    thumbnail, downsample = slide.thumbnail(tiles.thumbnail)
    tissue, corners = tissue_mask(thumbnail), grid.corners
    side = grid.tile * grid.downsample
    share = fractions(tissue, downsample, grid.coordinates(corners), side)
    return View(slide, grid, corners[share >= tiles.min_tissue], thumbnail, tissue, downsample)


def heat_map(
    view: View, segmenter: Segmenter, fold: int, batch_size: int, key: str, max_bad: float
) -> Path:
    """The file of a slide's heat map; one that an earlier run finished is taken as it is.

    Args:
        view: of the slide.
        segmenter: the networks.
        fold: whose network looks, -1 for all of them.
        batch_size: tiles at once.
        key: names slide and networks.
        max_bad: share of tiles that may be unreadable; their heat is 0.

    Raises:
        PodiumError: more of the slide cannot be read.
    """
    about = {
        "code": computing_code(__name__),
        "key": key,
        "fold": fold,
        "grid": asdict(view.grid),
        "corners": hashlib.sha256(view.corners.tobytes()).hexdigest(),
        "max_bad": max_bad,
    }
    path = scratch_dir("heat") / f"{json_sha256(about)}.h5"
    if path.is_file():
        return path
    parts = read_tiles(view.slide, view.grid, view.corners, 2, max_bad)
    found = _predicted(view, parts, segmenter, fold, batch_size)
    coordinates = view.grid.coordinates(view.corners)
    write_heat_map(path, view.grid, stitched(view.grid, coordinates, found), about)
    return path


def _predicted(
    view: View, parts: Iterable[Part], segmenter: Segmenter, fold: int, batch_size: int
) -> Iterator[tuple[Points, Heat]]:
    """Coordinates (n, 2) and heat (n, tile, tile), batch by batch; 0 where a tile is damaged."""
    coordinates = view.grid.coordinates(view.corners)
    missing = np.ones(len(coordinates), dtype=np.bool_)
    for rows, pixels in parts:
        missing[rows] = False
        for start in range(0, len(rows), batch_size):
            part = slice(start, start + batch_size)
            yield (
                coordinates[rows[part]],
                segmenter.heat(_filled(pixels[part], batch_size), fold)[: len(rows[part])],
            )
    tile = view.grid.tile
    yield coordinates[missing], np.zeros((int(missing.sum()), tile, tile), dtype=np.float32)


def _filled(pixels: NDArray[np.uint8], n: int) -> NDArray[np.uint8]:
    """A batch of always `n` tiles, so that a tile's heat does not depend on its company."""
    blank = ((0, n - len(pixels)), (0, 0), (0, 0), (0, 0))
    return np.pad(pixels, blank)
