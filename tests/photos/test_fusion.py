from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from podium.core import mapped_rows
from podium.core.params import Head
from podium.photos import feature_feed
from podium.photos.fusion import FusedHeads, head_values
from podium.photos.head_training import HeadTask, train_heads
from podium.training.runtime import keras

SETTINGS = {
    "dropout": 0.0,
    "l2": 0.0,
    "optimizer": "adam",
    "learning_rate": 0.05,
    "batch_size": 8,
    "epoch_size": 1000,
    "epochs": 100,
    "patience": 0,
    "class_weight": "none",
}


def head(**changes) -> Head:
    return Head(**{**SETTINGS, **changes})


def task(rng, n_classes=2, n_heads=1, n_items=8) -> HeadTask:
    truth = np.repeat(np.arange(n_items)[:, None] % n_classes, n_heads, axis=1)
    features = rng.normal(size=(n_items, 12)).astype(np.float32) * 3 + 5
    everything = np.ones((n_items, n_heads), dtype=bool)
    return HeadTask(features, truth, everything, ~everything, n_classes)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_eight_samples_are_learnt_by_heart(rng, n_classes):
    wanted = task(rng, n_classes)
    layer, curve = train_heads(wanted, head(), seed=0)
    probs = head_values(layer, wanted.features)[:, 0]
    assert (probs.argmax(1) == wanted.truth[:, 0]).all()
    assert probs[np.arange(8), wanted.truth[:, 0]].min() > 0.9
    assert curve["train_loss"].iloc[-1] < 0.1 < curve["train_loss"].iloc[0]


def test_heads_are_the_same_where_features_are_read_batch_by_batch(rng, monkeypatch):
    wanted, settings = task(rng, 3, n_heads=2, n_items=60), head(epochs=6, dropout=0.3, patience=2)
    wanted.stop[::3], wanted.train[::3] = True, False
    held, curve = train_heads(wanted, settings, seed=1)
    monkeypatch.setattr(mapped_rows, "IN_MEMORY", 0)
    monkeypatch.setattr(feature_feed, "AT_ONCE", 7)
    read, other_curve = train_heads(wanted, settings, seed=1)
    for name in ("mean", "scale", "kernel", "bias"):
        np.testing.assert_array_equal(getattr(held, name).numpy(), getattr(read, name).numpy())
    assert curve.equals(other_curve)


def test_features_are_let_go_once_the_heads_are_trained(rng, monkeypatch):
    monkeypatch.setattr(mapped_rows, "IN_MEMORY", 0)
    wanted = task(rng)
    held = weakref.ref(wanted.features)
    train_heads(wanted, head(epochs=1), seed=1)
    del wanted
    gc.collect()
    assert held() is None


@pytest.mark.parametrize("n_columns", [5, 1200])
def test_mean_and_deviation_do_not_depend_on_the_rows_taken_at_once(rng, monkeypatch, n_columns):
    features = rng.normal(3, 2, size=(500, n_columns)).astype(np.float32)
    rows = rng.random(500) < 0.7
    at_once = feature_feed.moments(features, rows)
    monkeypatch.setattr(feature_feed, "AT_ONCE", 16)
    for one, other in zip(at_once, feature_feed.moments(features, rows), strict=True):
        np.testing.assert_array_equal(one, other)
    wanted = features[rows].mean(0, dtype=float), features[rows].std(0, dtype=float)
    np.testing.assert_allclose(at_once, wanted, rtol=1e-12)


def test_heads_trained_together_equal_heads_trained_alone(rng):
    both = task(rng, n_heads=2, n_items=12)
    both.train[:4, 0] = False
    both.train[8:, 1] = False
    together, _ = train_heads(both, head(epochs=5, batch_size=12, dropout=0.3), seed=1)
    for which in range(2):
        rows = both.train[:, which : which + 1]
        # the other head's rows stay in the batches, with no weight, so that dropout is the same
        alone = HeadTask(both.features, both.truth, np.hstack([rows, ~rows | rows]), both.stop, 2)
        single, _ = train_heads(alone, head(epochs=5, batch_size=12, dropout=0.3), seed=1)
        np.testing.assert_allclose(
            together.kernel.numpy()[:, which], single.kernel.numpy()[:, 0], rtol=1e-5, atol=1e-6
        )


def test_a_head_never_sees_rows_outside_its_train_rows(rng):
    one = task(rng, n_items=12)
    one.train[9:] = False
    before, _ = train_heads(one, head(epochs=4, dropout=0.3), seed=1)
    one.features[9:] = 1e3
    after, _ = train_heads(one, head(epochs=4, dropout=0.3), seed=1)
    np.testing.assert_array_equal(before.kernel.numpy(), after.kernel.numpy())
    np.testing.assert_array_equal(before.mean.numpy(), after.mean.numpy())


def test_same_seed_same_numbers_other_seed_others(rng):
    one = task(rng, n_items=16)
    settings = head(epochs=3, dropout=0.5, batch_size=4)
    first, second, other = (
        train_heads(one, settings, seed)[0].kernel.numpy() for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_standardises_with_its_own_rows(rng):
    one = task(rng, n_items=10)
    one.features[:, 2] = 7.0  # a dead feature must not divide by zero
    one.train[8:] = False
    layer, _ = train_heads(one, head(epochs=1), seed=0)
    np.testing.assert_allclose(layer.mean.numpy()[:, 0, 0], one.features[:8].mean(0), rtol=1e-5)
    deviations = one.features[:8].std(0)
    assert layer.scale.numpy()[2, 0, 0] == pytest.approx(np.median(deviations) / 2)  # never varies
    by_hand = (one.features - layer.mean.numpy()[:, 0, 0]) / layer.scale.numpy()[:, 0, 0]
    logits = by_hand @ layer.kernel.numpy()[:, 0] + layer.bias.numpy()[0]
    np.testing.assert_allclose(layer(one.features).numpy()[:, 0], logits, rtol=1e-4, atol=1e-5)


def test_patience_keeps_each_heads_best_epoch(rng):
    # the stop rows have the opposite classes: learning makes them worse, so epoch 0 is best
    truth = np.array([0, 1] * 8)
    features = np.where(truth[:, None] == 1, 1.0, -1.0).astype(np.float32).repeat(3, 1)
    features += rng.normal(0, 0.1, features.shape).astype(np.float32)
    features[8:] *= -1
    train = np.zeros((16, 1), dtype=bool)
    train[:8] = True
    one = HeadTask(features, truth[:, None], train, ~train, 2)
    kept, curve = train_heads(one, head(patience=3, epochs=30), seed=0)
    first, _ = train_heads(one, head(patience=0, epochs=1), seed=0)
    assert len(curve) == 5  # epochs 1 to 4 were no better, and 4 is more than 3 after epoch 0
    np.testing.assert_array_equal(kept.kernel.numpy(), first.kernel.numpy())


def test_l2_pulls_weights_to_zero(rng):
    one = task(rng)
    free, held = (np.abs(train_heads(one, head(l2=l2), 0)[0].kernel.numpy()).sum() for l2 in (0, 1))
    assert held < 0.3 * free


def test_class_weights_move_the_prior(rng):
    truth = np.array([0] * 15 + [1])
    noise = rng.normal(size=(16, 2)).astype(np.float32)
    rows = np.ones((16, 1), dtype=bool)
    one = HeadTask(noise, truth[:, None], rows, ~rows, 2)
    plain, balanced = (
        head_values(train_heads(one, head(l2=5, class_weight=how, epochs=100), 0)[0], noise)
        for how in ("none", "balanced")
    )
    assert plain[:, 0, 1].mean() == pytest.approx(1 / 16, abs=0.05)
    assert balanced[:, 0, 1].mean() == pytest.approx(0.5, abs=0.1)


def test_the_layer_survives_saving(tmp_path, rng):
    one = task(rng, n_heads=3)
    layer, _ = train_heads(one, head(epochs=2), seed=0)
    inputs = keras.Input((12,))
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    assert isinstance(again.layers[-1], FusedHeads)
    np.testing.assert_array_equal(again(one.features).numpy(), layer(one.features).numpy())


def test_a_feature_that_hardly_varies_over_few_rows_does_not_drown_the_others(rng):
    truth = np.tile([0, 1], 40)
    features = rng.normal(0, 0.2, (80, 12)).astype(np.float32)
    features[:, :6] += truth[:, None]  # say the class
    features[:8, 8:] *= 1e-3  # of the rows that are learnt only
    learnt = (np.arange(80) < 8)[:, None]
    few = HeadTask(features, truth[:, None], learnt, np.zeros_like(learnt), 2)
    layer, _ = train_heads(few, head(epochs=60, patience=0, learning_rate=0.01), seed=0)
    right = head_values(layer, features)[8:, 0].argmax(1) == truth[8:]
    assert right.mean() > 0.95
