"""What a run says of its own models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from photos.test_crossval import data  # noqa: F401 (a fixture)
from podium.core.feature_store import write_features
from podium.core.params import load_params
from podium.evaluation.scores import ACCURACY, LOG_LOSS
from podium.photos import training
from podium.photos.crossval import prediction_table
from podium.photos.fusion import head_values
from podium.photos.linear import prior_table
from podium.photos.models import PhotoModels
from podium.photos.score_lines import summary_lines
from podium.photos.training import fit_heads


def sure(data, right: float):  # noqa: F811
    """A table that gives the true class the probability `right` everywhere."""
    probs = np.full((26, len(data.splits), 2), 0.5)
    rows = np.arange(24)
    probs[rows, :, data.truth], probs[rows, :, 1 - data.truth] = right, 1 - right
    return prediction_table(probs, data)


@pytest.mark.parametrize(
    ("right", "lost_to"),
    [(0.9, []), (0.6, ["hog"]), (0.3, ["hog", "prior"])],
)
def test_a_head_that_loses_to_a_baseline_is_said_loudly(data, right, lost_to):  # noqa: F811
    tables = {"dense": sure(data, right), "hog": sure(data, 0.8), "prior": prior_table(data)}
    metrics = PhotoModels(tables).metrics(data, "dense", [LOG_LOSS, ACCURACY])
    assert metrics["not_better_than"] == lost_to
    last = summary_lines(metrics, [LOG_LOSS, ACCURACY])[3:]
    assert len(last) == len(lost_to)
    for line, name in zip(last, lost_to, strict=True):
        assert line.startswith("warning: dense (log loss ")
        assert f" is not better than {name} (" in line
        assert "train_photo_classifier.epochs" in line


def test_one_extractor_alone_is_the_fused_head_and_trained_once(
    data,  # noqa: F811
    rng,
    tmp_path,
    write_params,
    monkeypatch,
):
    ids = data.ids + data.test_ids
    features = rng.normal(size=(len(ids), 1280)).astype(np.float32)
    path = tmp_path / "efficientnet-lite0.h5"
    write_features(path, ids, [""] * len(ids), data.content, iter([features]), 1280, {})
    params = load_params(write_params())
    one = {name: params.extractors[name] for name in ("efficientnet-lite0",)}
    params = params.model_copy(update={"extractors": one})
    calls = []
    monkeypatch.setattr(training, "fit_heads", lambda *args: calls.append(1) or fit_heads(*args))
    trained = training.train_all(params, data, tmp_path)
    assert len(calls) == 2  # dense and book
    again = prediction_table(head_values(trained.heads, features), data)
    pd.testing.assert_frame_equal(trained.tables["efficientnet-lite0"], again)
