"""The files of a predicted slide: a mask, GeoJSON and run lengths, and an overlay for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import cv2
import numpy as np
import shapely
import tifffile
from numpy.typing import NDArray
from shapely import Polygon

from podium.core.errors import SettingsError
from podium.core.files import atomic_write, write_bytes
from podium.core.printable import printable
from podium.slides import report, rle
from podium.slides.annotations import coarse, geojson
from podium.slides.annotations.class_plan import TUMOUR
from podium.slides.annotations.packed_mask import MaskRows, PackedMask
from podium.slides.annotations.stored import colour_of
from podium.slides.class_scoring import labels_of
from podium.slides.outline_heat import mean_heats
from podium.slides.scoring import threshold_of
from podium.slides.slide_classification import SlidePrediction
from podium.slides.stitch import heat_bands, mask_bands
from podium.slides.tile_grid import Grid

_SQUARE = 512  # pixels: side of a tile of a TIFF
MAX_PNG = 16_384  # pixels a side; larger masks are kept in the grid's frame, as tiled TIFF


def write_outputs(
    slide: SlidePrediction, folder: Path, overlay: Path, classes: Sequence[str] = (TUMOUR,)
) -> None:
    """Write the mask of a slide in three formats, and its overlay.

    Its heat map is read once, and where something is marked once more, for the mean heat of it.

    Args:
        slide: predicted.
        folder: for `<slide>.png` (or .tif), `<slide>.geojson` and `<slide>.rle`.
        overlay: the file of the overlay.
        classes: names of the labels 1, 2, ...
    """
    result, threshold = slide.result, threshold_of(slide.level)
    step = report.heat_step(result)
    samples = []

    def masks() -> Iterator[NDArray[np.uint8]]:
        for row, band in heat_bands(result.heat):
            samples.append(band[..., -row % step :: step, ::step].copy())  # no view: it holds all
            yield labels_of(band, threshold)

    mask = PackedMask.of(masks(), result.grid.frame[0])
    origin = result.row.origins.origin
    write_mask(folder, result.row.slide, mask, result.grid, origin, classes, result.heat)
    report.overlay_png(overlay, slide, np.concatenate(samples, axis=-2))


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
    frame_mask: MaskRows,
    grid: Grid,
    origin: tuple[int, int] = (0, 0),
    classes: Sequence[str] = (TUMOUR,),
    heat: Path | None = None,
) -> None:
    """Write `<name>.png` (or .tif), `<name>.geojson` and `<name>.rle` of a mask.

    Args:
        folder: of all slides.
        name: of the slide.
        frame_mask: bool (h, w) of tumour, or uint8 (h, w) of labels, in the grid's frame.
        grid: of the slide.
        origin: level-0 pixels from which QuPath counts on this slide.
        classes: names of the labels 1, 2, ...
        heat: the file of the heat map, of which outlines get the mean; None: they get none.
    """
    if not isinstance(frame_mask, PackedMask):
        frame_mask = PackedMask.of([frame_mask], frame_mask.shape[1])
    size, downsample, is_plain = grid.size, grid.downsample, len(classes) == 1
    white = 255 if is_plain else 1
    if max(size) <= MAX_PNG:
        whole = np.concatenate(list(mask_bands(frame_mask, grid)))
        write_bytes(folder / f"{name}.png", cv2.imencode(".png", whole * white)[1].tobytes())
    else:
        about = json.dumps({"downsample": downsample, "size": size})
        with atomic_write(folder / f"{name}.tif") as partial:
            tifffile.imwrite(
                partial, _squares(frame_mask, white), shape=frame_mask.shape, dtype="u1",
                tile=(_SQUARE, _SQUARE), compression="zlib", description=about,
            )  # fmt: skip
    # before the outlines: what these take is not handed back to the system
    with atomic_write(folder / f"{name}.rle") as partial, partial.open("w") as file:
        for label in range(1, len(classes) + 1):
            file.write("\n" if label > 1 else "")
            file.writelines(rle.texts_of_bands(mask_bands(frame_mask.of_label(label), grid), size))
    objects = []
    for label, class_name in enumerate(classes, 1):
        of_class = frame_mask.of_label(label)
        outlines = list(coarse.outlines(of_class, downsample).geoms)
        means = None
        if heat and outlines:
            means = mean_heats(heat_bands(heat), outlines, downsample, label)
        shown = "Tumor" if is_plain else class_name
        objects += _objects(outlines, f"{name} {shown}", shown, colour_of(label), means)
    if origin != (0, 0):
        objects = [each._replace(outline=_moved(each.outline, origin)) for each in objects]
    geojson.write_objects(folder / f"{name}.geojson", objects)


def _objects(
    outlines: Sequence[Polygon],
    key: str,
    name: str,
    colour: tuple[int, int, int],
    means: NDArray[np.float64] | None,
) -> list[geojson.Object]:
    """Objects of one class for QuPath: each with an id, and its mean probability where known."""
    objects = []
    for number, outline in enumerate(outlines):
        mean = np.nan if means is None else means[number]
        known = {"measurements": {"Probability": round(float(mean), 4)}} if mean == mean else {}
        own = str(uuid5(NAMESPACE_OID, f"{key} {number} {outline.bounds}"))
        objects.append(geojson.Object(outline, name, colour, known, own))
    return objects


def _moved(outline: Polygon, origin: tuple[int, int]) -> Polygon:
    return shapely.transform(outline, lambda at: at - origin)


def _squares(mask: PackedMask, white: int) -> Iterator[NDArray[np.uint8]]:
    """The tiles (512, 512) of a mask times `white`, row by row; 0 beyond its edges."""
    height, width = mask.shape
    for top in range(0, height, _SQUARE):
        rows = mask[top : top + _SQUARE] * np.uint8(white)
        for left in range(0, width, _SQUARE):
            part = rows[:, left : left + _SQUARE]
            lack = _SQUARE - part.shape[0], _SQUARE - part.shape[1]
            yield np.pad(part, ((0, lack[0]), (0, lack[1])))
