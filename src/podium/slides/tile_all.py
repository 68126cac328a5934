"""All slides of a competition tiled, several at a time, and a table of what became of each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import json_sha256, scratch_dir
from podium.core.params import Slides, TileSlides
from podium.core.processes import parallel_map
from podium.core.progress import progress
from podium.slides.annotations import raster
from podium.slides.dataset import SlideRecord, regions_of
from podium.slides.tile_store import (
    Job,
    Outcome,
    Plan,
    load_tiles,
    tile_slide,
)

SUFFIXES = (".h5", ".png", ".json")  # what a tiled slide leaves; a failed one only the last


def jobs(
    rows: Sequence[SlideRecord], source: Path, annotations: Path, settings: Slides
) -> list[Job]:
    """What there is to do for each row."""
    found = []
    for row in rows:
        regions = regions_of(row, annotations)
        mask_of = None if regions is None else partial(raster.mask, regions)
        mpp = float(row.mpp) if row.mpp else None
        content = f"{row.content} {row.annotation}"
        found.append(
            Job(row.slide, source / row.path, content, mpp, mask_of, settings.max_megapixels)
        )
    return found


def plan_of(settings: TileSlides) -> Plan:
    """The section tile_slides as a plan."""
    return Plan(**settings.model_dump())


def tile_all(wanted: Sequence[Job], plan: Plan, out: Path, processes: int) -> list[Outcome]:
    """Tile all slides into `out`; slides done by an earlier run, killed or not, are taken over.

    Raises:
        PodiumError: not one slide could be tiled.
        EnvironmentFault: the machine is at fault; slides done so far are kept.
        SettingsError: no slide can be tiled by this plan.
    """
    folder = scratch_dir("tiles", json_sha256(asdict(plan))[:16])
    work = partial(tile_slide, plan=plan, folder=folder)
    found = list(progress(parallel_map(work, wanted, processes), len(wanted), "slides"))
    if not any(one.state == "done" for one in found):
        raise PodiumError(f"no slide could be tiled\n{found[0].reason}")
    out.mkdir(parents=True, exist_ok=True)
    for outcome in found:
        for suffix in SUFFIXES:
            _taken_over(folder / f"{outcome.slide}{suffix}", out)
    return found


def _taken_over(path: Path, folder: Path) -> None:
    """The same file, or none, under `folder`; no second copy of its bytes where the disk allows."""
    target = folder / path.name
    target.unlink(missing_ok=True)
    if not path.exists():
        return
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def summary(outcomes: Sequence[Outcome], folder: Path) -> pd.DataFrame:
    """One line per slide: its state, its tiles, tissue and tumour in them, why it failed."""
    rows = []
    for one in outcomes:
        done = one.state == "done"
        tiles = load_tiles(folder / f"{one.slide}.h5") if done else None
        rows.append(
            {
                "slide": one.slide,
                "state": one.state,
                "downsample": tiles.grid.downsample if tiles else "",
                "n_grid": one.n_grid,
                "n_tiles": one.n_tiles,
                "n_tumour": int((tiles.tumour > 0).sum()) if tiles else 0,
                "n_unreadable": one.n_unreadable,
                "tissue": _mean(tiles.tissue) if tiles else 0.0,
                "tumour": _mean(tiles.tumour) if tiles else 0.0,
                "reason": one.reason.replace("\n", "; "),
            }
        )
    return pd.DataFrame(rows)


def _mean(shares: NDArray[np.float32]) -> float:
    known = shares[~np.isnan(shares)]
    return round(float(known.mean()), 4) if len(known) else 0.0
