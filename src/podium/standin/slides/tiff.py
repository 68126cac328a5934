"""Tiled pyramids that OpenSlide opens as generic TIFF, written by hand: tifffile has no JPEG.

TIFF 6.0, sections 2 (layout), 15 (tiles) and 22 with Technical Note 2 (JPEG); OpenSlide,
https://openslide.org/formats/generic-tiff/. Level 0 is the first directory, reduced ones follow.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from podium.core.errors import PodiumError
from podium.core.files import atomic_write

TILE = 256
_LARGEST_FILE = 2**32 - 2**26  # bytes: places have 32 bits, and directories follow
_LARGEST_TOP = 384  # px; levels halve until the longer side is no larger
_SHORT, _LONG, _RATIONAL = 3, 4, 5
_FORMATS = {_SHORT: "H", _LONG: "I", _RATIONAL: "I"}

Pixels = NDArray[np.uint8]
_Entry = tuple[int, int, list[int]]  # tag, type, values


class Level(NamedTuple):
    """One picture of the pyramid, its tiles in reading order, none held longer than needed."""

    size: tuple[int, int]  # (w, h)
    tiles: Iterable[Pixels]  # (TILE, TILE, 3) RGB each


def halved(pixels: Pixels) -> Iterator[Level]:
    """The levels of a slide (H, W, 3): as it is, then halved (rounded up) again and again."""
    while True:
        height, width = pixels.shape[:2]
        yield Level((width, height), tiled(pixels))
        if max(height, width) <= _LARGEST_TOP:
            return
        size = (-(-width // 2), -(-height // 2))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def tiled(pixels: Pixels) -> Iterator[Pixels]:
    """The tiles of `pixels` (H, W, 3) row by row; past the edges the last pixels are repeated."""
    for y in range(0, pixels.shape[0], TILE):
        for x in range(0, pixels.shape[1], TILE):
            tile = pixels[y : y + TILE, x : x + TILE]
            missing = ((0, TILE - tile.shape[0]), (0, TILE - tile.shape[1]), (0, 0))
            yield np.pad(tile, missing, mode="edge")


def write_pyramid(path: Path, levels: Iterable[Level], mpp: float, quality: int = 85) -> None:
    """Write `levels`, finest first, to `path`: the same bytes for the same pixels.

    Args:
        path: written whole or not at all.
        levels: consumed tile by tile, so a slide larger than memory can be written.
        mpp: micrometres per pixel of the first level.
        quality: of the JPEG tiles, chroma halved both ways.

    Raises:
        PodiumError: the file would pass 4 GiB, the end of what a TIFF can address.
    """
    with atomic_write(path) as partial, partial.open("wb") as file:
        file.write(b"II*\0\0\0\0\0")
        link, finest = 4, 0  # where the next directory's place is written down
        for level in levels:
            finest = finest or level.size[0]
            places = []
            for tile in level.tiles:
                places.append(_append(file, _jpeg(tile, quality)))
                if file.tell() > _LARGEST_FILE:
                    raise PodiumError(f"{path}: larger than 4 GiB, which a TIFF cannot hold")
            entries = _entries(level.size, places, mpp * finest / level.size[0])
            link = _append_directory(file, entries, link, reduced=level.size[0] < finest)


def _jpeg(tile: Pixels, quality: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(tile).save(data, "JPEG", quality=quality, subsampling="4:2:0")
    return data.getvalue()


def _append(file: BinaryIO, data: bytes) -> tuple[int, int]:
    """Where `data` was written, and how long it is."""
    place = file.tell()
    file.write(data)
    return place, len(data)


def _entries(size: tuple[int, int], places: list[tuple[int, int]], mpp: float) -> list[_Entry]:
    """The tags of one level, in the ascending order TIFF demands."""
    per_centimetre = [round(10_000 / mpp * 1000), 1000]
    return [
        (256, _LONG, [size[0]]),
        (257, _LONG, [size[1]]),
        (258, _SHORT, [8, 8, 8]),
        (259, _SHORT, [7]),  # JPEG
        (262, _SHORT, [6]),  # YCbCr
        (277, _SHORT, [3]),
        (282, _RATIONAL, per_centimetre),
        (283, _RATIONAL, per_centimetre),
        (284, _SHORT, [1]),
        (296, _SHORT, [3]),  # resolution is per centimetre
        (322, _LONG, [TILE]),
        (323, _LONG, [TILE]),
        (324, _LONG, [place for place, _ in places]),
        (325, _LONG, [length for _, length in places]),
        (530, _SHORT, [2, 2]),  # chroma is halved both ways
    ]


def _append_directory(file: BinaryIO, entries: list[_Entry], link: int, *, reduced: bool) -> int:
    """Append a directory and write its place at `link`; returns where the next one's goes."""
    entries = [(254, _LONG, [int(reduced)]), *entries]
    file.write(b"\0" * (file.tell() % 2))  # directories start on even bytes
    start = file.tell()
    after = start + 2 + 12 * len(entries) + 4
    head, tail = struct.pack("<H", len(entries)), b""
    for tag, kind, values in entries:
        data = struct.pack(f"<{len(values)}{_FORMATS[kind]}", *values)
        count = len(values) // 2 if kind == _RATIONAL else len(values)
        head += struct.pack("<HHI", tag, kind, count)
        if len(data) <= 4:
            head += data.ljust(4, b"\0")
        else:
            head += struct.pack("<I", after + len(tail))
            tail += data.ljust(len(data) + len(data) % 2, b"\0")
    file.write(head + b"\0\0\0\0" + tail)
    file.seek(link)
    file.write(struct.pack("<I", start))
    file.seek(0, io.SEEK_END)
    return after - 4
