"""The states of tiled slides: what became of each, kept beside its tiles, and a table of all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError, first_line
from podium.slides.tile_store import load_tiles

DONE, NO_TILES = "done", "no tiles"  # states of slides that could be read
COLUMNS = [
    "slide", "state", "downsample", "n_grid", "n_tiles", "n_tumour", "n_unreadable", "tissue",
    "tumour", "reason",
]  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """The state of a slide; `n_grid` counts the tiles of its grid, `n_tiles` those stored.

    A blank slide, or a grey one, or one of a piece of tissue too small for a tile has `no tiles`.
    """

    slide: str
    state: Literal["done", "no tiles", "failed"]
    fingerprint: str
    reason: str = ""
    n_grid: int = 0
    n_tiles: int = 0
    n_unreadable: int = 0


def read_outcome(path: Path) -> Outcome:
    """The outcome in the state file at `path`.

    Raises:
        PodiumError: there is none, or it is damaged.
    """
    try:
        return Outcome(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise PodiumError(
            f"{path}: no state of a slide ({first_line(error)})\nremedy: remove it and run again"
        ) from None


def summary(outcomes: Sequence[Outcome], folder: Path) -> pd.DataFrame:
    """A table of outcomes: state, number of tiles, mean tissue and tumour in them, reason."""
    rows = []
    for outcome in outcomes:
        row = asdict(outcome) | {"reason": outcome.reason.replace("\n", "; ")}
        row |= {"downsample": "", "n_tumour": 0, "tissue": 0.0, "tumour": 0.0}
        if outcome.state in (DONE, NO_TILES):
            tiles = load_tiles(folder / f"{outcome.slide}.h5")
            row["downsample"], row["n_tumour"] = (
                tiles.grid.downsample,
                int((tiles.tumour > 0).sum()),
            )
            row["tissue"], row["tumour"] = _mean(tiles.tissue), _mean(tiles.tumour)
        rows.append(row)
    return pd.DataFrame(rows, columns=pd.Index(COLUMNS))


def _mean(shares: NDArray[np.float32]) -> float:
    shares = shares[~np.isnan(shares)]
    return round(float(shares.mean()), 4) if len(shares) else 0.0
