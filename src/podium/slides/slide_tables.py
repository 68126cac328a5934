"""Tables of predicted slides for people: their states, their pixels, precision and recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

import numpy as np
import pandas as pd

from podium.slides import scoring
from podium.slides.dataset import NO_TILES, SlideRecord
from podium.slides.scoring import Counts
from podium.slides.slide_classification import SlidePrediction
from podium.slides.slide_results import SlideResult

NO_TILES_REASON = (
    "no tile holds enough tissue: no network saw it, its probability is the share of tumour slides"
)


def state_of(result: SlideResult) -> str:
    """`done`, or `no tiles` where the networks saw nothing of a slide: its answer is a prior."""
    return "done" if result.has_tiles else NO_TILES


def states_table(
    slides: Sequence[SlidePrediction], rows: Sequence[SlideRecord], failures: Mapping[str, str]
) -> pd.DataFrame:
    """A table of all slides: slide, split, state, n_tiles, probability, reason.

    Args:
        slides: those predicted.
        rows: of all slides, in the order of the table.
        failures: why others were not, by slide.
    """
    by_name = {slide.result.row.slide: slide for slide in slides}
    records: list[tuple[str, str, str, int, float | str, str]] = []
    for row in rows:
        if slide := by_name.get(row.slide):
            result, p = slide.result, slide.probability
            reason = "" if result.has_tiles else NO_TILES_REASON
            records.append((row.slide, row.split, state_of(result), result.n_tiles, p, reason))
        else:
            records.append((row.slide, row.split, "failed", 0, "", failures[row.slide]))
    columns = ["slide", "split", "state", "n_tiles", "probability", "reason"]
    return pd.DataFrame(records, columns=pd.Index(columns))


def counts_table(oof: Sequence[SlidePrediction]) -> pd.DataFrame:
    """Pixels of each out-of-fold slide with known truth: slide, patient, fold, model, counts.

    `model` is network, or hed_otsu for the colour threshold.
    """
    records = []
    for slide in oof:
        row, baseline = slide.result.row, slide.result.baseline
        keys = {"slide": row.slide, "patient": row.patient, "fold": row.fold}
        if slide.result.has_truth:
            records.append(keys | {"model": "network"} | asdict(slide.counts))
            records += [keys | {"model": "hed_otsu"} | asdict(baseline)] if baseline else []
    names = ["slide", "patient", "fold", "model", *(field.name for field in fields(Counts))]
    return pd.DataFrame(records, columns=pd.Index(names))


def precision_recall(results: Sequence[SlideResult]) -> pd.DataFrame:
    """Threshold, precision, recall and F1 over all pixels of slides with known tumour."""
    histograms = [result.histogram for result in results if result.has_truth]
    rows = scoring.threshold_curve(np.sum(histograms, axis=0)) if histograms else []
    return pd.DataFrame(rows, columns=pd.Index(["threshold", "precision", "recall", "f1"]))
