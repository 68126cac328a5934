"""Overlapping predictions of tiles blended into one heat map per slide, band by band.

A heat map lives in the grid's frame: one pixel per pixel of a tile. Each pixel is the mean of all
predictions for it, weighted by a window that fades towards the edges of a tile, so that no edge
shows. The mean is updated tile by tile, mean += (p - mean) * w / (sum of w so far) (West 1979,
doi:10.1145/359146.359153): a constant stays that constant to the last bit, whatever the weights.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError, disk_fault
from podium.core.feature_store import open_hdf5
from podium.core.files import (
    atomic_write,
    locked,
    require_space,
    scratch_dir,
)
from podium.slides.tile_grid import Grid, Points

Heat = NDArray[np.float32]
Band = tuple[int, Heat]  # first row, heat (rows, w)
BAND = 512  # rows of a heat map at a time
MEMORY = 1 << 30  # bytes of unfinished bands held before one is put aside on disk


def window(tile: int) -> Heat:
    """Weights (tile, tile): a Hann window taken at the centres of pixels, so never 0."""
    side = np.sin(np.pi * (np.arange(tile) + 0.5) / tile) ** 2
    return np.outer(side, side).astype(np.float32)


def stitched(
    grid: Grid,
    coordinates: Points,
    parts: Iterable[tuple[Points, Heat]],
    memory: int = MEMORY,
    rows: int = BAND,
) -> Iterator[Band]:
    """The heat map of a slide in bands of `rows`, from top to bottom; 0 where no tile lies.

    A band is given out as soon as its last tile came, so predictions in the order of
    `Grid.super_tiles` need little memory; in any other order, bands that wait go to disk.

    Args:
        grid: of the slide.
        coordinates: x, y (N, 2) at level 0 of every tile that is going to be predicted.
        parts: coordinates (n, 2) and predictions (n, tile, tile), until all N came once.
        memory: bytes of bands held at a time, two at least.
        rows: of a band.

    Raises:
        PodiumError: a tile has no prediction or two, or one that is not finite.
    """
    missing = {(x, y) for x, y in grid.corners_at(coordinates).tolist()}
    weights, done = window(grid.tile), 0
    with tempfile.TemporaryDirectory(dir=scratch_dir("stitch")) as folder:
        bands = _Bands(grid.frame, rows, memory, Path(folder))
        left = np.zeros(bands.count, dtype=np.int64)  # tiles that each band still waits for
        for _, y in missing:
            left[bands.under(y, grid.tile)] += 1
        for at, predictions in parts:
            for corner, prediction in zip(grid.corners_at(at).tolist(), predictions, strict=True):
                _check_off(missing, tuple(corner), prediction)
                bands.blend(corner, prediction, weights)
                left[bands.under(corner[1], grid.tile)] -= 1
            while done < bands.count and not left[done]:
                yield done * rows, bands.taken(done)
                done += 1
        if missing:
            raise PodiumError(f"{len(missing)} tiles have no prediction, one at {min(missing)}")
        for number in range(done, bands.count):
            yield number * rows, bands.taken(number)


def _check_off(missing: set[tuple[int, int]], corner: tuple[int, int], prediction: Heat) -> None:
    if corner not in missing:
        raise PodiumError(
            f"a prediction came for {corner} of the frame, which has no tile or had one"
        )
    if not np.isfinite(prediction).all():
        raise PodiumError(f"the prediction for the tile at {corner} of the frame is not finite")
    missing.remove(corner)


class _Bands:
    """Means and weights (2, rows, w) of bands in the making; all but the latest on disk."""

    def __init__(self, frame: tuple[int, int], rows: int, memory: int, aside: Path) -> None:
        self._width, self._height = frame
        self._rows, self._aside = rows, aside
        self._held: dict[int, Heat] = {}  # in the order of their last use
        self._n_held = max(2, memory // (2 * 4 * rows * self._width))
        self.count = -(-self._height // rows)

    def under(self, y: int, tile: int) -> slice:
        """The bands that a tile from row `y` on reaches into."""
        return slice(y // self._rows, -(-min(y + tile, self._height) // self._rows))

    def blend(self, corner: Sequence[int], prediction: Heat, weights: Heat) -> None:
        """Take a prediction (tile, tile) into the mean of every band it reaches into."""
        under = self.under(corner[1], len(weights))
        for number in range(under.start, under.stop):
            x, y = corner[0], corner[1] - number * self._rows  # y < 0: the tile began further up
            band = self._band(number)[:, max(y, 0) : y + len(weights), x : x + len(weights)]
            top, (mean, weight) = max(-y, 0), band
            part = slice(top, top + band.shape[1]), slice(0, band.shape[2])
            weight += weights[part]
            mean += (prediction[part] - mean) * (weights[part] / weight)

    def taken(self, number: int) -> Heat:
        """The finished mean (rows, w) of a band, which is forgotten."""
        mean, _ = self._band(number)
        del self._held[number]
        return mean

    def _band(self, number: int) -> Heat:
        band = self._held.pop(number, None)
        if band is None:
            if len(self._held) >= self._n_held:
                self._put_aside(next(iter(self._held)))
            band = self._brought_back(number)
        self._held[number] = band
        return band

    def _path(self, number: int) -> Path:
        return self._aside / f"{number}.f4"

    def _put_aside(self, number: int) -> None:
        path = self._path(number)
        try:
            with path.open("wb") as file:
                file.write(self._held.pop(number).data)
        except OSError as error:
            raise disk_fault(error, path) or error from None

    def _brought_back(self, number: int) -> Heat:
        path = self._path(number)
        shape = (2, min(self._rows, self._height - number * self._rows), self._width)
        if not path.exists():
            return np.zeros(shape, dtype=np.float32)
        band = np.fromfile(path, dtype=np.float32).reshape(shape)
        path.unlink()
        return band


def write_heat_map(
    path: Path, grid: Grid, bands: Iterable[Band], provenance: dict[str, Any]
) -> None:
    """Write a heat map (h, w) float32 in the grid's frame, whole or not at all, to an HDF5 file."""
    w, h = grid.frame
    require_space(path, w * h * 4 + w * h // 1000 + (1 << 20))
    with locked(path), atomic_write(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["provenance"] = json.dumps(provenance, sort_keys=True)
        file.attrs["size"], file.attrs["downsample"] = grid.size, grid.downsample
        chunks = min(h, BAND), min(w, BAND)
        heat = file.create_dataset(
            "heat", (h, w), "f4", chunks=chunks, compression="lzf", shuffle=True, fletcher32=True
        )
        for row, band in bands:
            heat[row : row + len(band)] = band


def heat_bands(path: Path, rows: int = BAND) -> Iterator[Band]:
    """A written heat map in bands of `rows`, from top to bottom; one of `rows` = h is all of it."""
    with open_hdf5(path, "heat map") as file:
        for row in range(0, len(file["heat"]), rows):
            yield row, file["heat"][row : row + rows]


def mask_bands(path: Path, threshold: float, rows: int = BAND) -> Iterator[NDArray[np.uint8]]:
    """Masks {0, 1} (up to `rows`, w) of a written heat map at level 0: 1 = `threshold` or above.

    Each level-0 pixel takes the heat of the pixel of the frame its centre lies in.
    """
    with open_hdf5(path, "heat map") as file:
        heat, downsample = file["heat"], float(file.attrs["downsample"])
        w, h = (int(side) for side in file.attrs["size"])
        columns = _below(np.arange(w), downsample, heat.shape[1])
        for row in range(0, h, rows):
            lines = _below(np.arange(row, min(row + rows, h)), downsample, heat.shape[0])
            tumour = heat[lines[0] : lines[-1] + 1] >= threshold
            yield tumour[lines - lines[0]][:, columns].astype(np.uint8)


def _below(l0: NDArray[np.int64], downsample: float, count: int) -> NDArray[np.int64]:
    return np.minimum((l0 + 0.5) // downsample, count - 1).astype(np.int64)
