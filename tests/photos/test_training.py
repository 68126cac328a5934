"""What a run says of its own models."""

from __future__ import annotations

import numpy as np
import pytest

from photos.test_crossval import data  # noqa: F401 (a fixture)
from podium.evaluation.scores import ACCURACY, LOG_LOSS
from podium.photos.crossval import prediction_table
from podium.photos.linear import prior_table
from podium.photos.models import PhotoModels
from podium.photos.score_lines import summary_lines


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
