from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from podium.core.params import Head
from podium.photos.fusion import head_values
from podium.photos.head_training import HeadTask, train_heads
from podium.photos.pseudo import add_pseudo_labels, train_twice

N, T, M = 60, 30, 3
SETTINGS = {
    "dropout": 0.3,
    "l2": 0.01,
    "optimizer": "adam",
    "learning_rate": 0.02,
    "batch_size": 16,
    "epoch_size": 1000,
    "epochs": 25,
    "patience": 2,
    "class_weight": "none",
}


def head(**changes) -> Head:
    return Head(**{**SETTINGS, **changes})


def task(rng, n_classes=2) -> tuple[HeadTask, np.ndarray]:
    """Three heads, each with a third of the rows held out; features of all rows and of T more."""
    which = rng.integers(0, n_classes, N + T)
    features = rng.normal(size=(N + T, 10)).astype(np.float32)
    features[np.arange(N + T), which] += 2
    part = np.arange(N) % 9
    stop = np.stack([part == (3 + 3 * m) % 9 for m in range(M)], axis=1)
    train = np.stack([part // 3 != m for m in range(M)], axis=1) & ~stop
    truth = np.repeat(which[:N, None], M, axis=1)
    return HeadTask(features[:N], truth, train, stop, n_classes), features


def test_exactly_the_rows_above_the_threshold_join_each_head_with_its_own_class():
    one = np.ones((2, 2), dtype=bool)
    first = HeadTask(np.zeros((2, 4), np.float32), np.array([[0, 0], [2, 2]]), one, ~one, 3)
    probs = np.array(
        [
            [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]],  # a row of the first round: joins nothing
            [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]],
            [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]],  # both heads are sure, of different classes
            [[0.1, 0.2, 0.7], [0.0, 1.0, 0.0]],  # the second only
            [[0.4, 0.3, 0.3], [0.3, 0.3, 0.4]],  # neither
        ]
    )
    features = np.arange(20, dtype=np.float32).reshape(5, 4)
    second = add_pseudo_labels(first, features, probs, 0.8)
    assert second.train.tolist() == [[True, True]] * 3 + [[False, True], [False, False]]
    assert second.truth[:2].tolist() == [[0, 0], [2, 2]]
    assert second.truth[2].tolist() == [0, 2]
    assert second.truth[3, 1] == 1
    assert not second.stop.any()
    assert second.in_batches.tolist() == [True] * 5
    np.testing.assert_array_equal(second.features, features)


@pytest.mark.parametrize("threshold", [0.0, 0.9, 1.0])
def test_the_second_round_learns_what_the_first_was_sure_of(rng, threshold):
    first, features = task(rng)
    sure = head_values(train_heads(first, head(patience=0), 0)[0], features)[N:].max(2)
    heads, curve, joined = train_twice(first, features, head(patience=0), 0, threshold)
    assert joined.tolist() == (sure >= threshold).sum(0).tolist()
    assert {0.0: T, 1.0: 0}.get(threshold, joined[0]) == joined[0]
    assert len(curve) == 25
    rows = np.vstack([first.train, sure >= threshold])
    mean = [features[rows[:, m]].mean(0) for m in range(M)]
    np.testing.assert_allclose(heads.mean.numpy()[:, :, 0].T, mean, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("n_classes", "class_weight"), [(2, "none"), (3, "balanced")])
def test_nothing_comes_from_the_rows_a_head_is_scored_on(rng, n_classes, class_weight):
    settings = head(class_weight=class_weight)
    first, features = task(rng, n_classes)
    held_out = ~(first.train | first.stop)
    before, _, joined = train_twice(first, features, settings, 0, 0.9)
    assert 0 < joined[0] < T
    for m in range(M):
        spoilt = first.truth.copy()
        spoilt[held_out[:, m]] = (spoilt[held_out[:, m]] + 1) % n_classes  # for all heads
        after, _, now = train_twice(replace(first, truth=spoilt), features, settings, 0, 0.9)
        same = [
            np.array_equal(*(one.kernel.numpy()[:, k] for one in (before, after))) for k in range(M)
        ]
        assert same == [k == m for k in range(M)]
        assert now[m] == joined[m]


def test_a_head_stays_as_it_is_when_its_patience_ends(rng):
    first, _ = task(rng)
    together, _ = train_heads(first, head(), 0, independent=True)
    longest, _ = train_heads(first, head(), 0)
    changed = False
    for m in range(M):
        # a head that is stopped by nobody else: all three columns are the same head
        single = HeadTask(
            first.features,
            first.truth,
            np.repeat(first.train[:, m : m + 1], M, 1),
            np.repeat(first.stop[:, m : m + 1], M, 1),
            2,
            first.in_batches,
        )
        by_itself, _ = train_heads(single, head(), 0)
        np.testing.assert_allclose(
            together.kernel.numpy()[:, m], by_itself.kernel.numpy()[:, m], rtol=1e-4, atol=1e-6
        )
        changed |= not np.array_equal(longest.kernel.numpy()[:, m], together.kernel.numpy()[:, m])
    assert changed  # without `independent`, some head went on while the others learnt
