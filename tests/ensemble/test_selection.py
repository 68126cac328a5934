"""Ensemble selection: picks by hand, and those of a search that tries everything."""

import numpy as np
import pytest

from podium.ensemble.selection import Picks, bags_of, pick, select

A, B, C = [0.9, 0.9, 0.1, 0.1], [0.2, 0.2, 0.8, 0.8], [0.3, 0.3, 0.3, 0.3]


def only(probs, n_picks):
    probs = np.array(probs)
    return pick(probs, n_picks, [np.arange(len(probs))])[0]


def exhaustive(probs, n_picks, members):
    """The greedy picks with every member tried at every step."""
    probs, total, picks, losses = np.clip(probs, 1e-15, 1), 0.0, [], []
    for step in range(1, n_picks + 1):
        tried = [-np.log((total + probs[m]) / step).mean() for m in members]
        picks.append(int(members[int(np.argmin(tried))]))
        losses.append(min(tried))
        total = total + probs[picks[-1]]
    return picks, losses


# ---- by hand


def test_three_picks_by_hand():
    # the lowest loss is the highest product over rows of the mean probability
    # alone: A .9 .9 .1 .1 = .0081, B .2 .2 .8 .8 = .0256, C .3^4 = .0081: B
    # of two: BA (1.1 1.1 .9 .9) / 2: .9801 / 16 = .0613, BB .0256, BC .5 .5 1.1 1.1: .0189: A
    # of three: BAA 2 2 1 1: 4 / 81 = .0494, BAB 1.3 1.3 1.7 1.7: 4.8841 / 81 = .0603,
    # BAC 1.4 1.4 1.2 1.2: 2.8224 / 81 = .0348: B, though BA was better
    found = only([A, B, C], 3)
    assert found.models == [1, 0, 1]
    wanted = -np.log([0.0256, 0.9801 / 16, 4.8841 / 81]) / 4
    np.testing.assert_allclose(found.losses, wanted, rtol=1e-12)
    assert found.best == [1, 0]
    np.testing.assert_array_equal(select(np.array([A, B, C]), 3), [0.5, 0.5, 0])


def test_four_picks_by_hand():
    # alone: D .8 .8 .2 .2 and B .0256 each, F .4 .4 .4 .5 = .032: F
    # FD 1.2 1.2 .6 .7: .6048 / 16 = .0378, FB .6 .6 1.2 1.3: .5616 / 16: D
    # FDD 2 2 .8 .9: 2.88 / 81, FDB 1.4 1.4 1.4 1.5: 4.116 / 81 = .0508, FDF 3.072 / 81: B
    # FDBD 2.2 2.2 1.6 1.7: 13.1648 / 256 = .0514, FDBB 12.9536 / 256, FDBF 11.664 / 256: D
    probs = [[0.8, 0.8, 0.2, 0.2], B, [0.4, 0.4, 0.4, 0.5]]
    found = only(probs, 4)
    assert found.models == [2, 0, 1, 0]
    wanted = -np.log([0.032, 0.0378, 4.116 / 81, 13.1648 / 256]) / 4
    np.testing.assert_allclose(found.losses, wanted, rtol=1e-12)
    np.testing.assert_array_equal(select(np.array(probs), 4), [0.5, 0.25, 0.25])


def test_the_kept_picks_end_at_the_first_of_the_lowest_losses():
    assert Picks([4, 2, 7, 2], [0.5, 0.3, 0.4, 0.3]).best == [4, 2]
    assert Picks([4, 2, 7], [0.1, 0.3, 0.4]).best == [4]
    assert Picks([4, 2, 7], [0.5, 0.3, 0.2]).best == [4, 2, 7]


def test_of_equal_models_the_first_is_picked():
    assert set(only([A, A, A], 5).models) == {0}
    twice = only([C, B, A, B, A], 7)
    assert twice.models == [{0: 2, 1: 1, 2: 0}[m] for m in only([A, B, C], 7).models]
    np.testing.assert_array_equal(select(np.array([A, A, A]), 9, 5, 1.0, 3), [1, 0, 0])


def test_one_pick_is_the_best_single_model():
    np.testing.assert_array_equal(select(np.array([A, C, B]), 1), [0, 0, 1])


# ---- against a search that tries everything


def some_probs(rng, n_models, n_rows):
    """Models of any skill, with certain rows, right and wrong, among them."""
    skill = rng.uniform(0.3, 4, (n_models, 1))
    probs = rng.beta(skill, 1, (n_models, n_rows))
    certain = rng.random(probs.shape) < rng.choice([0, 0.02, 0.3])
    return np.where(certain, (rng.random(probs.shape) < 0.8).astype(float), probs)


@pytest.mark.parametrize("n_rows", [1, 7, 8, 9, 100, 1000])
def test_the_picks_are_those_of_the_exhaustive_search(n_rows):
    for seed in range(25):
        rng = np.random.default_rng([seed, n_rows])
        n_models, n_picks = int(rng.integers(1, 30)), int(rng.integers(1, 45))
        probs = some_probs(rng, n_models, n_rows)
        bags = bags_of(n_models, 3, float(rng.uniform(0.1, 1)), seed)
        for picks, members in zip(pick(probs, n_picks, bags), bags, strict=True):
            wanted, losses = exhaustive(probs, n_picks, members)
            assert picks.models == wanted, (seed, n_rows)
            np.testing.assert_allclose(picks.losses, losses, rtol=1e-9, atol=1e-12)


def test_alike_models_are_told_apart():
    rng = np.random.default_rng(1)
    base = rng.beta(3, 1, 200)
    probs = np.clip(base + 1e-5 * rng.normal(size=(40, 200)), 0, 1)
    assert only(probs, 40).models == exhaustive(probs, 40, np.arange(40))[0]


def test_hopeless_and_perfect_rows_stay_finite():
    for probs in (np.zeros((3, 20)), np.ones((3, 20)), np.tile([[0.0], [1.0], [0.0]], 20)):
        found = only(probs, 6)
        assert np.isfinite(found.losses).all()
        assert found.models[0] == int(probs[1, 0] > probs[0, 0])
        assert select(probs, 6).sum() == pytest.approx(1)


# ---- bags


@pytest.mark.parametrize(
    ("n_models", "share", "size"), [(10, 0.5, 5), (9, 0.3, 3), (8, 1.0, 8), (7, 0.01, 1), (1, 1, 1)]
)
def test_bags_have_the_stated_size_and_no_model_twice(n_models, share, size):
    found = bags_of(n_models, 6, share, 0)
    assert len(found) == 6
    for one in found:
        assert len(one) == size
        assert (np.diff(one) > 0).all()
        assert one.min() >= 0
        assert one.max() < n_models


def test_bags_follow_the_seed_and_differ():
    first, again, other = (np.stack(bags_of(30, 8, 0.5, seed)) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert len(np.unique(first, axis=0)) == 8


def test_a_bag_picks_from_its_models_only():
    probs = some_probs(np.random.default_rng(3), 12, 50)
    members = np.array([2, 5, 11])
    assert set(pick(probs, 20, [members])[0].models) <= set(members.tolist())


def test_the_weights_are_the_mean_over_bags_of_the_kept_shares(rng):
    probs = some_probs(rng, 9, 40)
    wanted = np.zeros(9)
    for members in bags_of(9, 4, 0.6, 2):
        models, losses = exhaustive(probs, 12, members)
        kept = models[: int(np.argmin(losses)) + 1]
        for model in kept:
            wanted[model] += 1 / len(kept) / 4
    found = select(probs, 12, 4, 0.6, 2)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert found.sum() == pytest.approx(1)
    np.testing.assert_array_equal(select(probs, 12, 4, 0.6, 2), found)


def test_bags_of_one_model_weigh_it_by_how_often_it_was_drawn(rng):
    probs = some_probs(rng, 4, 30)
    drawn = np.concatenate(bags_of(4, 10, 0.01, 0))
    wanted = np.bincount(drawn, minlength=4) / 10
    np.testing.assert_allclose(select(probs, 5, 10, 0.01, 0), wanted)
