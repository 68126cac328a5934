"""How much disk tiles and heat maps take, and whether pixels of tiles are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podium.core.choice import Choice
from podium.slides.disk_space import HEAT_BYTES, TILE_BYTES
from podium.slides.inspection.facts import SlideFacts

SPARE = 0.9  # share of what is free that may be filled
GIB = 2**30


def tissue_megapixels(facts: Sequence[SlideFacts], tiles: Mapping[str, Any]) -> float:
    """Return how many megapixels of tissue slides have at the scale of the section tile_slides."""
    return sum(_frame_megapixels(one, tiles) * max(one.tissue_share, 0.1) for one in facts)


def disk_bytes(facts: Sequence[SlideFacts], tiles: Mapping[str, Any], pixels: str) -> float:
    """Return about how many bytes tiles and heat maps take.

    Args:
        facts: of all slides.
        tiles: the section tile_slides.
        pixels: keep or coordinates.
    """
    overlap = (tiles["tile"] / tiles["stride"]) ** 2
    return tissue_megapixels(facts, tiles) * 1e6 * (TILE_BYTES[pixels] * overlap + HEAT_BYTES)


def choose_pixels(facts: Sequence[SlideFacts], tiles: Mapping[str, Any], free: float) -> Choice:
    """Return whether pixels of tiles are kept: not where the disk has no room for them.

    Args:
        facts: of all slides.
        tiles: the section tile_slides.
        free: bytes on the disk.
    """
    need = disk_bytes(facts, tiles, "keep")
    if need <= SPARE * free:
        return Choice("tile_slides", "pixels", "keep", "reading them again takes longer")
    reason = f"the disk is short: {need / GIB:.2g} GiB to keep them, {free / GIB:.2g} GiB are free"
    return Choice("tile_slides", "pixels", "coordinates", reason)


def _frame_megapixels(one: SlideFacts, tiles: Mapping[str, Any]) -> float:
    if tiles["target_mpp"] is None:
        downsample = one.downsamples[min(int(tiles["level"]), len(one.downsamples) - 1)]
    else:
        downsample = tiles["target_mpp"] / (one.mpp or tiles["target_mpp"])
    return one.size[0] * one.size[1] / downsample**2 / 1e6
