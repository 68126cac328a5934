"""Slides opened and read.

Positions are given in pixels of level 0 (the finest, `l0_`); beyond its edges a slide is white.
Formats OpenSlide opens are read through it; a TIFF without tiles, PNG or JPEG (the competition's
crops) is decoded whole and has one level.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import openslide
from numpy.typing import NDArray

from podium.core import picture_decoder
from podium.core.errors import EnvironmentFault, PodiumError, first_line
from podium.slides.annotations.frame import Frame
from podium.slides.flat_picture import flat_pixels, tiff_description
from podium.slides.mpp import MAX_MPP, MIN_MPP, refuse_oblong, require_mpp
from podium.slides.ome import planes_as_rgb, read_ome
from podium.slides.pyramid import Pyramid

Pixels = NDArray[np.uint8]
# l0_x, l0_y of the top left corner in level-0 pixels; width, height in pixels of the result
Box = tuple[float, float, int, int]

_MAX_READ = 1 << 23  # pixels of a level read at once
_LEVEL_TOLERANCE = 1.01  # a level may be this much coarser than the downsample asked for
_MAX_DAMAGED = 64  # places a thumbnail leaves white before the slide counts as broken
_SMALL = 256  # level-0 pixels: a damaged place of this side is not divided any further
_TIFF = (".tif", ".tiff")
_REMEDY = "remedy: copy it again, or convert it to a tiled TIFF (vips tiffsave --tile --pyramid)"


class UnreadableRegion(PodiumError):
    """A part of a slide that cannot be decoded; the rest of the slide still can."""


class Slide:
    """One slide, for one thread; `shared` or `reopen` gives the next thread its own.

    A pickle gives it to another process.

    Attributes:
        path: the file.
        size: (w, h) at level 0.
        downsamples: level-0 pixels per pixel of each level, the finest first: 1.0, ...
        frame: from where the programs that draw outlines count.
        claimed_mpp: micrometres per level-0 pixel as given or as in the file, unchecked, or None.
        note: what a person should know of how it is read, or ''.
    """

    def __init__(self, source: Pyramid | _Flat, *opened: Any) -> None:
        self._source, self._opened, self._is_shared = source, opened, False
        self.path: Path = opened[0]
        self.size, self.downsamples, self.frame = source.size, source.downsamples, source.frame
        self.claimed_mpp: float | None = opened[1] or source.mpp
        self.note = source.note

    @classmethod
    def open(cls, path: Path, mpp: float | None = None, max_megapixels: float = 64.0) -> Self:
        """Open the slide at `path`.

        Args:
            path: any format OpenSlide opens, or a flat TIFF, PNG, JPEG, WebP or BMP.
            mpp: micrometres per level-0 pixel; None takes what the file says.
            max_megapixels: larger flat pictures are refused unread, as memory holds them whole.

        Raises:
            PodiumError: it is missing, damaged, no slide or too large, its pixels are no squares
                and no `mpp` is given, or `mpp` cannot be true.
        """
        require_mpp(path, mpp)
        source = _source(path, max_megapixels)
        if mpp is None:
            refuse_oblong(path, source.frame.mpp)
        return cls(source, path, mpp, max_megapixels)

    def with_default_mpp(self, mpp: float | None) -> Slide:
        """The same opened slide, with `mpp` if its own is unknown or cannot be true.

        Raises:
            PodiumError: `mpp` cannot be true either.
        """
        if mpp is None or self.mpp is not None:
            return self
        require_mpp(self.path, mpp)
        return Slide(self._source, self.path, mpp, *self._opened[2:])

    @property
    def mpp(self) -> float | None:
        """Micrometres per level-0 pixel; None where unknown or outside MIN_MPP to MAX_MPP."""
        return self.claimed_mpp if MIN_MPP <= (self.claimed_mpp or 0) <= MAX_MPP else None

    def thumbnail(self, max_side: int) -> tuple[Pixels, float]:
        """RGB pixels (h, w, 3) of the whole slide, no side over `max_side`, and their downsample.

        Raises:
            UnreadableRegion: more than a few places are damaged; a few are left white.
        """
        downsample = max(1.0, max(self.size) / max_side)
        width, height = (max(1, round(side / downsample)) for side in self.size)
        return self.read((0, 0, width, height), downsample, damaged=[]), downsample

    def read(self, box: Box, downsample: float = 1, damaged: list[Box] | None = None) -> Pixels:
        """RGB pixels (h, w, 3) of a window, white beyond the edges of the slide.

        Args:
            box: l0_x and l0_y, which may lie outside the slide; w and h of the result.
            downsample: level-0 pixels per pixel of the result, at least 1. One of `downsamples`
                gives that level's own pixels; others are averaged from the next finer level.
            damaged: where given, a few places that cannot be read are added to it and left white.

        Raises:
            UnreadableRegion: that part of the slide is damaged; the next read starts afresh.
        """
        if not downsample >= 1:
            raise ValueError(f"a downsample of {downsample:g} would invent pixels")
        l0_x, l0_y, width, height = box
        level_downsample = max(d for d in self.downsamples if d <= downsample * _LEVEL_TOLERANCE)
        w, h = (max(1, int(side * downsample / level_downsample + 0.5)) for side in box[2:])
        if w * h > _MAX_READ and max(width, height) > 1:
            return self._read_halves(box, downsample, damaged)
        try:
            level = self.downsamples.index(level_downsample)
            pixels = self._region((l0_x, l0_y), level, (w, h))
        except openslide.OpenSlideError as error:
            self._source = self._source.reopen()  # after an error a handle reads nothing any more
            if damaged is None or len(damaged) == _MAX_DAMAGED:
                raise UnreadableRegion(
                    f"{self.path}: damaged at x {l0_x:g}, y {l0_y:g} of level 0, {width}x{height} "
                    f"px of {downsample:g}: {first_line(error)}\nremedy: copy it again"
                ) from None
            if max(width, height) > max(1, _SMALL / downsample):
                return self._read_halves(box, downsample, damaged)
            damaged.append(box)
            return np.full((height, width, 3), 255, dtype=np.uint8)
        if (w, h) == (width, height):
            return pixels
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), "u1")

    def _region(self, *asked: Any) -> Pixels:
        """What the source gives; by a handle of its own, once another thread broke the shared."""
        try:
            return self._source.region(*asked)
        except openslide.OpenSlideError:
            if not self._is_shared:
                raise
            self._source, self._is_shared = self._source.reopen(), False
            return self._source.region(*asked)

    def _read_halves(self, box: Box, downsample: float, damaged: list[Box] | None) -> Pixels:
        """Read the window in two parts, cut across its longer side."""
        l0_x, l0_y, width, height = box
        cut = max(width, height) // 2
        if width > height:
            parts = (l0_x, l0_y, cut, height), (l0_x + cut * downsample, l0_y, width - cut, height)
        else:
            parts = (l0_x, l0_y, width, cut), (l0_x, l0_y + cut * downsample, width, height - cut)
        halves = [self.read(part, downsample, damaged) for part in parts]
        return np.concatenate(halves, axis=int(width > height))

    def reopen(self) -> Slide:
        """The same slide with a handle of its own, to be read by another thread."""
        return Slide(self._source.reopen(), *self._opened)

    def shared(self) -> Slide:
        """The same slide by the same handle: what one thread decoded, another need not."""
        slide = Slide(self._source, *self._opened)
        slide._is_shared = True
        return slide

    def __reduce__(self) -> tuple[Any, ...]:
        return Slide.open, self._opened


def _source(path: Path, max_megapixels: float) -> Pyramid | _Flat:
    try:
        ome = read_ome(tiff_description(path)) if path.suffix.lower() in _TIFF else None
        if ome and ome.n_channels > 1:
            return _Flat(*planes_as_rgb(path, max_megapixels), ome.mpp)
        if openslide.OpenSlide.detect_format(path):
            return Pyramid(path, ome and ome.mpp)
        return _Flat(flat_pixels(path, max_megapixels), "", ome and ome.mpp)
    except MemoryError:
        raise EnvironmentFault(
            f"{path}: too little memory to open it\n"
            "remedy: close other programs, or lower slides.max_megapixels, and run again"
        ) from None
    except (openslide.OpenSlideError, picture_decoder.UnreadableImage, OSError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or first_line(error)
        raise PodiumError(f"{path}: cannot be opened as a slide: {reason}\n{_REMEDY}") from None


class _Flat:
    """A picture held in memory, shared by all threads; its resolution tags are about paper."""

    def __init__(
        self, pixels: Pixels, note: str = "", mpp: tuple[float, float] | None = None
    ) -> None:
        self._pixels, self.size, self.note = pixels, pixels.shape[1::-1], note
        self.downsamples, self.frame = (1.0,), Frame(self.size, mpp=mpp)
        self.mpp = None if mpp is None else sum(mpp) / 2

    def region(self, l0_corner: tuple[float, float], _: int, size: tuple[int, int]) -> Pixels:
        """RGB (h, w, 3) from `l0_corner` on, `size` = (w, h); white beyond the picture."""
        (x, y), (width, height) = map(round, l0_corner), size
        part = self._pixels[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
        region = np.full((height, width, 3), 255, dtype=np.uint8)
        region[max(-y, 0) :, max(-x, 0) :][: part.shape[0], : part.shape[1]] = part
        return region

    def reopen(self) -> _Flat:
        return self
