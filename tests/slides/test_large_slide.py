"""A slide's way from tiles to files takes memory by the width of its frame, not by its area."""

from __future__ import annotations

import tracemalloc
from typing import ClassVar

import cv2
import numpy as np
import pytest
import tifffile

from podium.slides import export, rle, slide_results, stitch
from podium.slides.annotations import raster
from podium.slides.export import write_outputs
from podium.slides.heat import heat_map
from podium.slides.slide_classification import SlidePrediction
from podium.slides.slide_results import HeatStatistics
from podium.slides.tile_grid import Grid
from podium.slides.tissue_tiles import TissueTiles
from slide_networks import row

SIDE, TILE, MIB = 2048, 128, 2**20
WHOLE = SIDE * SIDE  # bytes of a mask of the frame; its heat has four times as many


def blobs(x, y, w, h):
    """Whether (h, w) pixels from x, y on lie in round things of radius 40, 160 px apart."""
    columns, rows = ((at + np.arange(n, dtype=np.int16)) % 160 - 80 for at, n in ((x, w), (y, h)))
    return columns**2 + rows[:, None] ** 2 < 1600


class Plane:
    """A slide without end: red says the heat."""

    path, size, downsamples = "plane", (SIDE, SIDE), (1.0,)

    def read(self, box, downsample, damaged=None):
        x, y, w, h = map(int, box)
        pixels = np.full((h, w, 3), 90, np.uint8)
        pixels[..., 0] = blobs(x, y, w, h) * np.uint8(255)
        return pixels

    def reopen(self):
        return self

    shared = reopen


class Reds:
    """A network that takes red for heat."""

    classes = ("tumour",)
    engine: ClassVar[dict[str, str]] = {}

    def heat(self, pixels, fold, turns=1):
        return pixels[..., 0] / np.float32(255)


@pytest.fixture
def tiles(monkeypatch):
    for module, name, value in (
        (stitch, "MEMORY", MIB), (slide_results, "_AT_ONCE", 2**16), (export, "MAX_PNG", 1000),
        (stitch, "BAND", 64), (raster, "BAND", 2**18), (slide_results, "PREVIEW", 60),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    grid = Grid((SIDE, SIDE), 1.0, TILE, TILE)
    thumbnail, tissue = np.full((256, 256, 3), 150, np.uint8), np.ones((256, 256), np.uint8)
    shares = np.ones(len(grid.l_corners), np.float32)
    return TissueTiles(Plane(), grid, grid.l_corners, shares, thumbnail, tissue, SIDE / 256)


def peak_of(work):
    """What `work` gives, and the most bytes that Python and NumPy held for it."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_area(tiles, tmp_path):
    statistics = HeatStatistics(tiles, None, False)

    def predicted():
        return heat_map(tiles, Reds(), -1, 8, "k", 0.1, statistics.add)

    heat, n_bytes = peak_of(predicted)
    assert n_bytes < 2 * WHOLE, n_bytes
    slide = SlidePrediction(statistics.result(row(width=SIDE, height=SIDE), heat), 0.9, 128)
    (tmp_path / "out").mkdir()
    _, n_bytes = peak_of(lambda: write_outputs(slide, tmp_path / "out", tmp_path / "overlay.png"))
    assert n_bytes < 2 * WHOLE, n_bytes
    mask = tifffile.imread(tmp_path / "out" / "a.tif")
    wanted = blobs(0, 0, SIDE, SIDE)
    assert np.array_equal(mask > 0, wanted)
    assert np.array_equal(
        rle.decode((tmp_path / "out" / "a.rle").read_text(), (SIDE, SIDE)), wanted
    )
    assert cv2.imread(str(tmp_path / "overlay.png")) is not None
