"""Whether tiles and heat maps will fit on the disk, asked before the first of them is made."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from podium.core.errors import EnvironmentFault
from podium.core.params import TileSlides
from podium.slides.dataset import SlideRecord

LEAST_TISSUE = 0.1  # share of a slide: of all but a few there is more
# on disk for a pixel of a tile and its mask, by tile_slides.pixels
TILE_BYTES = {"keep": 3.2, "coordinates": 0.15}
HEAT_BYTES = 4.0  # for a pixel of a heat map, before packing


def least_bytes(rows: Sequence[SlideRecord], settings: TileSlides) -> float:
    """About how many bytes tiles and heat maps of slides take at the very least.

    Args:
        rows: of the slides; one of unknown scale counts as nothing where `target_mpp` is set.
        settings: the section tile_slides.
    """
    overlap = (settings.tile / min(settings.stride, settings.tile)) ** 2
    pixels = sum(row.width * row.height / _downsample(row, settings) ** 2 for row in rows)
    return LEAST_TISSUE * pixels * (TILE_BYTES[settings.pixels] * overlap + HEAT_BYTES)


def _downsample(row: SlideRecord, settings: TileSlides) -> float:
    if settings.target_mpp is None:
        return 4.0**settings.level  # levels are about four times smaller each
    return max(1.0, settings.target_mpp / float(row.mpp)) if row.mpp else float("inf")


def require_disk(rows: Sequence[SlideRecord], settings: TileSlides, folder: Path) -> None:
    """Make sure that what is still to be made has a chance to fit beside `folder`.

    Args:
        rows: of all slides.
        settings: the section tile_slides.
        folder: of the tile files; slides that have one there are done.

    Raises:
        EnvironmentFault: it cannot.
    """
    missing = [row for row in rows if not (folder / f"{row.slide}.h5").exists()]
    need, free = least_bytes(missing, settings), shutil.disk_usage(folder).free
    if need > free:
        smaller = "set tile_slides.pixels to coordinates, " if settings.pixels == "keep" else ""
        raise EnvironmentFault(
            f"{folder}: tiles and heat maps of {len(missing)} slides take {need / 2**30:.1f} GiB "
            f"or more, {free / 2**30:.1f} GiB are free\n"
            "remedy: free some space, set PODIUM_SCRATCH to a folder on a larger disk, "
            f"{smaller}or raise tile_slides.target_mpp"
        )
