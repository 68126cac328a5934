"""Columns beside the pictures: encoded by train rows alone, and worth what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from photos.test_boosting import settings
from photos.test_fusion import head
from photos.test_kinds import train_rows
from podium.photos.boosting import boosting_table
from podium.photos.columns import encoded
from podium.photos.crossval import TrainRows, prediction_table
from podium.photos.fusion import head_values
from podium.photos.models import PhotoModels
from podium.photos.score_lines import summary_lines
from podium.photos.scoring import USUAL, gain, mean_oof, oof_terms
from podium.photos.split_heads import fit_heads, fit_with_columns


def with_columns(**columns: list[str]) -> TrainRows:
    table = pd.DataFrame(columns, dtype=str)
    return train_rows("classes", np.eye(3)[np.arange(len(table)) % 3], columns=table)


def test_encoding_by_hand():
    # rows 1, 3, 5 are learnt in the first fold: ages 10, 30 and unknown
    data = with_columns(
        age=["999", "10", "", "30", "50", "NA"], sex=["x", "m", "f", "f", "m", ""],
    )  # fmt: skip
    ages, unknown, *sexes = encoded(data, data.splits[0]).T
    assert ages.tolist() == pytest.approx([(999 - 20) / 10, -1, 0, 1, 3, 0], rel=1e-6)
    assert unknown.tolist() == [0, 0, 1, 0, 0, 1]
    # '', f and m: x is in no train row
    assert np.array(sexes).T.tolist() == [
        [0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0],
    ]  # fmt: skip


def test_a_held_out_word_does_not_make_a_category_of_numbers():
    data = with_columns(age=["old", "1", "old", "3"])
    values = encoded(data, data.splits[0])
    assert values[:, 0].tolist() == [0, -1, 0, 1]
    assert values[:, 1].tolist() == [1, 0, 1, 0]


def test_held_out_rows_have_no_say():
    data = with_columns(age=["1", "2", "3", "4"], site=["a", "b", "c", "b"])
    learnt = ~data.splits[0].held_out
    before = encoded(data, data.splits[0])[learnt]
    data.columns.loc[[0, 2]] = ["1e9", "zzz"]
    np.testing.assert_array_equal(encoded(data, data.splits[0])[learnt], before)


@pytest.fixture
def informative(rng) -> tuple[TrainRows, np.ndarray]:
    """Pictures that say nothing, and a column that says the class of four pictures in five."""
    truth = np.arange(240) % 3
    said = np.where(rng.random(240) < 0.8, truth, rng.integers(0, 3, 240))
    table = pd.DataFrame({"site": [f"s{k}" for k in said]}, dtype=str)
    data = train_rows("classes", np.eye(3)[truth], columns=table)
    return data, rng.normal(size=(240, 40)).astype(np.float32)


def test_heads_and_trees_use_what_a_column_says(informative):
    data, features = informative
    how = head(epochs=40, dropout=0.5, l2=0.01, learning_rate=0.003, batch_size=32)
    seeing = fit_with_columns(features, data, how, 0)
    values, curve = seeing.values, seeing.curve
    alone = head_values(fit_heads(features, data, how, 0)[0], features)
    tables = {
        "dense": prediction_table(values, data),
        "pictures": prediction_table(alone, data),
        "boosting": boosting_table(features, data, settings(iterations=20), 0, 1000),
    }  # fmt: skip
    accuracy = {
        name: (mean_oof(table, data).argmax(1) == data.truth).mean()
        for name, table in tables.items()
    }
    assert accuracy["dense"] > 0.75
    assert accuracy["boosting"] > 0.75
    assert accuracy["pictures"] < 0.5
    assert curve["epoch"].tolist() == list(range(40))


def test_the_gain_is_paired_and_said(informative):
    data, _ = informative
    truth = np.eye(3)[data.truth][:, None].repeat(2, axis=1)
    sure, unsure = (
        prediction_table((truth * weight + 1 - weight) / (3 - 2 * weight), data)
        for weight in (0.9, 0.5)
    )
    score = gain(sure, unsure, data)["log_loss"]
    terms = [oof_terms(table, data, USUAL["classes"][0])[0] for table in (unsure, sure)]
    assert score.value == pytest.approx(terms[0].mean() - terms[1].mean())
    assert score.se == pytest.approx(0, abs=1e-12)  # every row gains the same
    metrics = list(USUAL["classes"])
    models = PhotoModels({"dense": sure, "pictures": unsure})
    lines = summary_lines(models.metrics(data, "dense", metrics), metrics)
    assert lines[2].startswith("columns beside the pictures: log_loss of dense falls by 0.5")


def test_heads_with_columns_take_nothing_from_held_out_rows(informative):
    data, features = informative
    how = head(epochs=3, dropout=0.5)
    out = data.splits[0].held_out.copy()
    before = fit_with_columns(features, data, how, 0).values[~out, 0]
    data.truth[out] = (data.truth[out] + 1) % 3
    features[out] = 1e3
    data.columns.loc[out, "site"] = "nowhere"
    np.testing.assert_array_equal(fit_with_columns(features, data, how, 0).values[~out, 0], before)
