"""The slide submission: probability of tumour and run lengths of every test slide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from shapely import MultiPolygon

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.evaluation.intervals import bootstrap_scores
from podium.evaluation.metrics import log_loss_terms
from podium.evaluation.scores import Score
from podium.slides import rle
from podium.slides.annotations import load, raster
from podium.slides.annotations.pixel_mask import Regions
from podium.slides.dataset import NO_TILES, SlideRecord, read_slides
from podium.slides.scoring import MIN_PROBABILITY, Counts, auc, mask_terms
from podium.submission import cells
from podium.submission.format import FormatInputs, SubmissionFormat

ANY_SIZE = (1, 10**18)  # (w, h): more pixels than any slide


@dataclass(frozen=True)
class SlideSubmission(SubmissionFormat):
    """Submissions of slides."""

    inputs: FormatInputs

    @cached_property
    def slides(self) -> list[SlideRecord]:
        """The readable slides; none if they were not ingested and there is a sample."""
        path = self.inputs.items[0]
        return read_slides(path) if path.is_file() or not self.inputs.sample else []

    @cached_property
    def sizes(self) -> Mapping[str, tuple[int, int]]:
        """Size (w, h) of each readable slide at level 0."""
        return {row.slide: (row.width, row.height) for row in self.slides}

    def test_ids(self) -> list[str]:
        """Return the names of all test slides, those that cannot be read last."""
        left_out = read_table(self.inputs.items[1], "id", "split").query("split == 'test'")
        readable = [row.slide for row in self.slides if row.split == "test"]
        return list(dict.fromkeys([*readable, *left_out["id"]]))

    def frame(self, ids: Sequence[str], table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return the rows of `ids`, and the slides that could not be predicted.

        A slide whose probability says no tumour has none marked, whatever its heat; one without
        prediction gets the share of tumour slides, and no tumour marked.

        Args:
            ids: of test slides.
            table: the prediction table.
        """
        labels = [int(row.label) for row in self.slides if row.split == "train" and row.label]
        prior = float(np.mean(labels)) if labels else 0.5
        test = table[table["split"] == "test"].set_index("id")["p_tumour"]
        rows, filled = [], []
        for name in ids:
            path = self.inputs.predictions / f"{name}.rle"
            if name in test.index and path.is_file():
                p = float(test[name])
                marked = path.read_text(encoding="utf-8") if p >= MIN_PROBABILITY else ""
                rows.append((name, round(p, 6), marked))
            else:
                rows.append((name, round(prior, 6), ""))
                filled.append(name)
        return pd.DataFrame(rows, columns=pd.Index(self.columns)), filled

    def faults(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield what is wrong with probabilities and run lengths of a submission read as text.

        Run lengths of a slide of unknown size are checked for their form alone.
        """
        yield from cells.probability_faults(table, ["probability"])
        pairs = zip(table["slide"], table["rle"], strict=True)
        wrong = [
            f"{name}: {why}"
            for name, text in pairs
            if (why := why_not_fitting(text, self.sizes.get(name, ANY_SIZE)))
        ]
        if wrong:
            shown = cells.examples(wrong)
            n_slides = cells.counted(len(wrong), "slide")
            yield f"{n_slides} with run lengths that do not fit, {shown}"

    def notes(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield what is odd about a submission: hard labels, and slides of unknown size."""
        yield from cells.hard_notes(table, ["probability"])
        if unknown := [name for name in table["slide"] if name not in self.sizes]:
            yield (
                f"{cells.counted(len(unknown), 'slide')} of unknown size, only the form of "
                f"their run lengths was checked, {cells.examples(unknown)}"
            )

    def score(self, table: pd.DataFrame, key: Path) -> dict[str, Score]:
        """Return scores of the very rows that are handed in; none without key or readable slide.

        Args:
            table: the submission.
            key: a folder of annotations; a slide without a file there has no tumour.
        """
        if not key.is_dir():
            return {}
        by_name, files = {row.slide: row for row in self.slides}, load.by_stem(key)
        params = self.inputs.params
        classes = (params.slides.classes or None) if params else None
        counts, patients, labels, chances = [], [], [], []
        for name, probability, text in table.itertuples(index=False, name=None):
            if name not in by_name:
                continue
            row = by_name[name]
            size = row.width, row.height
            annotated = name in files
            truth: Regions = MultiPolygon()
            if annotated:
                truth = load.load(files[name], size, classes, frame=row.origins).regions
            counts.append(counts_of(text, truth, size))
            patients.append(row.patient)
            labels.append(int(not truth.is_empty))
            chances.append(probability)
        if not counts:
            return {}
        p, truths = np.array(chances), np.array(labels)
        sides = mask_terms(counts) | {
            f"all_background_{name}": terms
            for name, terms in mask_terms([each.unmarked for each in counts]).items()
        }
        sides["log_loss"] = log_loss_terms(np.stack([1 - p, p], axis=1), truths)
        drawn = bootstrap_scores(list(sides.values()), patients, self.inputs.n_draws, seed=0)
        scores = dict(zip(sides, drawn, strict=True))
        area = auc(truths, p)
        return scores | ({} if area is None else {"slide_auc": Score(area, n=len(p))})

    def held_out_scores(self, table: pd.DataFrame) -> dict[str, Score]:
        """Return nothing: a prediction table marks no pixels, and the blend scores its calls."""
        return {}

    def facts(self, table: pd.DataFrame) -> dict[str, Any]:
        """Return how to read the run lengths, and which slides no network looked at."""
        how = "column-major, counted from 1, level 0; empty = no tumour"
        return {"rle": how, "no_tiles": self._without_tiles(table["slide"].tolist())}

    def _without_tiles(self, ids: Sequence[str]) -> list[str]:
        path = self.inputs.predictions / "states.csv"
        states = read_table(path, "slide", "state") if path.is_file() else pd.DataFrame()
        state_of = dict(states[["slide", "state"]].to_numpy()) if len(states) else {}
        return [name for name in ids if state_of.get(name) == NO_TILES]

    def plain_lines(self, table: pd.DataFrame) -> str:
        """Return slide and probability of each row, without its run lengths."""
        return cells.spaced_lines(table[["slide", "probability"]])


def why_not_fitting(text: str, size: tuple[int, int]) -> str:
    """Return why run lengths do not fit a slide of `size` = (w, h); '' if they do."""
    try:
        next(rle.decode_bands(text, size, rows=1))  # all runs are read before the first band
    except PodiumError as error:
        return str(error)
    return ""


def counts_of(text: str, truth: Regions, size: tuple[int, int]) -> Counts:
    """Return the pixels of level 0 by truth and run lengths, counted band by band.

    Args:
        text: run lengths.
        truth: tumour, in level-0 pixels.
        size: (w, h) of the slide at level 0.
    """
    total, top = Counts(), 0
    for band in rle.decode_bands(text, size):
        height, width = band.shape
        tumour = raster.mask(truth, (0.0, float(top), width, height))
        total += Counts.of(tumour > 0, band > 0)
        top += height
    return total
