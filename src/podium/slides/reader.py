"""Slides opened and read: the only file that knows OpenSlide.

Every slide is read in one frame, the pixels of level 0 (the finest), and white where it has none.
Formats OpenSlide opens are read through it; a TIFF without tiles, PNG or JPEG (the competition's
crops) is decoded whole and has one level.
"""

from __future__ import annotations

import io
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import openslide
from numpy.typing import NDArray
from PIL import Image, ImageOps

from podium.core import picture_decoder
from podium.core.errors import PodiumError, first_line

Pixels = NDArray[np.uint8]
# x, y of the top left corner in level-0 pixels; width, height in pixels of what is read
Box = tuple[float, float, int, int]

MIN_MPP, MAX_MPP = 0.05, 20.0  # micrometres per pixel; default TIFF tags claim 353 or 1000
_AT_ONCE = 1 << 23  # pixels of a level read in one go
_SQUARE = 512  # pixels of a level: what OpenSlide paints while it stays in the processor's cache
_CLOSE_TO = 1.01  # a level this much coarser than what is asked for still serves
_MAX_DAMAGED = 64  # places a thumbnail leaves white before the slide counts as broken
_SMALL = 256  # level-0 pixels: the side of a damaged place that is not searched any further
_REMEDY = "remedy: copy it again, or convert it to a tiled TIFF (vips tiffsave --tile --pyramid)"


class UnreadableRegion(PodiumError):
    """A part of a slide that cannot be decoded; the rest of the slide still can."""


class Slide:
    """One slide, for one thread; `another` or a pickle gives the next thread or process its own.

    Attributes:
        path: the file.
        size: (w, h) at level 0.
        downsamples: level-0 pixels per pixel of each level, the finest first: 1.0, ...
        claimed_mpp: micrometres per pixel as given or as the file says, however odd, or None.
    """

    def __init__(self, source: _Pyramid | _Flat, *opened: Any) -> None:
        self._source, self._opened = source, opened
        self.path: Path = opened[0]
        self.size, self.downsamples = source.size, source.downsamples
        self.claimed_mpp: float | None = opened[1] or source.mpp

    @classmethod
    def open(cls, path: Path, mpp: float | None = None, max_megapixels: float = 64.0) -> Self:
        """The slide at `path`.

        Args:
            path: any format OpenSlide opens, or a flat TIFF, PNG, JPEG, WebP or BMP.
            mpp: micrometres per pixel at level 0, where that is known better than from the file.
            max_megapixels: larger flat pictures, which memory holds whole, are refused unread.

        Raises:
            PodiumError: it is missing, damaged, no slide or too large, or `mpp` cannot be true.
        """
        if mpp is not None and not MIN_MPP <= mpp <= MAX_MPP:
            raise PodiumError(
                f"{path}: an mpp of {mpp:g} is not between {MIN_MPP} and {MAX_MPP:g} micrometres\n"
                "remedy: correct it in slides.csv, or leave it empty"
            )
        return cls(_source(path, max_megapixels), path, mpp, max_megapixels)

    @property
    def mpp(self) -> float | None:
        """Micrometres per pixel at level 0; None where unknown, or too odd to be believed."""
        return self.claimed_mpp if MIN_MPP <= (self.claimed_mpp or 0) <= MAX_MPP else None

    def thumbnail(self, max_side: int) -> tuple[Pixels, float]:
        """RGB pixels (h, w, 3) of all, no side over `max_side`, and their downsample.

        Raises:
            UnreadableRegion: more than a few places are damaged; those few stay white.
        """
        downsample = max(1.0, max(self.size) / max_side)
        width, height = (max(1, round(side / downsample)) for side in self.size)
        return self.read((0, 0, width, height), downsample, damaged=[]), downsample

    def read(self, box: Box, downsample: float = 1, damaged: list[Box] | None = None) -> Pixels:
        """RGB pixels (h, w, 3) of a window, white where the slide has none.

        Args:
            box: x and y at level 0, which may lie outside the slide; w and h of the result.
            downsample: level-0 pixels per pixel of the result, at least 1. One of `downsamples`
                gives that level's own pixels; others are averaged from the next finer level.
            damaged: where given, a few places that cannot be read are added to it and stay white.

        Raises:
            UnreadableRegion: that part of the slide is damaged; the next read starts afresh.
        """
        if not downsample >= 1:
            raise ValueError(f"a downsample of {downsample:g} would invent pixels")
        x, y, width, height = box
        own = max(one for one in self.downsamples if one <= downsample * _CLOSE_TO)
        w, h = (max(1, int(side * downsample / own + 0.5)) for side in box[2:])
        if w * h > _AT_ONCE and max(width, height) > 1:
            return self._in_halves(box, downsample, damaged)
        try:
            pixels = self._source.region((x, y), self.downsamples.index(own), (w, h))
        except openslide.OpenSlideError as error:
            self._source = self._source.another()  # after an error a handle reads nothing any more
            if damaged is None or len(damaged) == _MAX_DAMAGED:
                at = (
                    f"damaged at x {x:g}, y {y:g} of level 0, {width}x{height} px of {downsample:g}"
                )
                raise UnreadableRegion(f"{self.path}: {at}: {first_line(error)}") from None
            if max(width, height) > max(1, _SMALL / downsample):
                return self._in_halves(box, downsample, damaged)
            damaged.append(box)
            return np.full((height, width, 3), 255, dtype=np.uint8)
        if (w, h) == (width, height):
            return pixels
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), "u1")

    def _in_halves(self, box: Box, downsample: float, damaged: list[Box] | None) -> Pixels:
        """The window read in two parts, cut across its longer side."""
        x, y, width, height = box
        cut = max(width, height) // 2
        if width > height:
            parts = (x, y, cut, height), (x + cut * downsample, y, width - cut, height)
        else:
            parts = (x, y, width, cut), (x, y + cut * downsample, width, height - cut)
        found = [self.read(part, downsample, damaged) for part in parts]
        return np.concatenate(found, axis=int(width > height))

    def another(self) -> Slide:
        """The same slide, to be read by another thread."""
        return Slide(self._source.another(), *self._opened)

    def __reduce__(self) -> tuple[Any, ...]:
        return Slide.open, self._opened


def _source(path: Path, max_megapixels: float) -> _Pyramid | _Flat:
    try:
        if openslide.OpenSlide.detect_format(path):
            return _Pyramid(path)
        return _Flat(_flat_pixels(path, max_megapixels))
    except (openslide.OpenSlideError, picture_decoder.UnreadableImage, OSError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or first_line(error)
        raise PodiumError(f"{path}: cannot be opened as a slide: {reason}\n{_REMEDY}") from None


class _Pyramid:
    """A slide that OpenSlide opens."""

    def __init__(self, path: Path) -> None:
        self._path, self._handle = path, openslide.OpenSlide(path)
        self.size, self.downsamples = self._handle.dimensions, self._handle.level_downsamples
        self.mpp: float | None = None
        with suppress(KeyError, ValueError):
            self.mpp = sum(float(self._handle.properties[f"openslide.mpp-{k}"]) for k in "xy") / 2

    def region(self, corner: tuple[float, float], level: int, size: tuple[int, int]) -> Pixels:
        """RGB (h, w, 3) from `corner` of level 0 on; beyond the slide OpenSlide gives alpha 0."""
        pixels, step = np.empty((size[1], size[0], 3), dtype=np.uint8), self.downsamples[level]
        for left, top in product(*(range(0, side, _SQUARE) for side in size)):
            part = pixels[top : top + _SQUARE, left : left + _SQUARE]
            place = round(corner[0] + left * step), round(corner[1] + top * step)
            part[:] = _on_white(self._handle.read_region(place, level, part.shape[1::-1]))
        return pixels

    def another(self) -> _Pyramid:
        return _Pyramid(self._path)


class _Flat:
    """A picture held in memory by all threads together; its resolution tags are about paper."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels, self.size = pixels, pixels.shape[1::-1]
        self.downsamples, self.mpp = (1.0,), None

    def region(self, corner: tuple[float, float], _: int, size: tuple[int, int]) -> Pixels:
        """RGB (h, w, 3) from `corner` on; white beyond the picture."""
        (x, y), (width, height) = map(round, corner), size
        part = self._pixels[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
        region = np.full((height, width, 3), 255, dtype=np.uint8)
        region[max(-y, 0) :, max(-x, 0) :][: part.shape[0], : part.shape[1]] = part
        return region

    def another(self) -> _Flat:
        return self


def _flat_pixels(path: Path, max_megapixels: float) -> Pixels:
    """RGB (h, w, 3) of a flat picture under the policy of `images`; of a TIFF, its first page."""
    if path.stat().st_size > 8e6 * max_megapixels:  # bytes: four channels of 16 bits
        raise picture_decoder.UnreadableImage(f"too large for {max_megapixels:g} flat megapixels")
    data = path.read_bytes()
    if data[:2] not in (b"II", b"MM"):
        return np.asarray(picture_decoder.decode(data, max_megapixels))
    try:
        with Image.open(io.BytesIO(data), formats=["TIFF"]) as page:
            if page.width * page.height > max_megapixels * 1e6:
                raise ValueError(f"{page.size} px is over {max_megapixels:g} megapixels")
            if page.mode.startswith(("I", "F")):
                raise ValueError("more than 8 bits in a channel")
            return _on_white(ImageOps.exif_transpose(page).convert("RGBA"))
    except Exception as error:  # Pillow raises many kinds on damaged files
        raise picture_decoder.UnreadableImage(f"flat TIFF: {error}") from None


def _on_white(image: Image.Image) -> Pixels:
    if image.getchannel("A").getextrema() == (255, 255):
        return np.frombuffer(image.tobytes("raw", "RGB"), "u1").reshape(*image.size[::-1], 3)
    rgba = np.asarray(image, dtype=np.float32)
    return np.rint(255 - rgba[:, :, 3:] / 255 * (255 - rgba[:, :, :3])).astype(np.uint8)
