"""The file of a slide's tiles: HDF5, streamed, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError, SettingsError, first_line
from podium.core.hdf5_file import GZIP, create_hdf5, dataset, open_hdf5
from podium.slides.annotations.labelled import UNKNOWN
from podium.slides.reader import Box
from podium.slides.tile_grid import Grid, Part, Points
from podium.slides.tissue_tiles import TissueTiles

# labels (h, w), of tumour 1, in a window given as to `Slide.read`: box, downsample; 0 off the slide
MaskOf = Callable[[Box, float], NDArray[np.uint8]]
Shares = NDArray[np.float32]
_COLUMNS = (("coordinates", "i8", 2), ("tissue", "f4", 1), ("tumour", "f4", 1))
_SPARE = 4 << 20  # bytes for what HDF5 adds


@dataclass(frozen=True)
class Tiles:
    """What a tile file holds beside pixels and masks.

    Attributes:
        slide: its name.
        grid: of the slide.
        coordinates: x, y (N, 2) of the top left corners at level 0.
        tissue: share (N,) of each tile.
        tumour: share (N,) of each tile, of all classes together; NaN where unknown.
        classes: share (N,) of each label in each tile; none where there is tumour only.
        has_unknown: whether masks hold places that nobody knows.
    """

    slide: str
    grid: Grid
    coordinates: Points
    tissue: Shares
    tumour: Shares
    classes: Mapping[int, Shares] = field(default_factory=dict)
    has_unknown: bool = False


class Places(NamedTuple):
    """Where the tiles of a file without pixels lie.

    Attributes:
        grid: of the slide.
        l_corners: x, y (M, 2) of all tiles that were asked for, in the grid's frame.
        order: of these, the rows (N,) that could be read, in the order of the file.
    """

    grid: Grid
    l_corners: Points
    order: Points


def write_tiles(
    path: Path,
    slide: str,
    chosen: TissueTiles,
    mask_of: MaskOf | None,
    parts: Iterable[Part],
    keep_pixels: bool = True,
) -> Tiles:
    """Write a tile file, whole or not at all.

    Args:
        path: of the file.
        slide: its name.
        chosen: the tiles to write; those that `parts` lacks are left out.
        mask_of: gives the tumour in a window; None where it is unknown.
        parts: rows (n,) of `chosen.l_corners` and pixels (n, tile, tile, 3); the file keeps their
            order.
        keep_pixels: whether pixels are written; else only where they lie in the slide.

    Returns:
        What was written, beside pixels and masks.
    """
    grid, l_corners = chosen.grid, chosen.l_corners
    tumour, n_stored = np.full(len(l_corners), np.nan, dtype=np.float32), 0
    classes: dict[int, Shares] = {}
    order = [np.empty(0, dtype=np.int64)]
    n_bytes = len(l_corners) * ((1 + 3 * keep_pixels) * grid.tile**2 + 1024) + _SPARE
    kinds = ("pixels",) * keep_pixels + ("masks",) * bool(mask_of)
    with create_hdf5(path, n_bytes) as (file, reserve):
        reserve(n_bytes)
        datasets = _create_datasets(file, len(l_corners), grid.tile, kinds)
        for rows, pixels in parts:
            order.append(rows)
            if keep_pixels:
                datasets["pixels"][n_stored : n_stored + len(rows)] = pixels
            if mask_of and len(rows):
                masks = _masks(mask_of, grid, l_corners[rows])
                datasets["masks"][n_stored : n_stored + len(rows)] = masks
                tumour[rows] = _tumour(masks)
                for label in set(np.unique(masks).tolist()) - {0}:
                    of_label = classes.setdefault(label, np.zeros(len(l_corners), np.float32))
                    of_label[rows] = (masks == label).mean(axis=(1, 2))
            n_stored += len(rows)
        for stored in datasets.values():
            stored.resize(n_stored, axis=0)
        kept = np.concatenate(order)
        has_unknown = classes.pop(UNKNOWN, None) is not None
        classes = {k: classes[k][kept] for k in sorted(classes)} if classes.keys() - {1} else {}
        tiles = Tiles(
            slide, grid, chosen.l0_corners[kept], chosen.shares[kept], tumour[kept], classes,
            has_unknown,
        )  # fmt: skip
        _write_columns(file, tiles)
        if not keep_pixels:
            _write_columns(file, Places(grid, l_corners, kept))
    return tiles


def _write_columns(file: h5py.File, about: Tiles | Places) -> None:
    """Write what is known of tiles, or where they lie."""
    columns: dict[str, NDArray[Any]]
    if isinstance(about, Places):
        columns = {"asked": about.l_corners, "order": about.order}
    else:
        columns = {name: getattr(about, name) for name, *_ in _COLUMNS}
        columns |= {f"classes/{label}": shares for label, shares in about.classes.items()}
        file.attrs["slide"], file.attrs["grid"] = about.slide, json.dumps(asdict(about.grid))
        if about.has_unknown:
            file.attrs["unknown"] = True
    for name, values in columns.items():
        file.create_dataset(name, data=values, fletcher32=len(values) > 0)


def _create_datasets(
    file: h5py.File, n: int, tile: int, kinds: Sequence[str]
) -> dict[str, h5py.Dataset]:
    """Empty datasets for `n` tiles: pixels, masks or both."""
    shapes = {kind: (tile, tile, 3) if kind == "pixels" else (tile, tile) for kind in kinds}
    return {
        name: file.create_dataset(
            name, (n, *shape), "u1", maxshape=(None, *shape), chunks=(1, *shape), fletcher32=True,
            **GZIP,
        )
        for name, shape in shapes.items()
    }  # fmt: skip


def _tumour(masks: NDArray[np.uint8]) -> Shares:
    """Share (n,) of all classes in masks (n, h, w); NaN where nothing of a mask is known."""
    shares = ((masks > 0) & (masks < UNKNOWN)).mean(axis=(1, 2)).astype(np.float32)
    shares[(masks == UNKNOWN).all(axis=(1, 2))] = np.nan
    return shares


def _masks(mask_of: MaskOf, grid: Grid, l_corners: Points) -> NDArray[np.uint8]:
    window = grid.window(l_corners)
    mask = mask_of(window, grid.downsample)
    if mask.shape != window[:1:-1]:
        raise PodiumError(f"a mask of shape {mask.shape} came for the window {window}")
    return grid.cut(mask, l_corners)


def load_tiles(path: Path) -> Tiles:
    """What the tile file at `path` holds beside pixels and masks, in the order of its pixels.

    Raises:
        PodiumError: it is missing, damaged, or no tile file.
    """
    with open_hdf5(path, "tile file") as file:
        columns = {name: dataset(file, name, kind, n)[:] for name, kind, n in _COLUMNS}
        if len({*map(len, columns.values()), _n_tiles(file)}) > 1:
            raise ValueError("its columns are of different lengths")
        labels = sorted(map(int, file.get("classes", ())))
        classes = {k: dataset(file, f"classes/{k}", "f4", 1)[:] for k in labels}
        return Tiles(
            str(file.attrs["slide"]), _grid(file.attrs["grid"]), **columns, classes=classes,
            has_unknown="unknown" in file.attrs,
        )  # fmt: skip


def _n_tiles(file: h5py.File) -> int:
    if "order" in file:
        return len(dataset(file, "order", "i8", 1))
    return len(dataset(file, "pixels", "u1", 4))


def has_pixels(path: Path) -> bool:
    """Whether a tile file holds pixels, not coordinates only."""
    with open_hdf5(path, "tile file") as file:
        return "order" not in file


def load_places(path: Path) -> Places:
    """Where the tiles of a file that holds coordinates only lie.

    Raises:
        PodiumError: it is missing, damaged, or another file.
    """
    with open_hdf5(path, "tile file") as file:
        asked, order = dataset(file, "asked", "i8", 2)[:], dataset(file, "order", "i8", 1)[:]
        return Places(_grid(file.attrs["grid"]), asked, order)


def _grid(text: object) -> Grid:
    try:
        fields = json.loads(str(text))
        return Grid(**fields | {"size": tuple(fields["size"])})
    except (TypeError, KeyError, ValueError, RecursionError, SettingsError) as error:
        raise ValueError(f"its grid is none: {first_line(error)}") from None


def load_pixels(path: Path, rows: Sequence[int], name: str = "pixels") -> NDArray[np.uint8]:
    """Pixels (n, tile, tile, 3) RGB of some tiles, or their masks of labels (n, tile, tile).

    Args:
        path: of a tile file.
        rows: which tiles, in the order to return them.
        name: pixels or masks.

    Raises:
        PodiumError: the file is missing, damaged, or holds no masks.
    """
    with open_hdf5(path, "tile file") as file:
        if name == "pixels" and "order" in file:
            raise PodiumError(
                f"{path}: holds coordinates only\n"
                "remedy: set tile_slides.pixels to keep and run dvc repro tile_slides"
            )
        stored = dataset(file, name, "u1", 4 if name == "pixels" else 3)
        pixels = np.empty((len(rows), *stored.shape[1:]), dtype=np.uint8)
        for position, row in enumerate(rows):
            pixels[position] = stored[row]
    return pixels
