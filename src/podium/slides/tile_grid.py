"""Where the tiles of a slide lie, and how they are read: one regular grid, in large parts.

A tile is `tile` x `tile` pixels of a frame whose pixel is `downsample` level-0 pixels wide. Corners
`l_` are counted in pixels of that frame, corners `l0_` are the same points in level-0 pixels.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError, SettingsError
from podium.slides.mpp import MAX_MPP, MIN_MPP
from podium.slides.reader import Box, Pixels, Slide, UnreadableRegion

Points = NDArray[np.int64]  # x, y (N, 2)
Rows = NDArray[np.int64]  # indices (n,) of tiles in an array (N, 2) of corners
Part = tuple[Rows, Pixels]
SUPER_PX = 2048  # side of one large read, in pixels of the tiles: 16 MiB and as much in tiles
TOLERANCE = 0.05  # a level this close to the mpp asked for is taken as it is: 0.499 serves for 0.5


@dataclass(frozen=True)
class Grid:
    """The tiles of one slide.

    Attributes:
        size: (w, h) of the slide at level 0.
        downsample: level-0 pixels per pixel of a tile.
        tile: side of a tile, in pixels of the frame.
        stride: from one tile to the next, in pixels of the frame; less than `tile` is overlap.
    """

    size: tuple[int, int]
    downsample: float
    tile: int
    stride: int

    def __post_init__(self) -> None:
        if not 1 <= self.stride <= self.tile:
            raise SettingsError(
                f"a stride of {self.stride} px must lie between 1 and the tile's {self.tile} px\n"
                "remedy: set tile_slides.stride, or predict_slides.stride, so"
            )

    @property
    def frame(self) -> tuple[int, int]:
        """(w, h) of the slide in pixels of the tiles; a last part of a pixel is left out."""
        w, h = (max(1, math.floor(side / self.downsample + 1e-6)) for side in self.size)
        return w, h

    @property
    def l_corners(self) -> Points:
        """x, y (N, 2) of the top left corners of all tiles in the frame, row by row."""
        l_x, l_y = (starts(side, self.tile, self.stride) for side in self.frame)
        return np.stack([np.tile(l_x, len(l_y)), np.repeat(l_y, len(l_x))], axis=1)

    def to_l0(self, l_corners: Points) -> Points:
        """Corners (N, 2) of the frame in level-0 pixels."""
        return _rounded(l_corners * self.downsample)

    def to_frame(self, l0_corners: Points) -> Points:
        """Level-0 corners (N, 2) in pixels of the frame; undoes `to_l0` exactly."""
        return _rounded(l0_corners / self.downsample)

    def window(self, l_corners: Points) -> Box:
        """The smallest window, as `Slide.read` takes it, that holds the tiles at corners (N, 2)."""
        first = l_corners.min(axis=0)
        (l0_x, l0_y), (w, h) = self.to_l0(first), l_corners.max(axis=0) - first + self.tile
        return int(l0_x), int(l0_y), int(w), int(h)

    def cut(self, picture: Pixels, l_corners: Points) -> Pixels:
        """Tiles (N, tile, tile, ...) from a picture (h, w, ...) of the `window` of `l_corners`."""
        begins = (l_corners - l_corners.min(axis=0)).tolist()
        return np.stack([picture[y : y + self.tile, x : x + self.tile] for x, y in begins])

    def super_tiles(
        self, l_corners: Points, side: int | None = None, height: int | None = None
    ) -> list[Rows]:
        """Rows of `l_corners` that lie in the same square of the frame, one array per square.

        Args:
            l_corners: (N, 2) of some tiles of the grid.
            side: of a square, at least a tile. Tile 256, stride 128, side 1024: the tiles that
                begin at 0, 128, ... 768; then those from 896 on.
            height: of a square that is lower than wide; None: `side`.

        Returns:
            The squares row by row, and in each the tiles in the order of `l_corners`.
        """
        side = SUPER_PX if side is None else side
        reach = np.array([side, height or side]) - self.tile
        column, row = (l_corners // (self.stride * (reach.clip(0) // self.stride + 1))).T
        order = np.lexsort((column, row))
        ends = np.flatnonzero(np.diff(row[order]) | np.diff(column[order])) + 1
        return np.split(order, ends) if len(order) else []


def read_tiles(
    slide: Slide, grid: Grid, l_corners: Points, threads: int = 1, max_damaged: float = 0.1,
    height: int | None = None,
) -> Iterator[Part]:  # fmt: skip
    """Rows (n,) of `l_corners` and their pixels (n, tile, tile, 3), read many tiles at a time.

    A pixel is decoded once per square of `Grid.super_tiles`, however many tiles share it. Threads
    read ahead by one handle, whose last tiles they share. Tiles that cannot be read are left out.

    Args:
        slide: opened.
        grid: of the slide.
        l_corners: (N, 2) of the tiles to read.
        threads: how many read at the same time.
        max_damaged: share of tiles that may be unreadable.
        height: of the squares, where memory bounds it.

    Raises:
        UnreadableRegion: more tiles than that cannot be read.
    """
    idle: SimpleQueue[Slide] = SimpleQueue()
    opened = slide.reopen()
    for _ in range(threads):
        idle.put(opened.shared() if threads > 1 else opened)

    def read(rows: Rows) -> Part:
        own = idle.get()
        try:
            return _read(own, grid, l_corners, rows)
        finally:
            idle.put(own)

    waiting: deque[tuple[int, Future[Part]]] = deque()
    squares, n_damaged = deque(grid.super_tiles(l_corners, height=height)), 0
    with ThreadPoolExecutor(threads) as pool:
        while squares or waiting:
            while squares and len(waiting) <= threads:
                waiting.append((len(squares[0]), pool.submit(read, squares.popleft())))
            n_asked, future = waiting.popleft()
            part = future.result()
            n_damaged += n_asked - len(part[0])
            if n_damaged > max_damaged * len(l_corners):
                raise UnreadableRegion(
                    f"{slide.path}: damaged: {n_damaged} of {len(l_corners)} tiles cannot be read\n"
                    "remedy: copy it again"
                )
            yield part


def _read(slide: Slide, grid: Grid, l_corners: Points, rows: Rows) -> Part:
    try:
        picture = slide.read(grid.window(l_corners[rows]), grid.downsample)
    except UnreadableRegion:
        if len(rows) == 1:
            return rows[:0], np.empty((0, grid.tile, grid.tile, 3), dtype=np.uint8)
        halves = [_read(slide, grid, l_corners, half) for half in np.array_split(rows, 2)]
        return np.concatenate([h[0] for h in halves]), np.concatenate([h[1] for h in halves])
    return rows, grid.cut(picture, l_corners[rows])


def starts(length: int, tile: int, stride: int) -> Points:
    """Where tiles (n,) begin along a side: every `stride`, and a last one flush with the end.

    110 px, tile 64, stride 32 -> 0, 32, 46. A side shorter than a tile gets one tile at 0.

    Args:
        length: of the side, pixels.
        tile: side of a tile, pixels.
        stride: from one tile to the next, pixels.
    """
    last = max(0, length - tile)
    return np.append(np.arange(0, last, stride, dtype=np.int64), last)


def grid_of(
    slide: Slide, tile: int, stride: int, target_mpp: float | None = None, level: int = 0
) -> Grid:
    """The grid of a slide at `target_mpp`, or at `level` if that is None.

    Args:
        slide: opened.
        tile: side of a tile, in its own pixels.
        stride: from one tile to the next, in the same pixels.
        target_mpp: micrometres per pixel of a tile.
        level: of the slide, 0 = finest.

    Raises:
        PodiumError: the slide's mpp is not known, it is coarser than `target_mpp`, or it has no
            such level; names the remedy.
        SettingsError: no slide can have that grid.
    """
    return Grid(slide.size, _downsample(slide, target_mpp, level), tile, stride)


def _downsample(slide: Slide, target_mpp: float | None, level: int) -> float:
    if target_mpp is not None:
        return _downsample_to(slide, target_mpp)
    last = len(slide.downsamples) - 1
    if not 0 <= level <= last:
        raise PodiumError(
            f"{slide.path}: level {level} is asked for, it has levels 0 to {last}\n"
            "remedy: choose one of these, or set target_mpp"
        )
    return slide.downsamples[level]


def _downsample_to(slide: Slide, target_mpp: float) -> float:
    """That of a level where one is close enough, so that its own pixels are used; else exact."""
    if not MIN_MPP <= target_mpp <= MAX_MPP:
        raise SettingsError(
            f"target_mpp {target_mpp:g} cannot be true\n"
            f"remedy: give micrometres per pixel, {MIN_MPP} to {MAX_MPP:g}"
        )
    mpp = required_mpp(slide)
    exact = target_mpp / mpp
    nearest = min(slide.downsamples, key=lambda downsample: abs(downsample / exact - 1))
    if abs(nearest / exact - 1) <= TOLERANCE:
        return nearest
    if exact < 1:
        raise PodiumError(
            f"{slide.path}: its mpp of {mpp:g} is coarser than target_mpp {target_mpp:g}\n"
            "remedy: raise target_mpp; detail that was not scanned cannot be had"
        )
    return exact


def required_mpp(slide: Slide) -> float:
    """Micrometres per level-0 pixel of a slide.

    Raises:
        PodiumError: unknown, or a value in the file that cannot be true.
    """
    if (mpp := slide.mpp) is not None:
        return mpp
    odd = slide.claimed_mpp
    why = "it does not say its mpp" if odd is None else f"its mpp of {odd:g} cannot be true"
    raise PodiumError(
        f"{slide.path}: target_mpp is set, but {why}\n"
        "remedy: give its mpp (--mpp, or in slides.csv), or set target_mpp to null and a level"
    )


def _rounded(values: NDArray[np.floating[Any]]) -> Points:
    return np.floor(values + 0.5).astype(np.int64)
