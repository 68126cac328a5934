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
from podium.evaluation.intervals import Terms, bootstrap_scores
from podium.evaluation.metrics import log_loss_terms
from podium.evaluation.scores import Score
from podium.slides import marked_classes, rle
from podium.slides.annotations import load, raster
from podium.slides.annotations.class_plan import TUMOUR, ClassPlan
from podium.slides.annotations.labelled import UNKNOWN
from podium.slides.annotations.pixel_mask import Regions
from podium.slides.annotations.regions import label_of
from podium.slides.dataset import NO_TILES, SlideRecord, read_slides
from podium.slides.sample import COLUMNS, SHORT, rle_columns
from podium.slides.scoring import MIN_PROBABILITY, Counts, auc, mask_terms, pooled
from podium.submission import cells
from podium.submission.format import FormatInputs, SubmissionFormat

ANY_SIZE = (1, 10**18)  # (w, h): more pixels than any slide


@dataclass(frozen=True)
class SlideSubmission(SubmissionFormat):
    """Submissions of slides."""

    inputs: FormatInputs

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of what is marked."""
        return ClassPlan.of(self.inputs.params.slides).names if self.inputs.params else (TUMOUR,)

    @property
    def run_columns(self) -> list[str]:
        """The columns of run lengths, one for each class."""
        return rle_columns(self.classes)

    @cached_property
    def is_short(self) -> bool:
        """Whether the sample asks for `id,rle` only."""
        sample = self.inputs.sample
        return sample is not None and list(cells.read_submission(sample).columns) == SHORT

    @property
    def columns(self) -> list[str]:
        """Return the columns in their order."""
        return SHORT if self.is_short else [*COLUMNS[:2], *self.run_columns]

    def _whole(self, table: pd.DataFrame) -> pd.DataFrame:
        """A submission with a probability: of `id,rle`, 1 where anything is marked."""
        if not self.is_short:
            return table
        marked = (table["rle"] != "").map({True: "1", False: "0"})
        return pd.DataFrame({"slide": table["id"], "probability": marked, "rle": table["rle"]})

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
        folder = self.inputs.predictions
        rows, filled, nothing = [], [], [""] * len(self.classes)
        order = marked_classes.order_of(folder, self.classes) if len(test) else []
        for name in ids:
            path = folder / f"{name}.rle"
            if name in test.index and path.is_file():
                p = float(test[name])
                runs = path.read_text(encoding="utf-8").split("\n")
                marked = [runs[line] for line in order]
                rows.append((name, round(p, 6), *(marked if p >= MIN_PROBABILITY else nothing)))
            else:
                rows.append((name, round(prior, 6), *nothing))
                filled.append(name)
        whole = pd.DataFrame(rows, columns=pd.Index([*COLUMNS[:2], *self.run_columns]))
        if self.is_short:
            whole = whole.rename(columns={"slide": "id"})[SHORT]
        return whole, filled

    def faults(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield what is wrong with probabilities and run lengths of a submission read as text.

        Run lengths of a slide of unknown size are checked for their form alone.
        """
        table = self._whole(table)
        yield from cells.probability_faults(table, ["probability"])
        wrong = [
            f"{name}: {why}"
            for column in self.run_columns
            for name, text in zip(table["slide"], table[column], strict=True)
            if (why := why_not_fitting(text, self.sizes.get(name, ANY_SIZE)))
        ]
        if wrong:
            shown = cells.examples(wrong)
            n_slides = cells.counted(len(wrong), "slide")
            yield f"{n_slides} with run lengths that do not fit, {shown}"

    def notes(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield what is odd about a submission: hard labels, and slides of unknown size."""
        table, is_short = self._whole(table), self.is_short
        yield from () if is_short else cells.hard_notes(table, ["probability"])
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
        table = self._whole(table).astype({"probability": float})
        by_name, files = {row.slide: row for row in self.slides}, load.by_stem(key)
        params = self.inputs.params
        plan = ClassPlan.of(params.slides) if params else None
        by_class: list[list[Counts]] = []
        patients, labels, chances = [], list[str](), []
        for name, probability, *texts in table.itertuples(index=False, name=None):
            if name not in by_name:
                continue
            row = by_name[name]
            size = row.width, row.height
            annotated = name in files
            truth: Regions = MultiPolygon()
            if annotated:
                truth = load.load(files[name], size, plan, frame=row.origins, area=row.area).regions
            by_class.append([counts_of(text, truth, size, k) for k, text in enumerate(texts, 1)])
            patients.append(row.patient)
            labels.append(label_of(truth) or row.label)
            chances.append(probability)
        if not by_class:
            return {}
        counts = [pooled(each) for each in by_class]
        sides = mask_terms(counts) | {
            f"all_background_{name}": terms
            for name, terms in mask_terms([each.unmarked for each in counts]).items()
        }
        for k, name in enumerate(self.classes if len(self.classes) > 1 else ()):
            sides[f"f1_{name}"] = mask_terms([each[k] for each in by_class])["tumour_f1"]
        known = [k for k, label in enumerate(labels) if label]  # of others nobody knows it
        p, truths = np.array(chances)[known], np.array([int(labels[k]) for k in known])
        losses = {"log_loss": log_loss_terms(np.stack([1 - p, p], axis=1), truths)} if known else {}
        if len(known) == len(labels):
            scores = self._drawn(sides | losses, patients)
        else:
            scores = self._drawn(sides, patients)
            scores |= self._drawn(losses, [patients[k] for k in known]) if known else {}
        area = auc(truths, p)
        return scores | ({} if area is None else {"slide_auc": Score(area, n=len(p))})

    def _drawn(self, sides: Mapping[str, Terms], patients: Sequence[str]) -> dict[str, Score]:
        """Scores by name, with intervals over patients."""
        drawn = bootstrap_scores(list(sides.values()), patients, self.inputs.n_draws, seed=0)
        return dict(zip(sides, drawn, strict=True))

    def held_out_scores(self, table: pd.DataFrame) -> dict[str, Score]:
        """Return nothing: a prediction table marks no pixels, and the blend scores its calls."""
        return {}

    def facts(self, table: pd.DataFrame) -> dict[str, Any]:
        """Return how to read the run lengths, and which slides no network looked at."""
        how = "column-major, counted from 1, level 0; empty = no tumour"
        return {"rle": how, "no_tiles": self._without_tiles(table.iloc[:, 0].tolist())}

    def _without_tiles(self, ids: Sequence[str]) -> list[str]:
        path = self.inputs.predictions / "states.csv"
        states = read_table(path, "slide", "state") if path.is_file() else pd.DataFrame()
        state_of = dict(states[["slide", "state"]].to_numpy()) if len(states) else {}
        return [name for name in ids if state_of.get(name) == NO_TILES]

    def plain_lines(self, table: pd.DataFrame) -> str:
        """Return slide and probability of each row, without its run lengths."""
        return cells.spaced_lines(self._whole(table)[["slide", "probability"]])


def why_not_fitting(text: str, size: tuple[int, int]) -> str:
    """Return why run lengths do not fit a slide of `size` = (w, h); '' if they do."""
    try:
        next(rle.decode_bands(text, size, rows=1))  # all runs are read before the first band
    except PodiumError as error:
        return str(error)
    return ""


def counts_of(text: str, truth: Regions, size: tuple[int, int], label: int = 1) -> Counts:
    """Return the known pixels of level 0 by truth and run lengths, counted band by band.

    Args:
        text: run lengths.
        truth: tumour or classes, in level-0 pixels.
        size: (w, h) of the slide at level 0.
        label: of the class that the run lengths mark.
    """
    total, top = Counts(), 0
    for band in rle.decode_bands(text, size):
        height, width = band.shape
        tumour = raster.mask(truth, (0.0, float(top), width, height))
        known = tumour != UNKNOWN
        total += Counts.of(tumour[known] == label, band[known] > 0)
        top += height
    return total
