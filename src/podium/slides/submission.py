"""A slide submission: probability and run lengths of every test slide, and scores with a key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from shapely import MultiPolygon

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.evaluation.metrics import row_log_losses
from podium.slides import rle
from podium.slides.annotations import load, raster
from podium.slides.dataset import SlideRecord, read_slides
from podium.slides.scoring import Counts, auc, score_masks
from podium.slides.slide_classification import MIN_PROBABILITY
from podium.submission import validation

COLUMNS = ["slide", "probability", "rle"]
KEY = "test_annotations"  # folder of the answer key, where there is one
ANY_SIZE = (1, 10**18)  # more pixels than any slide


def frame(
    ids: Sequence[str], table: pd.DataFrame, folder: Path, prior: float
) -> tuple[pd.DataFrame, list[str]]:
    """The submission's rows, and the slides that could not be predicted.

    A slide whose probability says no tumour has none marked, whatever its heat.

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
            p = float(test[name])
            marked = path.read_text(encoding="utf-8") if p >= MIN_PROBABILITY else ""
            rows.append((name, round(p, 6), marked))
        else:
            rows.append((name, round(prior, 6), ""))
            filled.append(name)
    return pd.DataFrame(rows, columns=pd.Index(COLUMNS)), filled


def check(path: Path, table: pd.DataFrame, rows: Sequence[SlideRecord]) -> None:
    """Raise a PodiumError unless each row has a probability and run lengths that fit its slide."""
    sizes = {row.slide: (row.width, row.height) for row in rows}
    for name, probability, text in table.itertuples(index=False, name=None):
        if not 0 <= probability <= 1:
            raise PodiumError(f"{path}: the probability of {name} is {probability}")
        if name in sizes and (fault := misfit(text, sizes[name])):
            raise PodiumError(f"{path}: {name}: {fault}")


def misfit(text: str, size: tuple[int, int]) -> str:
    """Why run lengths do not fit a slide of `size` = (w, h); '' if they do."""
    try:
        next(rle.decode_bands(text, size, rows=1))  # all runs are read before the first band
    except PodiumError as error:
        return str(error)
    return ""


def test_scores(
    source: Path,
    table: pd.DataFrame,
    rows: Sequence[SlideRecord],
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
    found |= score_masks(counts, patients, n_bootstrap)
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


def wanted(sample: Path | None, slides: Path, failed: Path) -> validation.Wanted:
    """What is wanted of a submission: the sample's slides, or all test slides without one.

    Args:
        sample: a sample submission.
        slides: the table of readable slides; their sizes are taken from it if it is there.
        failed: the table of the others, read only where there is no sample.
    """
    rows = read_slides(slides) if slides.is_file() or not sample else []
    if sample:
        ids = validation.sample_ids(sample, COLUMNS)
    else:
        others = read_table(failed, "slide", "split").query("split == 'test'")["slide"]
        ids = [row.slide for row in rows if row.split == "test"] + others.tolist()
    sizes = {row.slide: (row.width, row.height) for row in rows}
    rules = partial(faults, sizes=sizes), partial(notes, sizes=sizes)
    return validation.Wanted(COLUMNS, ids, *rules, sample)


def faults(table: pd.DataFrame, sizes: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """What is wrong with the probabilities and run lengths of a submission that was read as text.

    Run lengths of a slide that is not in `sizes` (w, h) are checked for their form alone.
    """
    yield from validation.probability_faults(table, ["probability"])
    pairs = zip(table["slide"], table["rle"], strict=True)
    wrong = [f"{n}: {why}" for n, text in pairs if (why := misfit(text, sizes.get(n, ANY_SIZE)))]
    if wrong:
        shown = validation.examples(wrong)
        yield f"{validation.counted(len(wrong), 'slide')} with run lengths that do not fit, {shown}"


def notes(table: pd.DataFrame, sizes: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """What is odd about a submission: hard labels, and slides of unknown size."""
    yield from validation.hard_notes(table, ["probability"])
    if unknown := [name for name in table["slide"] if name not in sizes]:
        yield (
            f"{validation.counted(len(unknown), 'slide')} of unknown size, only the form of their "
            f"run lengths was checked, {validation.examples(unknown)}"
        )
