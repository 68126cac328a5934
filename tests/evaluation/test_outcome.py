"""What blends leave in their metrics, whichever competition they are of."""

import json

import pytest

from podium.evaluation.outcome import read, score_name, value

PHOTOS = {
    "method": "caruana",
    "single": {"model": "dense", "log_loss": 0.3},
    "naive": {"log_loss": 0.2},
    "nested": {"log_loss": 0.25, "log_loss_se": 0.01, "accuracy": 0.9},
}
CAPTCHA = {
    "method": "majority",
    "single": {"model": "crnn", "whole_string": 0.7},
    "naive": 0.8,
    "nested": 0.75,
}


def test_scores_are_named():
    assert score_name(PHOTOS) == "log_loss"
    assert score_name(CAPTCHA) == "whole_string"


@pytest.mark.parametrize(
    ("score", "wanted"),
    [
        (0.5, 0.5),
        (1, 1.0),
        ({"log_loss": 0.2, "accuracy": 0.9, "score": 0.7}, 0.2),
        ({"score": 0.7, "low": 0.6}, 0.7),
    ],
)
def test_a_score_may_have_company(score, wanted):
    assert value(score) == wanted
    assert isinstance(value(score), float)


@pytest.mark.parametrize(
    ("blend", "wanted"),
    [
        (PHOTOS, {"method": "caruana", "metric": "log_loss", "naive": 0.2, "nested": 0.25}),
        (CAPTCHA, {"method": "majority", "metric": "whole_string", "naive": 0.8, "nested": 0.75}),
    ],
)
def test_metrics_are_read_back(tmp_path, blend, wanted):
    path = tmp_path / "blend.json"
    path.write_text(json.dumps(blend), encoding="utf-8")
    assert read(path) == wanted
