"""A slide opened, its tissue mask, and the tiles of its grid that hold tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.slides.reader import Pixels, Slide
from podium.slides.tile_grid import Grid, Points
from podium.slides.tissue import Mask, covered_shares, tissue_mask


@dataclass(frozen=True)
class TissueTiles:
    """The tiles of a slide that hold tissue.

    Attributes:
        slide: opened.
        grid: of the slide.
        l_corners: x, y (N, 2) of the tiles with tissue, in the grid's frame.
        shares: of tissue (N,) in each of these tiles.
        thumbnail: RGB (h, w, 3) of the whole slide.
        tissue: mask {0, 1} (h, w) of the thumbnail.
        downsample: level-0 pixels per pixel of the thumbnail.
    """

    slide: Slide
    grid: Grid
    l_corners: Points
    shares: NDArray[np.float32]
    thumbnail: Pixels
    tissue: Mask
    downsample: float

    @property
    def l0_corners(self) -> Points:
        """x, y (N, 2) of the same tiles at level 0."""
        return self.grid.to_l0(self.l_corners)


def find_tissue_tiles(
    slide: Slide, grid: Grid, thumbnail_px: int, min_tissue: float
) -> TissueTiles:
    """The tiles of a grid with enough tissue, as a thumbnail of the slide shows it.

    Args:
        slide: opened.
        grid: of the slide.
        thumbnail_px: longer side of the thumbnail.
        min_tissue: tiles with a smaller share of tissue are left out; 0 keeps all.

    Raises:
        UnreadableRegion: too much of the slide is damaged.
    """
    thumbnail, downsample = slide.thumbnail(thumbnail_px)
    tissue, l_corners = tissue_mask(thumbnail), grid.l_corners
    side = grid.tile * grid.downsample
    shares = covered_shares(tissue, downsample, grid.to_l0(l_corners), side)
    keep = shares >= min_tissue
    return TissueTiles(slide, grid, l_corners[keep], shares[keep], thumbnail, tissue, downsample)
