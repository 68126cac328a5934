"""The heat map of one slide: overlapping tiles predicted, blended, and written to a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from podium.core.code_fingerprint import computing_code
from podium.core.files import json_sha256, scratch_dir
from podium.core.hdf5_guard import is_sound
from podium.core.params import TileSlides
from podium.slides.reader import Slide
from podium.slides.segmenter import Segmenter
from podium.slides.stain import Stain, restained, stain_of
from podium.slides.stitch import Band, Heat, heat_bands, square_height, stitch, write_heat_map
from podium.slides.tile_grid import SUPER_PX, Part, Points, grid_of, read_tiles
from podium.slides.tissue_tiles import TissueTiles, find_tissue_tiles

Predict = Callable[[NDArray[np.uint8]], Heat]  # of tiles (N, tile, tile, 3)
Observer = Callable[[int, Heat], None]  # given each band: its first row, heat (..., rows, w)


class Views(NamedTuple):
    """Of which views of a tile the mean heat is taken.

    Attributes:
        turns: 1, 2, 4 or 8: see `Segmenter.heat`.
        reference: the stain of the slides learnt from: each tile is also seen as if it were
            stained so. None: it is not.
    """

    turns: int = 1
    reference: Stain | None = None


PLAIN = Views()


def tiles_to_predict(slide: Slide, settings: TileSlides, stride: int) -> TissueTiles:
    """The tiles of a slide, cut as for training but every `stride` pixels.

    Args:
        slide: opened.
        settings: of the tiles that the networks were trained on.
        stride: from one tile to the next, in pixels of a tile; at most the side of a tile.

    Raises:
        PodiumError: the slide cannot be cut so, or read.
    """
    stride = min(stride, settings.tile)
    grid = grid_of(slide, settings.tile, stride, settings.target_mpp, settings.level)
    return find_tissue_tiles(slide, grid, settings.thumbnail, settings.min_tissue)


def heat_map(
    tiles: TissueTiles,
    segmenter: Segmenter,
    fold: int,
    batch_size: int,
    key: str,
    max_unreadable: float,
    observe: Observer = lambda _row, _band: None,
    views: Views = PLAIN,
) -> Path:
    """The file of a slide's heat map; one that an earlier run finished is taken as it is.

    Args:
        tiles: of the slide.
        segmenter: the networks.
        fold: whose network predicts; that of no network, as -1, for the mean of all.
        batch_size: tiles predicted at once.
        key: tells the slide and the networks from others.
        max_unreadable: share of tiles that may be unreadable; their heat is 0.
        observe: called with each band of the map while it is written, or else read.
        views: of a tile, whose mean heat is taken.

    Raises:
        PodiumError: more of the slide cannot be read.
    """
    about = {
        "code": computing_code(__name__),
        "key": key,
        "fold": fold,
        "grid": asdict(tiles.grid),
        "corners": hashlib.sha256(tiles.l_corners.tobytes()).hexdigest(),
        "max_bad": max_unreadable,
        "views": [views.turns, views.reference and asdict(views.reference)],
        **segmenter.engine,
    }
    path = scratch_dir("heat") / f"{json_sha256(about)}.h5"
    if is_sound(path):  # else it is made again
        for row, band in heat_bands(path):
            observe(row, band)
        return path
    n_classes = len(segmenter.classes)
    height = square_height(tiles.grid, n_classes, SUPER_PX)
    parts = read_tiles(tiles.slide, tiles.grid, tiles.l_corners, 2, max_unreadable, height)
    own = stain_of(tiles.thumbnail, tiles.tissue)
    predict = predictor(own, segmenter, fold, views)
    predictions = _predict(tiles, parts, predict, n_classes, batch_size)
    bands = stitch(tiles.grid, tiles.l0_corners, predictions, n_classes)
    write_heat_map(path, tiles.grid, _observed(bands, observe), about, n_classes)
    return path


def predictor(own: Stain, segmenter: Segmenter, fold: int, views: Views) -> Predict:
    """What gives the mean heat (N, ..., tile, tile) of all views of tiles of a slide.

    Args:
        own: the stain of the slide.
        segmenter: the networks.
        fold: whose network predicts; that of no network, as -1, for the mean of all.
        views: of a tile, whose mean heat is taken.
    """
    plain = partial(segmenter.heat, fold=fold, turns=views.turns)
    if (reference := views.reference) is None:
        return plain

    def mean(pixels: NDArray[np.uint8]) -> Heat:
        return (plain(pixels) + plain(restained(pixels, own, reference))) / np.float32(2)

    return mean


def _observed(bands: Iterable[Band], observe: Observer) -> Iterator[Band]:
    for row, band in bands:
        observe(row, band)
        yield row, band


def _predict(
    tiles: TissueTiles,
    parts: Iterable[Part],
    predict: Predict,
    n_classes: int,
    batch_size: int,
) -> Iterator[tuple[Points, Heat]]:
    """Level-0 corners (n, 2) and heat (n, ..., tile, tile) by batch; 0 for unreadable tiles."""
    l0_corners = tiles.l0_corners
    unread = np.ones(len(l0_corners), dtype=np.bool_)
    for rows, pixels in parts:
        unread[rows] = False
        for start in range(0, len(rows), batch_size):
            batch = pixels[start : start + batch_size]
            heat = predict(_padded(batch, batch_size))[: len(batch)]
            yield l0_corners[rows[start : start + batch_size]], heat
    tile = tiles.grid.tile
    layers = () if n_classes == 1 else (n_classes,)
    nothing = np.zeros((int(unread.sum()), *layers, tile, tile), dtype=np.float32)
    yield l0_corners[unread], nothing


def _padded(pixels: NDArray[np.uint8], n: int) -> NDArray[np.uint8]:
    """A batch of always `n` tiles, so that a tile's heat does not depend on its company."""
    return np.pad(pixels, ((0, n - len(pixels)), (0, 0), (0, 0), (0, 0)))
