"""The photo submission: what the sample asks for of each test picture, unreadable ones filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.core.raw_folder import QUARANTINE_COLUMNS
from podium.evaluation import decisions, intervals
from podium.evaluation.metrics import area_under_roc
from podium.evaluation.scores import AUC, Metric, Score
from podium.evaluation.table_kinds import DECISION, TableKind, kind_of
from podium.evaluation.task import PictureTask, read_task, usual_classes
from podium.photos import constant_answers
from podium.photos.answer_key import kind_for, read_key
from podium.pictures.dataset import read_items
from podium.submission import answers, cells
from podium.submission.format import FormatInputs, SubmissionFormat

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def columns_of(classes: Sequence[str]) -> list[str]:
    """Return the header: id,label for two classes (label = the second's), else one for each."""
    return list(usual_classes(tuple(classes)).sample.columns)


@dataclass(frozen=True)
class PhotoSubmission(SubmissionFormat):
    """Submissions of pictures with classes, labels or numbers."""

    inputs: FormatInputs

    @cached_property
    def _items(self) -> pd.DataFrame:
        return read_items(self.inputs.items[0])

    @property
    def _train_labels(self) -> pd.Series[str]:
        return self._items["label"][self._items["split"] == "train"]

    @cached_property
    def task(self) -> PictureTask | None:
        """What is asked for; None where nothing was ingested and only a sample tells."""
        if self.inputs.task is not None and self.inputs.task.is_file():
            return read_task(self.inputs.task)
        if self.inputs.sample is None or self.inputs.items[0].is_file():
            return usual_classes(tuple(sorted(set(self._train_labels))))
        return None

    @property
    def asked(self) -> PictureTask:
        """What is asked for, once pictures were ingested."""
        if self.task is None:
            raise PodiumError(f"{self.inputs.items[0]}: no such file\nremedy: run dvc repro")
        return self.task

    @property
    def kind(self) -> TableKind:
        """The kind of its prediction tables."""
        return kind_for(self.asked)

    @property
    def metric(self) -> Metric:
        """The metric that counts."""
        return self.inputs.competition.table_metrics[0]

    @cached_property
    def columns(self) -> list[str]:
        """The columns of the task; where nothing was ingested, the sample's.

        Raises:
            PodiumError: that sample has no column of answers.
        """
        sample = self.inputs.sample
        if self.task is not None or sample is None:
            return list(self.asked.sample.columns)
        names = [str(name) for name in cells.read_submission(sample).columns]
        if len(names) < 2:
            raise PodiumError(
                f"{sample}: its only column is {names}\n"
                "remedy: it needs the ids and a column for each probability"
            )
        return names

    def test_ids(self) -> list[str]:
        """Return the ids of all test pictures, the unreadable ones last."""
        unreadable = read_table(self.inputs.items[1], *QUARANTINE_COLUMNS)
        parts = self._items, unreadable
        return [name for part in parts for name in part["id"][part["split"] == "test"]]

    def frame(self, ids: Sequence[str], table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return the rows of `ids`, and the ids that got the same answer for want of a picture.

        Args:
            ids: of the rows.
            table: the prediction table; of several seeds the mean is taken.

        Raises:
            PodiumError: the table is of other classes or labels, or of another kind.
        """
        self._refuse_other_kind(table)
        test = table[table["split"] == "test"]
        means = test.groupby("id")[self.kind.columns()].mean()
        filled = [name for name in ids if name not in means.index]
        values = means.reindex(list(ids)).to_numpy(dtype=np.float64, copy=True)
        absent = np.isnan(values).any(axis=1)
        decided = self._decided(ids, test, absent) if DECISION in table else None
        if absent.any():
            values[absent] = constant_answers.prior(self.asked, self.metric, self.train_truth())
        columns = answers.written(self.asked, values, decided)
        return pd.DataFrame({self.columns[0]: list(ids), **columns}), filled

    def _decided(self, ids: Sequence[str], test: pd.DataFrame, absent: Flags) -> Floats:
        """Decisions (N, K) of the blend; where there is none, the one best answer for all."""
        rows = pd.Series(range(len(test)), test["id"]).groupby(level=0).first().reindex(list(ids))
        decided = np.zeros((len(ids), len(self.kind.names)))
        decided[~absent] = decisions.in_table(self.kind, test)[rows.to_numpy()[~absent].astype(int)]
        if absent.any():
            truth = self.train_truth()
            decided[absent] = constant_answers.decision(self.asked, self.metric, truth)
        return decided

    def train_truth(self) -> Any:
        """Return the answers of the train rows: (N,) classes or numbers, or (N, L) labels."""
        return self.kind.truth(pd.DataFrame({"truth": self._train_labels}))

    def _refuse_other_kind(self, table: pd.DataFrame) -> None:
        kind = kind_of(table)
        if kind.name != self.kind.name or set(kind.names) != set(self.kind.names):
            raise PodiumError(
                f"{self.inputs.competition.files.blend}: it holds {kind.name} {list(kind.names)}, "
                f"the task is {self.kind.name} {list(self.kind.names)}\nremedy: run dvc repro"
            )

    def faults(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield what is wrong with the cells of a submission that was read as text."""
        if self.task is not None:
            yield from answers.faults(self.task, table)
            return
        names = list(table.columns[1:])  # nobody says more than a sample of probabilities
        yield from cells.probability_faults(table, names)
        if len(names) > 1:
            yield from cells.sum_faults(table, names)

    def notes(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield the columns of probabilities that look like hard labels."""
        if self.task is None or self.task.sample.cells == "probabilities":
            yield from cells.hard_notes(table, list(table.columns[1:]))

    def score(self, table: pd.DataFrame, key: Path) -> dict[str, Score]:
        """Return scores on the answer key, which nothing but this reads; none without.

        Of decisions only the scores of decisions.

        Args:
            table: the submission.
            key: the answer key, see `answer_key`.

        Raises:
            PodiumError: the key names other ids, or unknown answers.
        """
        if not key.is_file():
            return {}
        ids = table[self.columns[0]].tolist()
        truth, values = read_key(key, self.asked, ids), answers.read_back(self.asked, table)
        soft = self.asked.sample.cells in ("probabilities", "number", "whole")
        metrics = self.inputs.competition.table_metrics
        scores = {
            metric.key: intervals.score(
                metric, metric.row_terms(values, truth), ids, self.inputs.n_draws
            )
            for metric in metrics
            if soft or metric.decided or metric == metrics[0]
        }
        return scores | (_area(scores, [values], [truth]) if soft else {})

    def held_out_scores(self, table: pd.DataFrame) -> dict[str, Score]:
        """Return scores of the out-of-fold rows, the mean over seeds; look-alikes drawn together.

        Raises:
            PodiumError: there are no out-of-fold rows.
        """
        kind, oof = kind_of(table), table[table["split"] == "oof"]
        parts = [part for _, part in oof.groupby("seed", sort=False)]
        each, truth = map(kind.values, parts), map(kind.truth, parts)
        scores = super().held_out_scores(table)
        return scores | _area(scores, list(each), list(truth))

    def facts(self, table: pd.DataFrame) -> dict[str, Any]:
        """Return the classes or labels."""
        return {self.asked.kind: list(self.asked.names)} if self.asked.names else {}


def _area(
    scores: Mapping[str, Score], each: Sequence[Floats], truth: Sequence[Any]
) -> dict[str, Score]:
    """The area under the ROC of probabilities (N, K), the mean over seeds, unless it is scored."""
    if AUC.key in scores:
        return {}
    pairs = [pair for pair in zip(each, truth, strict=True) if pair[1].ndim == 1]
    areas = [area for pair in pairs if (area := area_under_roc(*pair)) is not None]
    return {AUC.key: Score(float(np.mean(areas)), n=len(truth[0]))} if areas else {}
