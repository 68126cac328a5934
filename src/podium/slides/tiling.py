"""Slides cut into tiles, several at a time; resumed slide by slide.

Of each slide there are `<slide>.h5` (see `tile_store`), `<slide>.png`, a thumbnail with the tiles
drawn on it, and `<slide>.json`: done, no tiles, or failed and why.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2

from podium.core.code_fingerprint import computing_code
from podium.core.errors import EnvironmentFault, PodiumError, SettingsError
from podium.core.files import json_sha256, scratch_dir, write_bytes, write_json
from podium.core.params import Slides, TileSlides
from podium.core.processes import parallel_map
from podium.core.progress import progress
from podium.slides.annotations import raster
from podium.slides.dataset import SlideRecord, regions_of
from podium.slides.reader import Slide
from podium.slides.tile_grid import grid_of, read_tiles
from podium.slides.tile_states import DONE, NO_TILES, Outcome, read_outcome
from podium.slides.tile_store import MaskOf, write_tiles
from podium.slides.tissue import draw_overview
from podium.slides.tissue_tiles import TissueTiles, find_tissue_tiles

SUFFIXES = (".h5", ".png", ".json")  # files of a tiled slide; a failed one has only the last


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
        pixels: keep, or coordinates: pixels are read from the slide when they are wanted.
    """

    tile: int
    stride: int
    target_mpp: float | None = None
    level: int = 0
    min_tissue: float = 0.1
    thumbnail: int = 1024
    max_unreadable: float = 0.1
    pixels: str = "keep"


@dataclass(frozen=True)
class Job:
    """A slide to tile.

    Attributes:
        slide: its name.
        path: of its file.
        content: hash of its bytes and those of its annotation.
        mpp: micrometres per level-0 pixel; None takes what the file says.
        mask_of: gives the tumour in a window; None where it is unknown.
        max_megapixels: of a flat picture.
    """

    slide: str
    path: Path
    content: str
    mpp: float | None = None
    mask_of: MaskOf | None = None
    max_megapixels: float = 64.0


def plan_of(settings: TileSlides) -> Plan:
    """The section tile_slides as a plan."""
    return Plan(**settings.model_dump())


def jobs_of(
    rows: Sequence[SlideRecord], source: Path, annotations: Path, settings: Slides
) -> list[Job]:
    """A job for each row of the table of slides.

    Args:
        rows: of the table.
        source: folder of the slides.
        annotations: folder of their tumours as GeoJSON.
        settings: the section slides.
    """
    jobs = []
    for row in rows:
        regions = regions_of(row, annotations)
        mask_of = None if regions is None else partial(raster.mask, regions)
        mpp = float(row.mpp) if row.mpp else None
        content = f"{row.content} {row.annotation}"
        job = Job(row.slide, source / row.path, content, mpp, mask_of, settings.max_megapixels)
        jobs.append(job)
    return jobs


def tiles_dir(plan: Plan) -> Path:
    """The folder of work in progress in which slides are cut by a plan."""
    return scratch_dir("tiles", json_sha256(asdict(plan))[:16])


def tile_all(jobs: Sequence[Job], plan: Plan, out: Path, processes: int) -> list[Outcome]:
    """Tile all slides into `out`; slides that an earlier run finished are taken over.

    Args:
        jobs: the slides.
        plan: how to cut them.
        out: folder of the tiles.
        processes: how many slides are tiled at the same time.

    Raises:
        PodiumError: not one slide could be tiled.
        EnvironmentFault: the machine is at fault; slides done so far are kept.
        SettingsError: no slide can be tiled by this plan.
    """
    folder = tiles_dir(plan)
    work = partial(tile_slide, plan=plan, folder=folder)
    outcomes = list(progress(parallel_map(work, jobs, processes), len(jobs), "slides"))
    if not any(outcome.state == DONE for outcome in outcomes):
        raise PodiumError(f"no slide could be tiled\n{outcomes[0].reason}")
    out.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        for suffix in SUFFIXES:
            _link(folder / f"{outcome.slide}{suffix}", out)
    return outcomes


def _link(path: Path, folder: Path) -> None:
    """The file, if there is one, in `folder` too; a hard link where the disk allows it."""
    target = folder / path.name
    target.unlink(missing_ok=True)
    if not path.exists():
        return
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def tile_slide(job: Job, plan: Plan, folder: Path, threads: int = 1) -> Outcome:
    """Tile a slide into `folder`, unless the same plan did so with the same content before.

    A fault of the slide becomes a failed outcome, so that others go on; the next call tries it
    again. Safe in any process.

    Args:
        job: the slide.
        plan: how to cut it.
        folder: of its files.
        threads: how many read the slide at the same time.

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
        readable = before.state in (DONE, NO_TILES)
        if readable and before.fingerprint == fingerprint and path.exists():
            return before
    state.unlink(missing_ok=True)
    try:
        outcome = _tile(job, plan, path, threads, fingerprint)
    except (EnvironmentFault, SettingsError):
        raise
    except MemoryError:
        raise EnvironmentFault(
            f"{job.path}: too little memory to tile it\nremedy: close other programs and run again"
        ) from None
    except Exception as error:  # libraries raise many kinds on damaged slides
        kind = "" if isinstance(error, PodiumError) else f"{type(error).__name__}: "
        outcome = Outcome(job.slide, "failed", fingerprint, f"{kind}{error}")
        path.unlink(missing_ok=True)
        path.with_suffix(".png").unlink(missing_ok=True)
    write_json(state, asdict(outcome))
    return outcome


def _tile(job: Job, plan: Plan, path: Path, threads: int, fingerprint: str) -> Outcome:
    slide = Slide.open(job.path, job.mpp, job.max_megapixels)
    grid = grid_of(slide, plan.tile, plan.stride, plan.target_mpp, plan.level)
    chosen = find_tissue_tiles(slide, grid, plan.thumbnail, plan.min_tissue)
    parts = read_tiles(slide, grid, chosen.l_corners, threads, plan.max_unreadable)
    tiles = write_tiles(path, job.slide, chosen, job.mask_of, parts, plan.pixels == "keep")
    corners, n = tiles.coordinates / chosen.downsample, len(tiles.coordinates)
    side = grid.tile * grid.downsample / chosen.downsample
    picture = draw_overview(chosen.thumbnail, chosen.tissue, corners, side, tiles.tumour)
    write_bytes(path.with_suffix(".png"), cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes())
    n_unreadable = len(chosen.l_corners) - n
    counts = len(grid.l_corners), n, n_unreadable
    if n:
        return Outcome(job.slide, "done", fingerprint, "", *counts)
    return Outcome(job.slide, "no tiles", fingerprint, _why_no_tiles(job, chosen, plan), *counts)


def _why_no_tiles(job: Job, chosen: TissueTiles, plan: Plan) -> str:
    tissue = f"{chosen.tissue.mean():.2%} of its thumbnail looks like tissue"
    return (
        f"{job.path}: no tile holds enough tissue: {tissue}, none of {len(chosen.grid.l_corners)} "
        f"tiles holds {plan.min_tissue:.0%}\n"
        "remedy: lower min_tissue or the tile's size if there is tissue; a blank slide needs none"
    )
