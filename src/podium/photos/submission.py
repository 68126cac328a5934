"""The photo submission: class probabilities of test pictures, unreadable ones filled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.core.ids import refuse_other_ids
from podium.evaluation import intervals
from podium.evaluation.metrics import area_under_roc
from podium.evaluation.scores import Score
from podium.evaluation.table_kinds import Classes
from podium.pictures.dataset import QUARANTINE_COLUMNS, read_items
from podium.submission import cells
from podium.submission.format import FormatInputs, SubmissionFormat

Floats = NDArray[np.float64]


def columns_of(classes: Sequence[str]) -> list[str]:
    """Return the header: id,label for two classes (label = the second's), else one for each."""
    return ["id", "label"] if len(classes) == 2 else ["id", *classes]


@dataclass(frozen=True)
class PhotoSubmission(SubmissionFormat):
    """Submissions of pictures with classes."""

    inputs: FormatInputs

    @cached_property
    def _items(self) -> pd.DataFrame:
        return read_items(self.inputs.items[0])

    @cached_property
    def classes(self) -> list[str]:
        """The classes of the train pictures, sorted."""
        return sorted(set(self._items["label"][self._items["split"] == "train"]))

    @cached_property
    def columns(self) -> list[str]:
        """The columns for the ingested classes; where nothing was ingested, the sample's.

        Raises:
            PodiumError: that sample has no column of probabilities.
        """
        sample = self.inputs.sample
        if sample is None or self.inputs.items[0].is_file():
            return columns_of(self.classes)
        names = [str(name) for name in cells.read_submission(sample).columns]
        if len(names) < 2:
            raise PodiumError(f"{sample}: its only column is {names}; probabilities are missing")
        return names

    def test_ids(self) -> list[str]:
        """Return the ids of all test pictures, the unreadable ones last."""
        unreadable = read_table(self.inputs.items[1], *QUARANTINE_COLUMNS)
        parts = self._items, unreadable
        return [name for part in parts for name in part["id"][part["split"] == "test"]]

    def frame(self, ids: Sequence[str], table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return the rows of `ids`, and the ids that got the class shares for want of a picture.

        Args:
            ids: of the rows.
            table: the prediction table; of several seeds the mean is taken.
        """
        kind = Classes(self.classes)
        means = table[table["split"] == "test"].groupby("id")[kind.columns()].mean()
        filled = [name for name in ids if name not in means.index]
        probs = means.reindex(list(ids)).to_numpy(dtype=np.float64)
        probs[np.isnan(probs).any(axis=1)] = self._class_shares()
        values = probs[:, 1:] if len(self.classes) == 2 else probs
        named = pd.DataFrame(values, columns=pd.Index(columns_of(self.classes)[1:]))
        return pd.concat([pd.DataFrame({"id": list(ids)}), named], axis=1), filled

    def _class_shares(self) -> Floats:
        labels = self._items["label"][self._items["split"] == "train"]
        counts = np.array([int((labels == name).sum()) for name in self.classes])
        return counts / counts.sum()

    def faults(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield what is wrong with the probabilities of a submission that was read as text."""
        names = list(table.columns[1:])
        yield from cells.probability_faults(table, names)
        if len(names) > 1:
            yield from cells.sum_faults(table, names)

    def notes(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield the columns that look like hard labels."""
        yield from cells.hard_notes(table, list(table.columns[1:]))

    def score(self, table: pd.DataFrame, key: Path) -> dict[str, Score]:
        """Return scores on the answer key (id,label), which nothing but this reads; none without.

        Labels are class names or, for two classes, 0 and 1.

        Args:
            table: the submission.
            key: the answer key.

        Raises:
            PodiumError: the key names other ids, or unknown classes.
        """
        if not key.is_file():
            return {}
        labels = read_table(key, "id", "label")
        ids = table["id"].tolist()
        refuse_other_ids(key, labels["id"].tolist(), ids, "name exactly the pictures in test")
        number = {name: k for k, name in enumerate(self.classes)}
        if len(self.classes) == 2 and set(labels["label"]) <= {"0", "1"}:
            number = {"0": 0, "1": 1}
        if unknown := sorted(set(labels["label"]) - set(number)):
            raise PodiumError(
                f"{key}: unknown classes {unknown}; the train pictures have {self.classes}"
            )
        of_id = dict(zip(labels["id"], labels["label"], strict=True))
        truth = np.array([number[of_id[name]] for name in ids], dtype=np.int64)
        values = table.iloc[:, 1:].to_numpy(dtype=np.float64)
        probs = np.hstack([1 - values, values]) if len(self.classes) == 2 else values
        scores = {
            metric.key: intervals.score(
                metric, metric.row_terms(probs, truth), ids, self.inputs.n_draws
            )
            for metric in self.inputs.competition.table_metrics
        }
        return scores | _area([probs], [truth])

    def held_out_scores(self, table: pd.DataFrame) -> dict[str, Score]:
        """Return scores of the out-of-fold rows, the mean over seeds; look-alikes drawn together.

        Raises:
            PodiumError: there are no out-of-fold rows.
        """
        kind, oof = Classes(self.classes), table[table["split"] == "oof"]
        parts = [part for _, part in oof.groupby("seed", sort=False)]
        area = _area([kind.values(part) for part in parts], [kind.truth(part) for part in parts])
        return super().held_out_scores(table) | area

    def facts(self, table: pd.DataFrame) -> dict[str, Any]:
        """Return the classes."""
        return {"classes": self.classes}


def _area(each: Sequence[Floats], truth: Sequence[NDArray[np.int64]]) -> dict[str, Score]:
    """The area under the ROC of probabilities (N, K), the mean over several seeds."""
    pairs = zip(each, truth, strict=True)
    areas = [area for pair in pairs if (area := area_under_roc(*pair)) is not None]
    return {"auc": Score(float(np.mean(areas)), n=len(truth[0]))} if areas else {}
