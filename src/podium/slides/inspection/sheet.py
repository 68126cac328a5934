"""A picture of train slides with their outlines, each beside a tile as a network will see it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from podium.core.params import Slides
from podium.evaluation.lettering import put_words
from podium.evaluation.plots import write_picture
from podium.slides.annotations import raster
from podium.slides.inspection.facts import SlideFacts, facts_of
from podium.slides.reader import Pixels, Slide

SIDE, ROWS = 320, 5  # pixels of a cell; slides
_TISSUE, _TUMOUR, _TILE = (20, 150, 60), (215, 25, 28), (40, 70, 220)


def write_sheet(
    path: Path, facts: Sequence[SlideFacts], tile: int, downsample: float, settings: Slides
) -> None:
    """Write a PNG: left slides with tissue (green), tumour (red) and a tile (blue), right the tile.

    Args:
        path: of the PNG.
        facts: of all slides.
        tile: side of a tile, in its own pixels.
        downsample: level-0 pixels per pixel of a tile.
        settings: the section slides.
    """
    outlined = [one for one in facts_of(facts, "train") if len(one.diameters)]
    step = max(1, len(outlined) // ROWS)
    rows = [_row(one, tile, downsample, settings) for one in outlined[::step][:ROWS]]
    write_picture(path, Image.fromarray(np.vstack(rows)))


def _row(one: SlideFacts, tile: int, downsample: float, settings: Slides) -> Pixels:
    corner = _tile_corner(one, tile * downsample)
    left = one.thumbnail.copy()
    of_thumbnail = one.size[0] / left.shape[1]
    w, h = left.shape[1], left.shape[0]
    _outline(left, one.tissue, _TISSUE)
    _outline(left, raster.mask(one.regions, (0.0, 0.0, w, h), of_thumbnail), _TUMOUR)
    first = [round(at / of_thumbnail) for at in corner]
    last = [round((at + tile * downsample) / of_thumbnail) for at in corner]
    cv2.rectangle(left, first, last, _TILE, 2)
    slide = Slide.open(one.entry.image, one.entry.mpp, settings.max_megapixels)
    right = slide.read((*corner, tile, tile), downsample, damaged=[]).copy()
    _outline(right, raster.mask(one.regions, (*corner, tile, tile), downsample), _TUMOUR)
    words = f"{one.entry.slide}: a tile of {tile} px, {downsample:.3g} px of the slide each"
    return np.vstack([_words(words), np.hstack([_cell(left), _cell(right)])])


def _tile_corner(one: SlideFacts, side: float) -> tuple[float, float]:
    """The level-0 corner of a tile about the tumour, within the slide where it fits."""
    w, h = (max(1, length // 16) for length in one.size)
    rows, columns = np.nonzero(raster.mask(one.regions, (0.0, 0.0, w, h), 16.0))
    if len(rows):
        middle = len(rows) // 2
        x, y = columns[middle] * 16.0, rows[middle] * 16.0
    else:
        x, y = one.size[0] / 2, one.size[1] / 2
    return tuple(  # type: ignore[return-value]
        float(np.clip(at - side / 2, 0, max(length - side, 0)))
        for at, length in zip((x, y), one.size, strict=True)
    )


def _outline(picture: Pixels, mask: Pixels, colour: tuple[int, int, int]) -> None:
    lines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, lines, -1, colour, 1)


def _cell(picture: Pixels) -> Pixels:
    """The picture on white, within SIDE by SIDE pixels."""
    factor = (SIDE - 6) / max(picture.shape[:2])
    size = [max(1, round(side * factor)) for side in picture.shape[1::-1]]
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    cell = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
    cell[3 : 3 + size[1], 3 : 3 + size[0]] = cv2.resize(picture, size, interpolation=kind)
    return cell


def _words(text: str) -> Pixels:
    strip = np.full((22, 2 * SIDE, 3), 255, dtype=np.uint8)
    put_words(strip, text, (4, 15), 0.42)
    return strip
