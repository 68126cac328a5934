"""The tiles of a slide in one HDF5 file: streamed, whole or not at all, resumable slide by slide.

Beside it lie `<slide>.png`, a thumbnail with the tiles drawn on it, and `<slide>.json`: done, or
failed and why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import cv2
import h5py
import numpy as np
from numpy.typing import NDArray

from podium.core.code_fingerprint import computing_code
from podium.core.errors import (
    EnvironmentFault,
    PodiumError,
    SettingsError,
    first_line,
)
from podium.core.feature_store import open_hdf5
from podium.core.files import (
    atomic_write,
    json_sha256,
    locked,
    require_space,
    write_bytes,
    write_json,
)
from podium.slides.reader import Box, Slide
from podium.slides.tile_grid import (
    Grid,
    Part,
    Points,
    grid_of,
    read_tiles,
)
from podium.slides.tissue import fractions, overview, tissue_mask

# the tumour {0, 1} (h, w) in a window given as to `Slide.read`: box, downsample; 0 off the slide
MaskOf = Callable[[Box, float], NDArray[np.uint8]]
Shares = NDArray[np.float32]
_SPARE = 4 << 20  # bytes for what HDF5 adds: it crashes the interpreter on a full disk


@dataclass(frozen=True)
class Plan:
    """How slides are tiled.

    Attributes:
        tile: side of a tile, in its own pixels.
        stride: from one tile to the next, in the same pixels.
        target_mpp: micrometres per pixel of a tile; None: as `level` says.
        level: of the slide, where `target_mpp` is None.
        min_tissue: tiles with a smaller share of tissue are left out; 0 keeps all.
        thumbnail: longer side of the picture on which tissue is looked for.
        max_unreadable: share of damaged tiles above which the slide counts as failed.
    """

    tile: int
    stride: int
    target_mpp: float | None = None
    level: int = 0
    min_tissue: float = 0.1
    thumbnail: int = 1024
    max_unreadable: float = 0.1


@dataclass(frozen=True)
class Job:
    """One slide: `content` = hash of its and its annotation's bytes, `mask_of` None = unknown."""

    slide: str
    path: Path
    content: str
    mpp: float | None = None
    mask_of: MaskOf | None = None
    max_megapixels: float = 64.0


@dataclass(frozen=True)
class Outcome:
    """What became of a slide; `n_grid` counts the tiles of its grid, `n_tiles` those stored."""

    slide: str
    state: Literal["done", "failed"]
    fingerprint: str
    reason: str = ""
    n_grid: int = 0
    n_tiles: int = 0
    n_unreadable: int = 0


@dataclass(frozen=True)
class Tiles:
    """What a file holds beside pixels: coordinates (N, 2) at level 0; tumour NaN where unknown."""

    slide: str
    grid: Grid
    coordinates: Points
    tissue: Shares
    tumour: Shares


def tile_slide(job: Job, plan: Plan, folder: Path, threads: int = 1) -> Outcome:
    """Tile a slide into `folder`, or find it done by the same plan from the same content.

    What is wrong with the slide becomes a failed outcome, so that others go on; the next call
    tries again. Safe in any process.

    Raises:
        EnvironmentFault: the machine is at fault: a full disk, another process at the same slide.
        SettingsError: no slide can be tiled by this plan.
    """
    own = {"content": job.content, "mpp": job.mpp, "mask": job.mask_of is not None}
    own["code"] = computing_code(__name__)
    fingerprint = json_sha256(asdict(plan) | own)
    state, path = folder / f"{job.slide}.json", folder / f"{job.slide}.h5"
    with suppress(PodiumError):
        before = read_outcome(state)
        if (before.state, before.fingerprint) == ("done", fingerprint) and path.exists():
            return before
    state.unlink(missing_ok=True)
    try:
        outcome = _tiled(job, plan, path, threads, fingerprint)
    except (EnvironmentFault, SettingsError):
        raise
    except Exception as error:  # libraries raise many kinds on damaged slides
        kind = "" if isinstance(error, PodiumError) else f"{type(error).__name__}: "
        outcome = Outcome(job.slide, "failed", fingerprint, f"{kind}{error}")
        path.unlink(missing_ok=True)
        path.with_suffix(".png").unlink(missing_ok=True)
    write_json(state, asdict(outcome))
    return outcome


def read_outcome(path: Path) -> Outcome:
    """What the state file at `path` says.

    Raises:
        PodiumError: there is none, or it is damaged.
    """
    try:
        return Outcome(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise PodiumError(f"{path}: no state of a slide ({first_line(error)})") from None


def _tiled(job: Job, plan: Plan, path: Path, threads: int, fingerprint: str) -> Outcome:
    slide = Slide.open(job.path, job.mpp, job.max_megapixels)
    grid = grid_of(slide, plan.tile, plan.stride, plan.target_mpp, plan.level)
    thumbnail, downsample = slide.thumbnail(plan.thumbnail)
    mask, corners, side = tissue_mask(thumbnail), grid.corners, grid.tile * grid.downsample
    tissue = fractions(mask, downsample, grid.coordinates(corners), side)
    keep = tissue >= plan.min_tissue
    parts = read_tiles(slide, grid, corners[keep], threads, plan.max_unreadable)
    tiles = _write(path, job, grid, corners[keep], tissue[keep], parts)
    at, n = tiles.coordinates / downsample, len(tiles.coordinates)
    drawn = overview(thumbnail, mask, at, side / downsample, tiles.tumour)
    write_bytes(path.with_suffix(".png"), cv2.imencode(".png", drawn[:, :, ::-1])[1].tobytes())
    return Outcome(job.slide, "done", fingerprint, "", len(keep), n, int(keep.sum()) - n)


def _write(
    path: Path, job: Job, grid: Grid, corners: Points, tissue: Shares, parts: Iterable[Part]
) -> Tiles:
    """Write the tiles that `parts` brings, in its order, whole or not at all."""
    coordinates, order = grid.coordinates(corners), [np.empty(0, dtype=np.int64)]
    tumour, n_stored = np.full(len(corners), np.nan, dtype=np.float32), 0
    pixel, square = (grid.tile, grid.tile, 3), (grid.tile, grid.tile)
    shapes = {"pixels": pixel, "masks": square} if job.mask_of else {"pixels": pixel}
    require_space(path, len(corners) * (4 * grid.tile**2 + 1024) + _SPARE)
    with locked(path), atomic_write(path) as partial, h5py.File(partial, "w") as file:
        for other in path.parent.iterdir():
            if other.name.startswith(f".{path.name}.") and other.name != partial.name:
                other.unlink()  # left by a process that was killed
        stored: dict[str, h5py.Dataset] = {}
        for name, one in shapes.items():
            space = {"maxshape": (None, *one), "chunks": (1, *one), "fletcher32": True}
            shape = len(corners), *one
            stored[name] = file.create_dataset(name, shape, "u1", compression="lzf", **space)
        for rows, pixels in parts:
            require_space(path, 2 * pixels.nbytes + _SPARE)  # others may have filled the disk
            order.append(rows)
            stored["pixels"][n_stored : n_stored + len(rows)] = pixels
            if job.mask_of and len(rows):
                masks = _masks(job.mask_of, grid, corners[rows])
                stored["masks"][n_stored : n_stored + len(rows)] = masks
                tumour[rows] = masks.mean(axis=(1, 2))
            n_stored += len(rows)
        for dataset in stored.values():
            dataset.resize(n_stored, axis=0)
        kept = np.concatenate(order)
        tiles = Tiles(job.slide, grid, coordinates[kept], tissue[kept], tumour[kept])
        for name in ("coordinates", "tissue", "tumour"):
            file.create_dataset(name, data=getattr(tiles, name), fletcher32=n_stored > 0)
        file.attrs["slide"], file.attrs["grid"] = job.slide, json.dumps(asdict(grid))
    return tiles


def _masks(mask_of: MaskOf, grid: Grid, corners: Points) -> NDArray[np.uint8]:
    window = grid.window(corners)
    mask = mask_of(window, grid.downsample)
    if mask.shape != window[:1:-1]:
        raise PodiumError(f"a mask of shape {mask.shape} came for the window {window}")
    return grid.cut(mask, corners)


def load_tiles(path: Path) -> Tiles:
    """What the tile file at `path` holds beside pixels, in the order of its pixels.

    Raises:
        PodiumError: it is missing, damaged, or no tile file.
    """
    with open_hdf5(path, "tile file") as file:
        known = json.loads(file.attrs["grid"])
        grid = Grid(**known | {"size": tuple(known["size"])})
        columns = (file[name][:] for name in ("coordinates", "tissue", "tumour"))
        return Tiles(str(file.attrs["slide"]), grid, *columns)


def load_pixels(path: Path, rows: Sequence[int], name: str = "pixels") -> NDArray[np.uint8]:
    """Pixels (n, tile, tile, 3) RGB of the tiles in `rows`, in that order; or their `masks`.

    Raises:
        PodiumError: the file is missing, damaged, or holds no masks.
    """
    with open_hdf5(path, "tile file") as file:
        tiles = file[name]
        found = np.empty((len(rows), *tiles.shape[1:]), dtype=np.uint8)
        for place, row in enumerate(rows):
            found[place] = tiles[row]
    return found
