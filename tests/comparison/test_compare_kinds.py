"""Models of every kind of picture competition side by side, by the metric of its task."""

from __future__ import annotations

import numpy as np
import pytest

from podium.comparison import compare_pages
from podium.comparison.compare import Choice, compare
from podium.comparison.run_results import read_results
from podium.competitions import COMPETITIONS
from podium.evaluation.predictions import RowFacts, value_rows, write_predictions
from podium.evaluation.scores import metric_named
from podium.evaluation.task import PictureTask, SampleStyle, write_task
from podium.photos.answer_key import kind_for

GRADES = ("0", "1", "2", "3")


def task(kind, names, metric, ordered=False):
    return PictureTask(kind, names, metric, SampleStyle(("id", "x"), "class"), ordered)


def predictions(kind, truth, noise, rng):
    """What a model says of the truth, the worse the more noise."""
    if kind.name == "number":
        return (truth + noise * rng.normal(size=len(truth)))[:, None]
    marks = truth if truth.ndim == 2 else np.eye(len(kind.names))[truth]
    logits = 3 * marks + noise * rng.normal(size=marks.shape)
    if kind.name == "labels":
        return 1 / (1 + np.exp(1.5 - logits))
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


@pytest.mark.parametrize(
    "asked",
    [
        task("classes", ("0", "1"), "auc"),
        task("classes", GRADES, "quadratic_kappa", ordered=True),
        task("classes", GRADES, "macro_f1"),
        task("classes", GRADES, "map@5"),
        task("labels", GRADES, "micro_f1"),
        task("labels", GRADES, "mean_auc"),
        task("number", (), "rmse"),
    ],
    ids=lambda asked: f"{asked.kind}-{asked.metric}",
)
def test_the_better_model_stands_first(tmp_path, rng, asked):
    write_task(tmp_path / "data/photos/task.json", asked)
    kind, n = kind_for(asked), 120
    truth = {
        "classes": rng.integers(0, max(1, len(asked.names)), n),
        "labels": (rng.random((n, 4)) < 0.4).astype(int),
        "number": rng.normal(size=n),
    }[asked.kind]
    facts = RowFacts([f"g{k // 2}" for k in range(n)], kind.truth_cells(truth))
    for name, noise in (("good", 1.0), ("bad", 4.0)):
        values = predictions(kind, truth, noise, rng)
        rows = value_rows(
            kind, [f"i{k}" for k in range(n)], "oof", np.arange(n) % 3, 0, values, facts
        )
        write_predictions(tmp_path / f"predictions/tables/photos/{name}.csv", rows, {})
    photos = COMPETITIONS["photos"].with_task(tmp_path)
    results = read_results("workspace", tmp_path, photos)
    found = compare(photos, [results], Choice(model="bad", draws=100))
    best, base = found.lines
    metric = metric_named(asked.metric)
    assert (best.model, base.model, best.metric) == ("good", "bad", metric)
    assert metric.is_better(best.score, base.score)
    assert best.difference.better == 1
    assert best.difference.value == pytest.approx(best.score - base.score)
    assert (best.difference.value < 0) == metric.lower_is_better
    assert 0 < best.error < 0.5
    assert len(compare_pages.cells(found, best)) == len(compare_pages.head(found))
