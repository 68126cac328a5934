"""Folds: even in every class, whole groups, and the same again for the same seed."""

import numpy as np
import pytest

from podium.core.errors import PodiumError
from podium.evaluation.folds import assign

ALONE = np.arange(30)  # every picture its own group


def labels(n_cats, n_dogs):
    return np.array(["cat"] * n_cats + ["dog"] * n_dogs)


def counts(values, mask, n):
    return np.bincount(values[mask], minlength=n).tolist()


def test_each_fold_has_its_share_of_each_class():
    names = labels(10, 20)
    found = assign(names, ALONE, 5, seed=0)
    assert found.dtype == np.int64
    assert counts(found, names == "cat", 5) == [2] * 5
    assert counts(found, names == "dog", 5) == [4] * 5


def test_uneven_classes_differ_by_one_at_most():
    names = labels(8, 22)
    found = assign(names, ALONE, 5, seed=3)
    assert sorted(counts(found, names == "cat", 5)) == [1, 1, 2, 2, 2]
    assert sorted(counts(found, names == "dog", 5)) == [4, 4, 4, 5, 5]


@pytest.mark.parametrize("seed", range(5))
def test_a_group_is_never_torn(seed):
    names = labels(24, 36)
    groups = np.concatenate([np.arange(24) // 3, 100 + np.arange(36) // 2])  # 8 threes, 18 pairs
    order = np.random.default_rng(seed).permutation(60)
    found = assign(names[order], groups[order], 4, seed)
    for group in np.unique(groups):
        assert len(np.unique(found[groups[order] == group])) == 1
    # stratified all the same: 8 threes and 18 pairs over 4 folds
    assert counts(found, names[order] == "cat", 4) == [6] * 4
    assert sorted(counts(found, names[order] == "dog", 4)) == [8, 8, 10, 10]


def test_a_group_of_two_classes_stays_whole():
    names, groups = labels(6, 6), np.array([0, 1, 2, 3, 4, 5, 0, 6, 7, 8, 9, 10])
    found = assign(names, groups, 3, seed=0)
    assert found[0] == found[6]
    assert sorted(np.unique(found).tolist()) == [0, 1, 2]


def test_the_seed_decides():
    names = labels(15, 15)
    first = assign(names, ALONE, 5, seed=1)
    np.testing.assert_array_equal(first, assign(names, ALONE, 5, seed=1))
    assert (first != assign(names, ALONE, 5, seed=2)).any()


def test_global_randomness_does_not():
    names = labels(15, 15)
    np.random.seed(0)  # noqa: NPY002
    first = assign(names, ALONE, 5, seed=1)
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(first, assign(names, ALONE, 5, seed=1))


def test_too_few_pictures_of_a_class():
    wanted = (
        r"^class 'dog' has 2 pictures \(near-duplicates counted once\) for 3 folds\n"
        r"remedy: add some, or lower assign_photo_folds\.n_folds$"
    )
    with pytest.raises(PodiumError, match=wanted):
        assign(labels(28, 2), ALONE, 3, seed=0)


def test_near_duplicates_count_once():
    groups = np.array([0, 1, 2, 3, 4, 5, 6, 6, 6, 7])  # 4 dogs, 2 of them different
    with pytest.raises(PodiumError, match=r"^class 'dog' has 2 pictures"):
        assign(labels(6, 4), groups, 3, seed=0)
    assert set(assign(labels(6, 4), groups, 2, seed=0)[6:9]) in ({0}, {1})
