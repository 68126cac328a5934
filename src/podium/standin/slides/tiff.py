"""Tiled pyramids that OpenSlide opens as generic TIFF (https://openslide.org/formats/generic-tiff).

tifffile writes JPEG only where imagecodecs is installed. So it is given tiles that Pillow has
encoded, under the name of a codec it knows, and the tags are put right afterwards. Without a loss
(deflate) the same slides would take eight times the disk.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from podium.core.files import atomic_write

TILE = 256
_LARGEST_TOP = 384  # px; levels halve until the longer side is no larger
_JPEG = 7  # TIFF 6.0, Technical Note 2

Pixels = NDArray[np.uint8]


class Level(NamedTuple):
    """A picture of the pyramid, its tiles in reading order, none held longer than needed."""

    size: tuple[int, int]  # (w, h)
    tiles: Iterable[Pixels]  # (TILE, TILE, 3) RGB each


def pyramid_levels(pixels: Pixels) -> Iterator[Level]:
    """The levels of a slide (H, W, 3): as it is, then halved (rounded up) again and again."""
    while True:
        height, width = pixels.shape[:2]
        yield Level((width, height), padded_tiles(pixels))
        if max(height, width) <= _LARGEST_TOP:
            return
        size = (-(-width // 2), -(-height // 2))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def padded_tiles(pixels: Pixels) -> Iterator[Pixels]:
    """The tiles of `pixels` (H, W, 3) row by row; past the edges the last pixels are repeated."""
    for y in range(0, pixels.shape[0], TILE):
        for x in range(0, pixels.shape[1], TILE):
            tile = pixels[y : y + TILE, x : x + TILE]
            missing = ((0, TILE - tile.shape[0]), (0, TILE - tile.shape[1]), (0, 0))
            yield np.pad(tile, missing, mode="edge")


def write_pyramid(path: Path, levels: Iterable[Level], mpp: float, quality: int = 85) -> None:
    """Write a slide as BigTIFF: the same bytes for the same pixels.

    Args:
        path: written whole or not at all.
        levels: finest first; consumed tile by tile, so a slide larger than memory can be written.
        mpp: micrometres per pixel of the first level.
        quality: of the JPEG tiles, chroma halved both ways.

    Raises:
        EnvironmentFault: the disk is full or read-only.
    """
    with atomic_write(path) as partial:
        with partial.open("wb") as raw, tifffile.TiffWriter(raw, bigtiff=True) as file:
            finest = 0
            for level in levels:
                width, height = level.size
                finest = finest or width
                per_centimetre = 1e4 / mpp * width / finest
                file.write(
                    (_jpeg(tile, quality) for tile in level.tiles),
                    shape=(height, width, 3), dtype=np.uint8, tile=(TILE, TILE),
                    photometric="ycbcr", compression="adobe_deflate", metadata=None,
                    software=False, subfiletype=int(width < finest),
                    resolution=(per_centimetre, per_centimetre), resolutionunit="CENTIMETER",
                )  # fmt: skip
        with tifffile.TiffFile(partial, mode="r+") as written:
            for page in written.pages:
                assert isinstance(page, tifffile.TiffPage)
                page.tags["Compression"].overwrite(_JPEG)
                page.tags["YCbCrSubSampling"].overwrite((2, 2))


def _jpeg(tile: Pixels, quality: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(tile).save(data, "JPEG", quality=quality, subsampling="4:2:0")
    return data.getvalue()
