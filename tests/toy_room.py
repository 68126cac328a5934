"""A room of its own: how bright a picture is, a number predicted from its pixels.

All that a competition needs besides its row in the registry and its sections of params.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

from podium.core.files import read_table, write_table
from podium.core.ids import refuse_other_ids
from podium.core.picture_decoder import decode
from podium.evaluation import folds, intervals
from podium.evaluation.predictions import RowFacts, value_rows, write_predictions
from podium.evaluation.scores import Score
from podium.evaluation.table_kinds import Number
from podium.pictures.dataset import CheckCache, check_pictures, read_items
from podium.pictures.source import PictureSource
from podium.submission.cells import number_faults
from podium.submission.format import FormatInputs, SubmissionFormat

MODELS = {"ridge": lambda: Ridge(1e-3), "neighbours": lambda: KNeighborsRegressor(5)}


def ingest(source: Path, items: Path) -> None:
    """Write the table of pictures; those to learn from lie in folders named by their number."""
    write_table(items, check_pictures(PictureSource(source), CheckCache(1.0))[0])


def train(source: Path, items: Path, tables: Path, n_folds: int = 3) -> None:
    """Write a prediction table of each model, out of fold on the pictures with a number."""
    table = read_items(items)
    pictures = PictureSource(source)
    grey = [np.asarray(decode(pictures.read(path), 1.0).convert("L")) for path in table["path"]]
    x = np.array([[each.mean(), each.std()] for each in grey])
    is_train = (table["split"] == "train").to_numpy()
    truth = table["label"][is_train].to_numpy(dtype=np.float64)
    halves = np.where(truth > np.median(truth), "high", "low")
    groups = np.unique(table["content"][is_train], return_inverse=True)[1]
    fold = folds.assign(halves, groups, n_folds, seed=0)
    ids, test_ids = table["id"][is_train].tolist(), table["id"][~is_train].tolist()
    known = RowFacts(groups.tolist(), Number().truth_cells(truth))
    for name, make in MODELS.items():
        y = np.empty(len(truth))
        for k in range(n_folds):
            fit = make().fit(x[is_train][fold != k], truth[fold != k])
            y[fold == k] = fit.predict(x[is_train][fold == k])
        test = make().fit(x[is_train], truth).predict(x[~is_train])
        rows = [
            value_rows(Number(), ids, "oof", fold, 0, y[:, None], known),
            value_rows(Number(), test_ids, "test", -1, 0, test[:, None]),
        ]
        write_predictions(tables / f"{name}.csv", pd.concat(rows, ignore_index=True), {})


@dataclass(frozen=True)
class BrightnessSubmission(SubmissionFormat):
    """id and brightness of each test picture."""

    inputs: FormatInputs

    def test_ids(self) -> list[str]:
        """Return the ids of the test pictures."""
        items = read_items(self.inputs.items[0])
        return items["id"][items["split"] == "test"].tolist()

    def frame(self, ids: Sequence[str], table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return the predicted numbers, and the mean of the train pictures where there is none."""
        test = table[table["split"] == "test"].set_index("id")["y"].reindex(list(ids))
        filled = [str(name) for name in test.index[test.isna()]]
        mean = float(table["y"][table["split"] == "oof"].mean())
        return pd.DataFrame({"id": list(ids), "brightness": test.fillna(mean).to_numpy()}), filled

    def faults(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield the cells that are no numbers."""
        yield from number_faults(table, ["brightness"])

    def score(self, table: pd.DataFrame, key: Path) -> dict[str, Score]:
        """Return the scores on a table of the true numbers, if there is one."""
        if not key.is_file():
            return {}
        truth = read_table(key, "id", "brightness").set_index("id")["brightness"]
        refuse_other_ids(key, list(truth.index), table["id"].tolist(), "name the test pictures")
        values, numbers = table[["brightness"]].to_numpy(), truth.loc[table["id"]].astype(float)
        return {
            metric.key: intervals.score(
                metric,
                metric.row_terms(values, numbers.to_numpy()),
                table["id"].tolist(),
                self.inputs.n_draws,
            )
            for metric in self.inputs.competition.table_metrics
        }
