"""A slide submission: probability and run lengths of every test slide, and scores with a key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from shapely import MultiPolygon

from podium.errors import PodiumError
from podium.metrics import row_log_losses
from podium.slides import rle
from podium.slides.annotations import load, raster
from podium.slides.dataset import Row
from podium.slides.scoring import Counts, auc, judged

COLUMNS = ["slide", "probability", "rle"]
KEY = "test_annotations"  # folder of the answer key, where there is one


def frame(
    ids: Sequence[str], table: pd.DataFrame, folder: Path, prior: float
) -> tuple[pd.DataFrame, list[str]]:
    """The submission's rows, and the slides that could not be predicted.

    Args:
        ids: of test slides.
        table: the prediction table.
        folder: where predict_slides left run lengths.
        prior: the probability of slides without prediction, which get no tumour marked.
    """
    test = table[table["split"] == "test"].set_index("id")["p_tumour"]
    rows, filled = [], []
    for name in ids:
        path = folder / f"{name}.rle"
        if name in test.index and path.is_file():
            rows.append((name, round(float(test[name]), 6), path.read_text(encoding="utf-8")))
        else:
            rows.append((name, round(prior, 6), ""))
            filled.append(name)
    return pd.DataFrame(rows, columns=pd.Index(COLUMNS)), filled


def check(path: Path, table: pd.DataFrame, rows: Sequence[Row]) -> None:
    """Raise a PodiumError unless each row has a probability and run lengths that fit its slide."""
    sizes = {row.slide: (row.width, row.height) for row in rows}
    for name, probability, text in table.itertuples(index=False, name=None):
        if not 0 <= probability <= 1:
            raise PodiumError(f"{path}: the probability of {name} is {probability}")
        if name in sizes:
            try:
                for _ in rle.decode_bands(text, sizes[name]):
                    pass
            except PodiumError as error:
                raise PodiumError(f"{path}: {name}: {error}") from None


def test_scores(
    source: Path,
    table: pd.DataFrame,
    rows: Sequence[Row],
    n_bootstrap: int,
    classes: Collection[str] | None,
) -> dict[str, Any]:
    """Scores of the very rows that are handed in; nothing without answer key or readable slide.

    The key is a folder test_annotations beside the slides; a slide without a file has no tumour.
    """
    if not (source / KEY).is_dir():
        return {}
    by_name, key = {row.slide: row for row in rows}, load.by_stem(source / KEY)
    counts, patients, labels, chances = [], [], [], []
    for name, probability, text in table.itertuples(index=False, name=None):
        if name not in by_name:
            continue
        row = by_name[name]
        size = row.width, row.height
        truth = load.load(key[name], size, classes).regions if name in key else MultiPolygon()
        counts.append(_counts(text, truth, size))
        patients.append(row.patient)
        labels.append(int(not truth.is_empty))
        chances.append(probability)
    if not counts:
        return {}
    found: dict[str, Any] = {"n_slides": len(counts), "n_patients": len(set(patients))}
    found |= judged(counts, patients, n_bootstrap)
    known, p = np.array(labels), np.array(chances)
    found["log_loss"] = float(row_log_losses(np.stack([1 - p, p], axis=1), known).mean())
    slides = auc(known, p)
    return found | ({} if slides is None else {"slide_auc": slides})


def _counts(text: str, truth: MultiPolygon, size: tuple[int, int]) -> Counts:
    """Pixels of level 0 by truth and run lengths, band by band."""
    total, top = Counts(), 0
    for band in rle.decode_bands(text, size):
        height, width = band.shape
        wanted = raster.mask(truth, (0.0, float(top), width, height))
        total += Counts.of(wanted > 0, band > 0)
        top += height
    return total
