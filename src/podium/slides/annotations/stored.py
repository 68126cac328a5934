"""The regions of a slide in the files that ingestion writes, and read back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from PIL import Image
from shapely import MultiPolygon

from podium.core.errors import PodiumError
from podium.slides.annotations import geojson, pixel_mask
from podium.slides.annotations.labelled import UNKNOWN, Labelled
from podium.slides.annotations.limits import Unusable, contents
from podium.slides.annotations.pixel_mask import PixelMask, Regions, downsample_of

UNKNOWN_NAME = "Ignore*"  # as QuPath calls it
_GREY = (128, 128, 128)
COLOURS = ((200, 0, 0), (0, 110, 200), (30, 150, 60), (230, 150, 0), (130, 60, 170), (0, 160, 160))


def colour_of(label: int) -> tuple[int, int, int]:
    """The colour of a class for people, red, green and blue of 0 to 255."""
    return COLOURS[(label - 1) % len(COLOURS)]


def write(folder: Path, slide: str, regions: Regions, names: Sequence[str]) -> str:
    """Write the regions of a slide to `folder`; returns the name of the file.

    Args:
        folder: of all slides.
        slide: its name.
        regions: in level-0 pixels.
        names: of the labels 1, 2, ...
    """
    if isinstance(regions, PixelMask):
        pixel_mask.write(folder / f"{slide}.png", regions)
        return f"{slide}.png"
    path = folder / f"{slide}.geojson"
    if isinstance(regions, MultiPolygon):
        geojson.write(path, regions)
    else:
        geojson.write_objects(path, _objects(regions, names))
    return path.name


def _objects(regions: Labelled, names: Sequence[str]) -> list[geojson.Object]:
    parts = [(label, region, names[label - 1]) for label, region in regions.classes.items()]
    return [
        geojson.Object(
            outline, name, _GREY if label == UNKNOWN else colour_of(label), {"label": label}
        )
        for label, region, name in [*parts, (UNKNOWN, regions.unknown, UNKNOWN_NAME)]
        for outline in shapely.get_parts(region)
    ]


def read(path: Path, size: tuple[int, int]) -> Regions:
    """The regions that `write` wrote, of a slide of `size` = (w, h).

    Raises:
        PodiumError: the file is missing or damaged.
    """
    try:
        data = contents(path)
        if path.suffix == ".png":
            return _mask(path, size)
        labels = geojson.read_labels(data)
    except Unusable as error:
        raise PodiumError(f"{path}: {error}") from None
    if labels.keys() <= {0}:
        return labels.get(0, MultiPolygon())
    unknown = labels.pop(UNKNOWN, MultiPolygon())
    return Labelled(labels, unknown)


def _mask(path: Path, size: tuple[int, int]) -> PixelMask:
    try:
        with Image.open(path, formats=["PNG"]) as image:
            inside = np.asarray(image)
    except Exception as error:  # Pillow raises many kinds on damaged files
        raise Unusable(f"damaged: {error}", "run dvc repro ingest_slides") from None
    return PixelMask(inside, downsample_of(inside.shape[1::-1], size) or 1.0)
