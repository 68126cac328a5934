from __future__ import annotations

import numpy as np
import pytest

from photos.test_crossval import oof_scores
from podium.core.params import Boosting
from podium.evaluation.predictions import probabilities
from podium.evaluation.table_kinds import Classes
from podium.photos.boosting import boosted_trees, boosting_table
from podium.photos.crossval import Split, TrainRows
from podium.photos.linear import linear_table


def settings(**changes) -> Boosting:
    usual = {"components": 8, "iterations": 60, "learning_rate": 0.1, "leaves": 4, "l2": 1.0}
    return Boosting(**{**usual, "trees": 2000, **changes})


def rows(truth, n_folds=2, n_test=0) -> TrainRows:
    none = np.zeros(len(truth), dtype=bool)
    folds = np.arange(len(truth)) // 4 % n_folds
    splits = [Split(0, fold, folds == fold, none) for fold in range(n_folds)]
    ids = [f"i{n}" for n in range(len(truth))]
    classes = [f"c{k}" for k in range(truth.max() + 1)]
    return TrainRows(
        ids,
        truth,
        Classes(classes),
        splits,
        [f"t{n}" for n in range(n_test)],
        np.arange(len(ids)),
        [],
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_learns_what_no_straight_line_divides(rng, n_classes):
    features = rng.normal(size=(320, 2)).astype(np.float32)
    radius = (features**2).sum(1)  # rings, each as full as the others
    truth = np.searchsorted(np.quantile(radius, np.arange(1, n_classes) / n_classes), radius)
    data = rows(truth)
    boosted = oof_scores(boosting_table(features, data, settings(), 0, 1000), data)
    assert boosted["accuracy"] > 0.75
    straight = oof_scores(linear_table(features, data, [1.0], 1000), data)
    assert straight["accuracy"] < boosted["accuracy"] - 0.2


def test_sees_no_more_than_the_first_components(rng):
    truth = np.arange(240) % 2
    loud = rng.normal(size=(240, 1)) + rng.normal(0, 0.3, (240, 10))  # one direction, ten columns
    quiet = truth[:, None] * 6 + rng.normal(size=(240, 1))
    features = np.hstack([loud, quiet]).astype(np.float32)
    data = rows(truth)
    one, two = (
        oof_scores(boosting_table(features, data, settings(components=n), 0, 1000), data)[
            "accuracy"
        ]
        for n in (1, 2)
    )
    assert one < 0.65
    assert two > 0.95


def test_a_split_learns_nothing_from_its_held_out_rows(rng):
    truth = np.arange(80) % 2
    features = rng.normal(size=(83, 12)).astype(np.float32)
    features[:80, 0] += 3 * truth
    data = rows(truth, n_test=3)
    data.splits[1:] = []  # one split only, so that test rows have one model
    held_out = data.splits[0].held_out

    def of_test_rows():
        table = boosting_table(features, data, settings(), 0, 1000)
        return probabilities(table[table["split"] == "test"])

    before = of_test_rows()
    data.truth[held_out] = 1 - data.truth[held_out]
    features[:80][held_out] = 1e3
    np.testing.assert_array_equal(of_test_rows(), before)
    data.truth[~held_out] = 1 - data.truth[~held_out]
    assert np.abs(of_test_rows() - before).min() > 0.1


def test_few_rows_and_few_features_are_enough_to_run(rng):
    data = rows(np.arange(16) % 2, n_test=1)
    table = boosting_table(rng.normal(size=(17, 3)).astype(np.float32), data, settings(), 0, 1000)
    np.testing.assert_allclose(probabilities(table).sum(1), 1)
    assert len(table) == 17


def test_the_same_seed_gives_the_same_bytes(rng):
    data = rows(np.arange(80) % 2)
    features = rng.normal(size=(80, 40)).astype(np.float32)
    first, again = (
        probabilities(boosting_table(features, data, settings(), 3, 1000)) for _ in range(2)
    )
    assert first.tobytes() == again.tobytes()


@pytest.mark.parametrize(
    ("n_classes", "iterations", "rate"), [(2, 60, 0.1), (10, 60, 0.1), (40, 15, 0.3), (900, 1, 0.3)]
)
def test_many_classes_get_fewer_iterations_at_a_higher_rate(n_classes, iterations, rate):
    trees = boosted_trees(settings(trees=600), n_classes, 0, number=False)
    assert trees.max_iter == iterations
    assert trees.learning_rate == pytest.approx(rate)
