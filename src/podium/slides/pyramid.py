"""Slides that OpenSlide opens."""

from __future__ import annotations

from contextlib import suppress
from ctypes import POINTER, c_uint32
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import openslide
from numpy.typing import NDArray
from openslide import lowlevel

from podium.slides.annotations.frame import Frame
from podium.slides.flat_picture import on_white

Pixels = NDArray[np.uint8]
SQUARE = 512  # pixels of a level: what OpenSlide paints while it stays in the processor's cache


class Pyramid:
    """A slide that OpenSlide opens, with the pixels of its levels."""

    note = ""

    def __init__(self, path: Path, mpp: tuple[float, float] | None = None) -> None:
        self._path, self._handle, self._ome_mpp = path, openslide.OpenSlide(path), mpp
        self.size, self.downsamples = self._handle.dimensions, self._handle.level_downsamples
        mpp = mpp or self._numbers("openslide.mpp-x", "openslide.mpp-y")
        self.mpp = None if mpp is None else sum(mpp) / 2
        offset = self._numbers(*(f"hamamatsu.{axis}OffsetFromSlideCentre" for axis in "XY"))
        x, y = self._numbers("openslide.bounds-x", "openslide.bounds-y") or (0.0, 0.0)
        self.frame = Frame(self.size, (round(x), round(y)), mpp, offset)

    def _numbers(self, *names: str) -> tuple[float, float] | None:
        """Two numbers among the slide's properties, or None."""
        with suppress(KeyError, ValueError):
            x, y = (float(self._handle.properties[name]) for name in names)
            return x, y
        return None

    def region(self, l0_corner: tuple[float, float], level: int, size: tuple[int, int]) -> Pixels:
        """RGB (h, w, 3) of a level. Beyond the slide OpenSlide gives alpha 0, which becomes white.

        Args:
            l0_corner: x, y of the first pixel, in level-0 pixels.
            level: its number.
            size: (w, h) in pixels of the level.
        """
        pixels, step = np.empty((size[1], size[0], 3), dtype=np.uint8), self.downsamples[level]
        for l_x, l_y in product(*(range(0, side, SQUARE) for side in size)):
            part = pixels[l_y : l_y + SQUARE, l_x : l_x + SQUARE]
            l0_x, l0_y = round(l0_corner[0] + l_x * step), round(l0_corner[1] + l_y * step)
            self._read_into(part, (l0_x, l0_y), level)
        return pixels

    def _read_into(self, part: Pixels, l0_corner: tuple[int, int], level: int) -> None:
        """Read RGB pixels (h, w, 3), without the copies of `read_region` where all are opaque."""
        argb, (h, w) = np.empty(part.shape[:2], dtype=np.uint32), part.shape[:2]
        pointer = argb.ctypes.data_as(POINTER(c_uint32))
        lowlevel._read_region(self._handle._osr, pointer, *l0_corner, level, w, h)
        if argb.min() >= 0xFF000000:  # alpha 255; in memory blue comes first
            cv2.cvtColor(argb.view("u1").reshape(h, w, 4), cv2.COLOR_BGRA2RGB, dst=part)
        else:
            part[:] = on_white(self._handle.read_region(l0_corner, level, (w, h)))

    def reopen(self) -> Pyramid:
        """The same slide with a handle of its own."""
        return Pyramid(self._path, self._ome_mpp)
