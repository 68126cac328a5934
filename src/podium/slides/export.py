"""The files of a predicted slide: a mask, GeoJSON and run lengths, and an overlay for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import shapely
import tifffile
from numpy.typing import NDArray

from podium.core.errors import SettingsError
from podium.core.files import atomic_write, write_bytes, write_text
from podium.core.printable import printable
from podium.slides import report, rle
from podium.slides.annotations import coarse, geojson
from podium.slides.scoring import threshold_of
from podium.slides.slide_classification import SlidePrediction
from podium.slides.stitch import heat_bands, mask_bands
from podium.slides.tile_grid import Grid

_SQUARE = 512  # pixels: side of a tile of a TIFF
MAX_PNG = 16_384  # pixels a side; larger masks are kept in the grid's frame, as tiled TIFF


def write_outputs(slide: SlidePrediction, folder: Path, overlay: Path) -> None:
    """Write the mask of a slide in three formats, and its overlay; its heat map is read once.

    Args:
        slide: predicted.
        folder: for `<slide>.png` (or .tif), `<slide>.geojson` and `<slide>.rle`.
        overlay: the file of the overlay.
    """
    result, threshold = slide.result, np.float32(threshold_of(slide.level))
    step = report.heat_step(result)
    width, height = result.grid.frame
    mask, samples = np.empty((height, width), dtype=np.bool_), []
    for row, band in heat_bands(result.heat):
        mask[row : row + len(band)] = band >= threshold
        samples.append(band[-row % step :: step, ::step].copy())  # no view, which keeps the band
    write_mask(folder, result.row.slide, mask, result.grid, result.row.origins.origin)
    report.overlay_png(overlay, slide, np.concatenate(samples))


def refuse_shared_outputs(paths: Sequence[Path]) -> None:
    """Raise a SettingsError if two slides would write a file of one name: their stems are equal.

    `S1-overlay.tif` is refused beside `S1.tif`, whose overlay has the name of the former's mask.
    """
    owners: dict[str, Path] = {}
    for path in paths:
        for name in (path.stem, f"{path.stem}-overlay"):
            if (other := owners.setdefault(name, path)) is not path:
                raise SettingsError(
                    printable(f"{other} and {path} would both write {name}.*, one over the other")
                    + "\nremedy: run them one at a time into different folders, or rename one"
                )


def write_mask(
    folder: Path,
    name: str,
    frame_mask: NDArray[np.bool_],
    grid: Grid,
    origin: tuple[int, int] = (0, 0),
) -> None:
    """Write `<name>.png` (or .tif), `<name>.geojson` and `<name>.rle` of a mask.

    Args:
        folder: of all slides.
        name: of the slide.
        frame_mask: tumour (h, w) in the grid's frame.
        grid: of the slide.
        origin: level-0 pixels from which QuPath counts on this slide.
    """
    size, downsample = grid.size, grid.downsample
    if max(size) <= MAX_PNG:
        whole = np.concatenate(list(mask_bands(frame_mask, grid)))
        write_bytes(folder / f"{name}.png", cv2.imencode(".png", whole * 255)[1].tobytes())
    else:
        about = json.dumps({"downsample": downsample, "size": size})
        with atomic_write(folder / f"{name}.tif") as partial:
            tifffile.imwrite(
                partial, _squares(frame_mask), shape=frame_mask.shape, dtype="u1",
                tile=(_SQUARE, _SQUARE), compression="zlib", description=about,
            )  # fmt: skip
    outlines = coarse.outlines(frame_mask, downsample)
    if origin != (0, 0):
        outlines = shapely.transform(outlines, lambda at: at - origin)
    geojson.write(folder / f"{name}.geojson", outlines)
    write_text(folder / f"{name}.rle", rle.encode_bands(mask_bands(frame_mask, grid), size))


def _squares(mask: NDArray[np.bool_]) -> Iterator[NDArray[np.uint8]]:
    """The tiles (512, 512) of a mask, 0 and 255, row by row; 0 beyond its edges."""
    height, width = mask.shape
    for top in range(0, height, _SQUARE):
        for left in range(0, width, _SQUARE):
            part = mask[top : top + _SQUARE, left : left + _SQUARE].astype(np.uint8) * 255
            lack = _SQUARE - part.shape[0], _SQUARE - part.shape[1]
            yield np.pad(part, ((0, lack[0]), (0, lack[1])))
