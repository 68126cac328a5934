"""What a prediction leaves for programs: a mask, GeoJSON, and run lengths of each slide."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import tifffile

from podium.core.files import atomic_write, write_bytes, write_text
from podium.slides import rle
from podium.slides.annotations import geojson, raster
from podium.slides.heat import View
from podium.slides.scoring import threshold_of
from podium.slides.stitch import heat_bands, mask_bands

MAX_PNG = 16_384  # pixels a side; larger masks are kept in the grid's frame, as tiled TIFF


def write_outlines(folder: Path, name: str, view: View, heat: Path, level: int) -> None:
    """Write `<name>.png` (or .tif), `<name>.geojson` and `<name>.rle` of a heat map.

    Args:
        folder: of all slides.
        name: of the slide.
        view: of the slide.
        heat: the file of its heat map.
        level: of heat from which on pixels are tumour.
    """
    size, threshold = view.slide.size, threshold_of(level)
    frame = np.concatenate([band >= np.float32(threshold) for _, band in heat_bands(heat)])
    downsample = view.grid.downsample
    if max(size) <= MAX_PNG:
        whole = np.concatenate(list(mask_bands(heat, threshold)))
        write_bytes(folder / f"{name}.png", cv2.imencode(".png", whole * 255)[1].tobytes())
    else:
        about = json.dumps({"downsample": downsample, "size": size})
        with atomic_write(folder / f"{name}.tif") as partial:
            mask = frame.astype(np.uint8) * 255
            tifffile.imwrite(partial, mask, tile=(512, 512), compression="zlib", description=about)
    regions = raster.polygons(frame, downsample, simplify=1.5 * downsample)
    geojson.write(folder / f"{name}.geojson", regions)
    write_text(folder / f"{name}.rle", rle.encode_bands(mask_bands(heat, threshold), size))
