"""The trained photo models of one run, and what a run says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.evaluation.scores import Metric, Score
from podium.models import extractor_table
from podium.photos.crossval import TrainRows
from podium.photos.fusion import FusedHeads
from podium.photos.members import Member
from podium.photos.scoring import gain, model_scores

PICTURES_ALONE = "pictures"  # the chosen head without the columns beside them


@dataclass
class PhotoModels:
    """The trained models of one run.

    Attributes:
        tables: model name -> prediction table.
        curves: model name -> learning curve.
        members: model name -> the trained model as arrays.
        heads: those that make the artefact.
        alone: the name of the table of these heads, which see pictures alone.
        n_joined: test pictures (M,) that each head of `pseudo` learns from; None without.
    """

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    heads: FusedHeads | None = None
    alone: str = ""
    n_joined: NDArray[np.int64] | None = None

    def metrics(self, data: TrainRows, head: str, metrics: Sequence[Metric]) -> dict[str, Any]:
        """Return the scores, which baselines `head` loses to, and the counts of pseudo-labels.

        A baseline is the prior or hand-made features; to lose is not to be better by the metric.

        Args:
            data: the train rows.
            head: the name of a table.
            metrics: the first is what models are compared by.
        """
        scores, main = model_scores(self.tables, data, metrics), metrics[0]
        hand_made = [name for name in extractor_table.TABLE if extractor_table.is_baseline(name)]
        baselines = [name for name in scores if name in ("prior", *hand_made)]
        value = {name: each[main.key].value for name, each in scores.items()}
        lost_to = [name for name in baselines if not main.is_better(value[head], value[name])]
        found: dict[str, Any] = {
            "metric": main.key,
            "oof": {name: _rounded(each) for name, each in scores.items()},
            "head": head,
            "not_better_than": lost_to,
        }
        if PICTURES_ALONE in self.tables:
            by_columns = gain(self.tables[head], self.tables[PICTURES_ALONE], data)
            found["gain_by_columns"] = _rounded(by_columns)
        if self.n_joined is not None:
            counts = {"fewest": int(self.n_joined.min()), "most": int(self.n_joined.max())}
            found["pseudo_labels"] = {"test_pictures": len(data.test_ids), **counts}
        return found


def _rounded(scores: dict[str, Score]) -> dict[str, dict[str, Any]]:
    """Scores as a metrics file holds them, to six digits."""
    return {
        key: {name: round(number, 6) for name, number in score.as_dict().items()}
        for key, score in scores.items()
    }
