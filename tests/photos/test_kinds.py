"""Heads, linear models and trees for classes, labels and numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from photos.test_fusion import head
from podium.core.params import Boosting
from podium.evaluation.table_kinds import TableKind, kind_named
from podium.photos.boosting import boosting_table
from podium.photos.crossval import Split, TrainRows, prediction_table
from podium.photos.estimators import fit_predict, rows_to_learn, with_missing
from podium.photos.fusion import FusedHeads, MeanOfHeads, head_values
from podium.photos.head_training import HeadTask, train_heads
from podium.photos.linear import chosen_c, linear_table, prior_table, rotated
from podium.photos.score_lines import sample_lines
from podium.photos.scoring import mean_oof
from podium.training.runtime import keras

KINDS = ["classes", "labels", "number"]
TREES = Boosting(components=4, iterations=20, trees=2000, learning_rate=0.2, leaves=4, l2=1.0)


def target(kind: str, signal: np.ndarray) -> np.ndarray:
    """A target that columns of `signal` (N, 3) say: the largest, the positive, or a sum."""
    if kind == "classes":
        return signal.argmax(1)
    if kind == "labels":
        return (signal > 0).astype(np.int64)
    return signal @ [1.0, 2.0, -1.0] * 50 + 1000


def named(kind: str) -> TableKind:
    return kind_named(kind, ["a", "b", "c"])


def train_rows(kind: str, signal: np.ndarray, n_folds: int = 2, **more: object) -> TrainRows:
    n, none = len(signal), np.zeros(len(signal), dtype=bool)
    splits = [Split(0, fold, np.arange(n) % n_folds == fold, none) for fold in range(n_folds)]
    ids = [f"i{number}" for number in range(n)]
    return TrainRows(
        ids, target(kind, signal), named(kind), splits, [], np.arange(n), [""] * n, **more
    )


def head_rows(kind: str, rng, n: int = 8, n_heads: int = 1) -> HeadTask:
    features = rng.normal(size=(n, 12)).astype(np.float32) * 3 + 5
    truth = target(kind, rng.normal(size=(n, 3)))
    every = np.ones((n, n_heads), dtype=bool)
    names = named(kind).columns()
    repeated = np.repeat(truth[:, None], n_heads, axis=1)
    return HeadTask(features, repeated, every, ~every, len(names), kind=kind)


def mistake(kind: str, values: np.ndarray, truth: np.ndarray) -> float:
    """How far predictions (N, K) are from the truth, at most: 0 to 1, or in deviations."""
    if kind == "classes":
        return float(1 - values[np.arange(len(truth)), truth].min())
    if kind == "labels":
        return float(np.abs(values - truth).max())
    return float(np.abs(values[:, 0] - truth).max() / truth.std())


@pytest.mark.parametrize("kind", KINDS)
def test_eight_samples_are_learnt_by_heart(rng, kind):
    rows = head_rows(kind, rng)
    layer, curve = train_heads(rows, head(epochs=300), seed=0)
    assert mistake(kind, head_values(layer, rows.features)[:, 0], rows.truth[:, 0]) < 0.1
    assert curve["train_loss"].iloc[-1] < 0.05 < curve["train_loss"].iloc[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_takes_nothing_from_rows_it_must_not_see(rng, kind):
    rows = head_rows(kind, rng, n=12, n_heads=2)
    rows.train[8:, 0] = False
    before = train_heads(rows, head(epochs=4, dropout=0.3), seed=1)[0]
    rows.features[8:] = 1e3
    rows.truth[8:] = rows.truth[:4]
    after = train_heads(rows, head(epochs=4, dropout=0.3), seed=1)[0]
    for name in ("kernel", "bias", "mean", "scale"):
        first, second = (np.asarray(getattr(layer, name)) for layer in (before, after))
        own = (slice(None), 0) if name != "bias" else 0
        np.testing.assert_array_equal(first[own], second[own])
    assert not np.array_equal(np.asarray(before.kernel)[:, 1], np.asarray(after.kernel)[:, 1])


@pytest.mark.parametrize("kind", KINDS)
def test_heads_survive_saving(tmp_path, rng, kind):
    rows = head_rows(kind, rng, n_heads=3)
    layer, _ = train_heads(rows, head(epochs=2), seed=0)
    inputs = keras.Input((12,))
    model = keras.Model(inputs, MeanOfHeads(kind)(layer(inputs)))
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    assert isinstance(again.layers[-2], FusedHeads)
    np.testing.assert_array_equal(again(rows.features).numpy(), model(rows.features).numpy())
    mean = head_values(layer, rows.features).mean(1)
    np.testing.assert_allclose(model(rows.features).numpy(), mean, rtol=1e-4, atol=1e-5)


def test_balanced_labels_move_each_label_by_its_own_share(rng):
    n = 40
    truth = np.stack([np.arange(n) < 4, np.arange(n) < 20], axis=1).astype(np.int64)
    every = np.ones((n, 1), dtype=bool)
    noise = rng.normal(size=(n, 2)).astype(np.float32)
    rows = HeadTask(noise, truth[:, None], every, ~every, 2, kind="labels")
    plain, balanced = (
        head_values(train_heads(rows, head(l2=5.0, class_weight=how), 0)[0], noise)[:, 0].mean(0)
        for how in ("none", "balanced")
    )
    assert plain == pytest.approx([0.1, 0.5], abs=0.05)
    assert balanced == pytest.approx([0.5, 0.5], abs=0.05)


def test_an_epoch_has_no_more_rows_than_it_may(rng):
    rows = head_rows("classes", rng, n=32)
    few, many = (train_heads(rows, head(epochs=1, epoch_size=n), 0)[0] for n in (8, 32))
    again, _ = train_heads(rows, head(epochs=1, epoch_size=8), 0)
    assert np.abs(few.kernel.numpy()).max() < np.abs(many.kernel.numpy()).max()
    np.testing.assert_array_equal(few.kernel.numpy(), again.kernel.numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_linear_models_and_trees_beat_the_prior(rng, kind):
    signal = rng.normal(size=(160, 3))
    features = np.hstack([signal, rng.normal(size=(160, 3))]).astype(np.float32)
    data = train_rows(kind, signal)
    prior, linear, trees = (
        np.abs(mean_oof(table, data) - _as_values(data)).mean()
        for table in (
            prior_table(data),
            linear_table(features, data, [0.1, 1.0, 10.0], 1000),
            boosting_table(features, data, TREES, 0, 1000),
        )
    )
    assert linear < 0.6 * prior
    assert trees < 0.8 * prior


def _as_values(data: TrainRows) -> np.ndarray:
    if data.kind.name == "classes":
        return np.eye(3)[data.truth]
    return data.truth if data.kind.name == "labels" else data.truth[:, None]


@pytest.mark.parametrize("kind", KINDS)
def test_the_prior_by_hand(kind):
    data = train_rows(kind, np.eye(3)[[0, 0, 1, 1, 2, 2, 0, 0]])
    values = mean_oof(prior_table(data), data)
    others = data.truth[1::2]  # what the first fold's model learns
    by_hand = {
        "classes": [0.5, 0.25, 0.25],
        "labels": others.mean(0) if kind == "labels" else None,
        "number": [others.mean()],
    }[kind]
    assert values[0] == pytest.approx(by_hand)


@pytest.mark.parametrize("model", ["linear", "trees", "prior"])
def test_a_class_that_a_fold_lacks_is_possible(rng, model):
    signal = np.eye(3)[[0, 0, 1, 1] * 5 + [2]] + rng.normal(0, 0.1, (21, 3))
    data = train_rows("classes", signal)
    features = signal.astype(np.float32)
    table = {
        "linear": lambda: linear_table(features, data, [0.1, 1.0], 1000),
        "trees": lambda: boosting_table(features, data, TREES, 0, 1000),
        "prior": lambda: prior_table(data),
    }[model]()
    probs = mean_oof(table, data)
    np.testing.assert_allclose(probs.sum(1), 1)
    assert probs[20, 2] == pytest.approx(1 / 11)  # ten rows learnt, and one that is missing


def test_a_label_that_a_fold_lacks_is_possible(rng):
    truth = np.stack([np.arange(20) % 2, np.zeros(20, dtype=int), np.ones(20, dtype=int)], axis=1)
    rows = rng.normal(size=(20, 2))

    def make(_: bool):
        raise AssertionError("nothing to learn")

    probs = fit_predict(make, rows, truth[:, 1:], rows, 2)
    assert (probs[:, 0] == 1 / 21).all()
    assert (probs[:, 1] == 1 - 1 / 21).all()


def test_missing_classes_by_hand():
    full = with_missing(np.array([[0.25, 0.75]]), np.array([0, 2]), 8, 4)
    np.testing.assert_allclose(full, [[0.2, 0.1, 0.6, 0.1]])


def test_a_ridge_in_the_rows_own_space_is_the_same(rng):
    from sklearn.linear_model import LogisticRegression

    rows = rng.normal(size=(30, 200)).astype(np.float32)
    truth = rng.integers(0, 2, 30)
    turned = rotated(rows)
    assert turned.shape == (30, 30)
    np.testing.assert_allclose(turned @ turned.T, rows @ rows.T, atol=1e-3)
    first, second = (
        LogisticRegression(C=0.1, tol=1e-6).fit(x, truth).predict_proba(x) for x in (rows, turned)
    )
    np.testing.assert_allclose(first, second, atol=1e-4)


@pytest.mark.parametrize(("noise", "low", "high"), [(0.1, 1.0, 100.0), (30.0, 1e-4, 1e-2)])
def test_the_penalty_fits_what_there_is_to_learn(rng, noise, low, high):
    signal = rng.normal(size=(120, 3))
    features = np.hstack([signal, rng.normal(size=(120, 40))]).astype(np.float32)
    features[:, :3] += rng.normal(0, noise, (120, 3))
    data = train_rows("number", signal, 3)
    rows = np.flatnonzero(~data.splits[0].held_out)
    c = chosen_c(features[rows], rows, data, data.splits[0], [1e-4, 1e-2, 1.0, 100.0], data.strata)
    assert low <= c <= high


def test_the_penalty_is_chosen_without_held_out_rows(rng):
    signal = rng.normal(size=(90, 3))
    features = np.hstack([signal, rng.normal(size=(90, 60))]).astype(np.float32)
    data = train_rows("classes", signal, 3)
    out = data.splits[0].held_out

    def first_split() -> np.ndarray:
        only = TrainRows(data.ids, data.truth, data.kind, data.splits[:1], ["t"], data.groups, [])
        table = linear_table(np.vstack([features, features[:1]]), only, [1e-3, 1e-1, 10.0], 1000)
        return table[table["split"] == "test"][data.kind.columns()].to_numpy()

    data.splits[0].held_out[0] = False  # the test row is the twin of a row that is learnt
    before = first_split()
    data.truth[out] = (data.truth[out] + 1) % 3
    features[out] = 1e3
    np.testing.assert_array_equal(first_split(), before)


def test_more_rows_than_the_sample_are_drawn_from_train_rows_only(rng):
    data = train_rows("number", rng.normal(size=(50, 3)))
    rows = rows_to_learn(data, data.splits[1], 10)
    assert len(set(rows)) == 10
    assert not data.splits[1].held_out[rows].any()
    assert len(rows_to_learn(data, data.splits[1], 25)) == 25
    (line,) = sample_lines(data, 10)
    assert line.startswith("note: linear models and boosting learn 10 of the ")
    assert sample_lines(data, 50) == []


def test_test_rows_get_the_mean_of_all_numbers():
    data = train_rows("number", np.eye(3))
    both = TrainRows(data.ids, data.truth, data.kind, data.splits, ["t"], data.groups, [])
    table = prediction_table(np.array([[[1.0], [3.0]]] * 4), both)
    assert table[table["split"] == "test"]["y"].tolist() == [2.0]
    assert pd.Series(table["truth"][:3]).tolist() == [repr(float(t)) for t in data.truth]
