"""Grids of pictures and maps with their scale, as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from podium.evaluation.plots import write_figure
from podium.takeaway.portable import Pixels

Map = NDArray[np.float64]


def write_overlays(
    path: Path, picture: Pixels, maps: Sequence[tuple[str, Map]], signed: bool
) -> None:
    """Write a picture, and beside it (of wide ones below it) each map over it with its scale.

    Args:
        path: of the PNG.
        picture: RGB pixels (H, W, 3).
        maps: title and map (H, W) of each.
        signed: whether maps speak for and against, so that 0 is in the middle of the colours.
    """
    share = picture.shape[0] / picture.shape[1]
    most_columns = 4 if share > 1 / 4 else 2 if share > 1 / 8 else 1
    width = 4 / most_columns  # of a cell, in those of a sheet of four
    n_columns = min(most_columns, 1 + len(maps))
    n_rows = -(-(1 + len(maps)) // n_columns)
    size = 3.2 * width * n_columns, (0.5 + 2.5 * width * share) * n_rows
    figure = Figure(figsize=size, layout="constrained")
    cells = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for cell in cells:
        cell.axis("off")
    cells[0].imshow(picture)
    cells[0].set_title("picture", fontsize=9)
    grey = np.repeat(picture.mean(-1, keepdims=True), 3, axis=-1) / 255
    for cell, (title, each) in zip(cells[1:], maps, strict=False):
        most = float(np.abs(each).max()) or 1.0
        cell.imshow(grey)
        image = cell.imshow(each, cmap="RdBu_r" if signed else "inferno", alpha=0.6,
                            vmin=-most if signed else 0, vmax=most)  # fmt: skip
        cell.set_title(title, fontsize=9, parse_math=False)
        figure.colorbar(image, ax=cell, shrink=0.8)
    write_figure(path, figure)


def write_grid(path: Path, each: Sequence[tuple[str, NDArray[Any]]]) -> None:
    """Write maps (H, W), with one scale for all, or pictures (H, W, 3) under their titles.

    Args:
        path: of the PNG.
        each: title, and map float64 or picture uint8.
    """
    n_columns = min(8, len(each))
    n_rows = -(-len(each) // n_columns)
    figure = Figure(figsize=(1.5 * n_columns + 0.8, 1.7 * n_rows), layout="constrained")
    cells = figure.subplots(n_rows, n_columns, squeeze=False)
    maps = [values for _, values in each if values.ndim == 2]
    scale = (
        {
            "vmin": min(float(np.min(part)) for part in maps),
            "vmax": max(float(np.max(part)) for part in maps),
        }
        if maps
        else {}
    )
    for cell in cells.ravel():
        cell.axis("off")
    for cell, (title, values) in zip(cells.ravel(), each, strict=False):
        image = cell.imshow(values, cmap="viridis", **scale)
        cell.set_title(title, fontsize=8, parse_math=False)
    if maps:
        figure.colorbar(image, ax=cells, shrink=0.8)
    write_figure(path, figure)
