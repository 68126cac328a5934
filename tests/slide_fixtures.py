"""Small slides for tests: pictures whose pixels say where they lie, as pyramids OpenSlide opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

TILE = 64  # side of the tiles a pyramid is stored in


def coded(w: int, h: int) -> np.ndarray:
    """RGB (h, w, 3): red is x, green is y, blue their upper bits; no two pixels are alike."""
    y, x = np.mgrid[0:h, 0:w]
    return np.stack([x & 255, y & 255, (x >> 8) * 16 + (y >> 8)], axis=2).astype(np.uint8)


def stained(w: int, h: int, seed: int = 0) -> np.ndarray:
    """RGB (h, w, 3) of nothing but tissue."""
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal((190, 120, 180), 12, (h, w, 3)), 0, 255).astype(np.uint8)


def halved(pixels: np.ndarray) -> np.ndarray:
    """The next level: means of 2x2 pixels."""
    h, w = (side // 2 * 2 for side in pixels.shape[:2])
    blocks = pixels[:h, :w].reshape(h // 2, 2, w // 2, 2, 3).astype(np.float64)
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)


def write_levels(path: Path, levels: list[np.ndarray], mpp: float | None = 0.5) -> Path:
    """A tiled TIFF of the given levels, each an RGB picture, that OpenSlide opens; no loss."""
    unit = {} if mpp is None else {"resolution": (1e4 / mpp,) * 2, "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(path) as file:
        for number, pixels in enumerate(levels):
            file.write(
                pixels, tile=(TILE, TILE), photometric="rgb", compression="adobe_deflate",
                subfiletype=int(number > 0), metadata=None, **unit,
            )  # fmt: skip
    return path


def write_pyramid(
    path: Path, pixels: np.ndarray, mpp: float | None = 0.5, n_levels: int = 3
) -> Path:
    """A slide of `pixels` with levels of half, a quarter, ... of its size."""
    levels = [pixels]
    while len(levels) < n_levels:
        levels.append(halved(levels[-1]))
    return write_levels(path, levels, mpp)


def damage(path: Path, *numbers: int, level: int = 0) -> None:
    """Overwrite stored tiles of a level, counted row by row, so that they cannot be decoded."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[level]
        places = [(page.dataoffsets[one], page.databytecounts[one]) for one in numbers]
    with path.open("r+b") as file:
        for offset, length in places:
            file.seek(offset)
            file.write(b"\xff" * length)


def write_scn(path: Path, pixels: np.ndarray, l0_corner: tuple[int, int], margin: int) -> Path:
    """A Leica SCN whose scanned area begins at `l0_corner` of a larger level 0.

    Args:
        path: of the file.
        pixels: RGB (h, w, 3) of the scanned area.
        l0_corner: x and y of its top left corner, pixels.
        margin: pixels of glass right of it and below.
    """
    nm = 500  # of a pixel
    h, w = pixels.shape[:2]
    x, y = l0_corner
    view = f'sizeX="{w * nm}" sizeY="{h * nm}" offsetX="{x * nm}" offsetY="{y * nm}"'
    whole = f'sizeX="{(x + w + margin) * nm}" sizeY="{(y + h + margin) * nm}"'
    lens = (
        "<scanSettings><objectiveSettings><objective>20</objective></objectiveSettings>"
        "<illuminationSettings><illuminationSource>brightfield</illuminationSource>"
        "</illuminationSettings></scanSettings>"
    )
    size = f'sizeX="{w}" sizeY="{h}"'
    text = (
        '<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'
        f'<collection name="c" {whole}><barcode/><image name="i"><device model="m" version="1"/>'
        f'<pixels {size}><dimension {size} r="0" ifd="0"/></pixels><view {view}/>{lens}'
        "</image></collection></scn>"
    )
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        file.write(
            pixels, tile=(TILE, TILE), photometric="rgb", compression="adobe_deflate",
            description=text, metadata=None,
        )  # fmt: skip
    return path
