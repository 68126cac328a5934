"""Overlapping predictions of tiles blended into one heat map per slide, band by band.

A heat map lives in the grid's frame: one pixel per pixel of a tile. Each pixel is the mean of all
predictions for it, weighted by a window that fades towards the edges of a tile, so that no edge
shows: the sum of weighted predictions over the sum of weights. 0 and 1 stay what they are to the
last bit, whatever the weights; other constants within 1e-6.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError, disk_fault
from podium.core.files import scratch_dir
from podium.core.hdf5_file import create_hdf5, dataset, open_hdf5
from podium.slides.annotations.packed_mask import MaskRows
from podium.slides.tile_grid import Grid, Points

Heat = NDArray[np.float32]
Band = tuple[int, Heat]  # first row, heat (rows, w), of several classes (K, rows, w)
BAND = 512  # rows of a heat map at a time, of a very wide one fewer
MEMORY = 1 << 28  # bytes of unfinished bands held before one is put aside on disk


def window(tile: int) -> Heat:
    """Weights (tile, tile): a Hann window taken at the centres of pixels, so never 0."""
    side = np.sin(np.pi * (np.arange(tile) + 0.5) / tile) ** 2
    return np.outer(side, side).astype(np.float32)


def band_rows(grid: Grid, n_classes: int = 1) -> int:
    """Rows of a band: BAND, or so many fewer that four bands fit MEMORY."""
    rows = BAND
    while rows > 1 and 4 * rows * _row_bytes(grid, n_classes) > MEMORY:
        rows //= 2
    return rows


def square_height(grid: Grid, n_classes: int, most: int) -> int:
    """How many rows tiles predicted together may span, that their bands fit MEMORY.

    Args:
        grid: of the slide.
        n_classes: K.
        most: rows, however small the bands are.
    """
    rows = MEMORY // _row_bytes(grid, n_classes) - 2 * band_rows(grid, n_classes)
    return max(grid.tile, min(most, rows))


def _row_bytes(grid: Grid, n_classes: int) -> int:
    """Bytes of a row of the sums of predictions and of weights."""
    return (n_classes + 1) * 4 * grid.frame[0]


def stitch(
    grid: Grid,
    l0_corners: Points,
    parts: Iterable[tuple[Points, Heat]],
    n_classes: int = 1,
    memory: int = MEMORY,
    rows: int | None = None,
) -> Iterator[Band]:
    """The heat map of a slide in bands of `rows`, from top to bottom; 0 where no tile lies.

    A band is yielded as soon as its last tile came, so predictions in the order of
    `Grid.super_tiles` need little memory; in any other order, unfinished bands go to disk.

    Args:
        grid: of the slide.
        l0_corners: x, y (N, 2) at level 0 of every tile that is going to be predicted.
        parts: level-0 corners (n, 2) and predictions (n, tile, tile), of several classes
            (n, K, tile, tile), until all N came once.
        n_classes: K.
        memory: bytes of bands held at a time; two bands are held at least.
        rows: of a band; None: `band_rows`.

    Raises:
        PodiumError: a tile has no prediction or two, or one that is not finite.
    """
    rows = rows or band_rows(grid, n_classes)
    missing = {(l_x, l_y) for l_x, l_y in grid.to_frame(l0_corners).tolist()}
    weights, done = window(grid.tile), 0
    with tempfile.TemporaryDirectory(dir=scratch_dir("stitch")) as folder:
        bands = _Bands(grid.frame, n_classes, rows, memory, Path(folder))
        n_missing = np.zeros(bands.count, dtype=np.int64)  # tiles that each band waits for
        for _, l_y in missing:
            n_missing[bands.touched(l_y, grid.tile)] += 1
        for corners, predictions in parts:
            l_corners = grid.to_frame(corners).tolist()
            for l_corner, prediction in zip(l_corners, predictions, strict=True):
                _check_off(missing, tuple(l_corner), prediction)
                bands.blend(l_corner, prediction, weights)
                n_missing[bands.touched(l_corner[1], grid.tile)] -= 1
            while done < bands.count and not n_missing[done]:
                yield done * rows, bands.pop(done)
                done += 1
        if missing:
            raise PodiumError(f"{len(missing)} tiles have no prediction, one at {min(missing)}")
        for number in range(done, bands.count):
            yield number * rows, bands.pop(number)


def _check_off(missing: set[tuple[int, int]], l_corner: tuple[int, int], prediction: Heat) -> None:
    if l_corner not in missing:
        raise PodiumError(
            f"a prediction came for {l_corner} of the frame, which has no tile or had one"
        )
    if not np.isfinite(prediction).all():
        raise PodiumError(f"the prediction for the tile at {l_corner} of the frame is not finite")
    missing.remove(l_corner)


class _Bands:
    """Sums of predictions and of weights (K + 1, rows, w) of unfinished bands, some on disk."""

    def __init__(
        self, frame: tuple[int, int], n_classes: int, rows: int, memory: int, folder: Path
    ) -> None:
        self._width, self._height = frame
        self._rows, self._folder, self._n_layers = rows, folder, n_classes + 1
        self._held: dict[int, Heat] = {}  # in the order of their last use
        self._max_held = max(2, memory // (self._n_layers * 4 * rows * self._width))
        self.count = -(-self._height // rows)

    def touched(self, l_y: int, tile: int) -> slice:
        """Numbers of the bands that a tile from row `l_y` on reaches into."""
        return slice(l_y // self._rows, -(-min(l_y + tile, self._height) // self._rows))

    def blend(self, l_corner: Sequence[int], prediction: Heat, weights: Heat) -> None:
        """Take a prediction (..., tile, tile) into the sums of every band it reaches into."""
        touched = self.touched(l_corner[1], len(weights))
        for number in range(touched.start, touched.stop):
            x, y = l_corner[0], l_corner[1] - number * self._rows  # y < 0: it began further up
            band = self._band(number)[:, max(y, 0) : y + len(weights), x : x + len(weights)]
            top = max(-y, 0)
            part = slice(top, top + band.shape[1]), slice(0, band.shape[2])
            for sums, layer in zip(band[:-1], prediction.reshape(-1, *weights.shape), strict=True):
                cv2.accumulateProduct(layer[part], weights[part], sums)
            cv2.accumulate(weights[part], band[-1])

    def pop(self, number: int) -> Heat:
        """The means (..., rows, w) of a finished band, which is forgotten."""
        *_, weight = band = self._band(number)
        np.maximum(weight, np.finfo(np.float32).tiny, out=weight)  # 0 where no tile lies
        mean = np.divide(band[:-1], weight, out=band[:-1])
        del self._held[number]
        return mean if len(mean) > 1 else mean[0]

    def _band(self, number: int) -> Heat:
        band = self._held.pop(number, None)
        if band is None:
            if len(self._held) >= self._max_held:
                self._write(next(iter(self._held)))
            band = self._read(number)
        self._held[number] = band
        return band

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.f4"

    def _write(self, number: int) -> None:
        path = self._path(number)
        try:
            with path.open("wb") as file:
                file.write(self._held.pop(number).data)
        except OSError as error:
            raise disk_fault(error, path) or error from None

    def _read(self, number: int) -> Heat:
        path = self._path(number)
        shape = (self._n_layers, min(self._rows, self._height - number * self._rows), self._width)
        if not path.exists():
            return np.zeros(shape, dtype=np.float32)
        band = np.fromfile(path, dtype=np.float32).reshape(shape)
        path.unlink()
        return band


def write_heat_map(
    path: Path, grid: Grid, bands: Iterable[Band], provenance: dict[str, Any], n_classes: int = 1
) -> None:
    """Write a heat map (h, w) float32 in the grid's frame, whole or not at all, to an HDF5 file.

    Of several classes it is (K, h, w).

    Args:
        path: of the file.
        grid: of the slide.
        bands: from top to bottom, until the frame is full.
        provenance: what the heat depends on, as JSON values.
        n_classes: K.
    """
    (w, h), rows = grid.frame, band_rows(grid, n_classes)
    layers = () if n_classes == 1 else (n_classes,)
    n_bytes = n_classes * (w * h * 4 + w * h // 1000) + (1 << 20)
    with create_hdf5(path, n_bytes) as (file, reserve):
        reserve(n_bytes)
        file.attrs["provenance"] = json.dumps(provenance, sort_keys=True)
        heat = file.create_dataset(
            "heat", (*layers, h, w), "f4", chunks=(*layers, min(h, rows), min(w, BAND)),
            compression="lzf", shuffle=True, fletcher32=True,
        )  # fmt: skip
        for row, band in bands:
            heat[..., row : row + band.shape[-2], :] = band


def heat_bands(path: Path, rows: int | None = None) -> Iterator[Band]:
    """A written heat map in bands (up to `rows`, w), or (K, rows, w), from top to bottom.

    Bands are as high as they were written, unless `rows` says otherwise.
    """
    with open_hdf5(path, "heat map") as file:
        heat = dataset(file, "heat", "f4", getattr(file.get("heat"), "ndim", 2))
        rows = rows or heat.chunks[-2]
        for row in range(0, heat.shape[-2], rows):
            yield row, heat[..., row : row + rows, :]


def mask_bands(frame_mask: MaskRows, grid: Grid, rows: int = BAND) -> Iterator[NDArray[np.uint8]]:
    """A mask of the frame as a mask of level 0, in bands (up to `rows`, w).

    Each level-0 pixel takes the value of the pixel of the frame that its centre lies in.

    Args:
        frame_mask: (h, w) in the grid's frame.
        grid: of the slide.
        rows: of a band.
    """
    w, h = grid.size
    columns = _frame_indices(np.arange(w), grid.downsample, frame_mask.shape[1])
    for row in range(0, h, rows):
        lines = np.arange(row, min(row + rows, h))
        lines = _frame_indices(lines, grid.downsample, frame_mask.shape[0])
        part = frame_mask[lines[0] : lines[-1] + 1]
        yield part[lines - lines[0]][:, columns].astype(np.uint8)


def _frame_indices(
    l0_positions: NDArray[np.int64], downsample: float, count: int
) -> NDArray[np.int64]:
    return np.minimum((l0_positions + 0.5) // downsample, count - 1).astype(np.int64)
