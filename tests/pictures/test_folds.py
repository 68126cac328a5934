from __future__ import annotations

import numpy as np
import pytest

from podium.core.errors import PodiumError
from podium.evaluation import folds as plain_folds
from podium.pictures.folds import assign, hold_out, rare_class_lines


def labelled(**counts: int):
    labels = np.repeat(list(counts), list(counts.values()))
    return labels, np.arange(len(labels))


@pytest.mark.parametrize("n_rare", [1, 3, 5, 9])
def test_a_rare_class_does_not_starve_the_others(n_rare):
    labels, groups = labelled(a=1000, b=1000, c=n_rare)
    for seed in range(3):
        stop = hold_out(labels, groups, 10, seed)
        assert abs(int(stop[labels == "a"].sum()) - 100) <= 2
        assert abs(int(stop[labels == "b"].sum()) - 100) <= 2
        assert 0 <= stop[labels == "c"].sum() <= 1
        assert not stop[labels == "c"].all()


def test_without_a_rare_class_the_rows_are_those_of_a_tenth_fold():
    labels, groups = labelled(a=47, b=33)
    groups[:6] = 0
    for seed in range(3):
        expected = plain_folds.assign(labels, groups, 10, seed) == 0
        np.testing.assert_array_equal(hold_out(labels, groups, 10, seed), expected)
        expected = plain_folds.assign(labels, groups, 5, seed)
        np.testing.assert_array_equal(assign(labels, groups, 5, seed), expected)


def test_groups_stay_whole_and_few_rows_give_what_they_can():
    labels, groups = labelled(a=6, b=6)
    groups[:] = np.tile([0, 1, 2], 4)
    stop = hold_out(labels, groups, 10, 0)
    assert len(np.unique(groups[stop])) == 1
    assert not hold_out(labels, np.zeros(12, dtype=np.int64), 10, 0).any()


@pytest.mark.parametrize("n_rare", [2, 3, 4])
def test_a_class_of_fewer_pictures_than_folds_is_in_two_folds_at_least(n_rare):
    labels, groups = labelled(a=50, b=50, c=n_rare)
    for seed in range(5):
        folds = assign(labels, groups, 5, seed)
        assert len(np.unique(folds[labels == "c"])) >= 2
        assert np.bincount(folds[:100]).tolist() == [20] * 5
    (line,) = rare_class_lines(labels, groups, 5)
    assert line.startswith(f"warning: class 'c' has {n_rare} pictures")
    assert "lower assign_photo_folds.n_folds" in line


def test_look_alikes_of_a_rare_class_count_once():
    labels, groups = labelled(a=50, c=12)
    groups[50:56], groups[56:] = 50, 51
    folds = assign(labels, groups, 5, 0)
    assert {len(set(folds[50:56])), len(set(folds[56:]))} == {1}
    assert folds[50] != folds[60]


def test_a_class_in_one_group_has_a_remedy():
    labels, groups = labelled(a=50, b=1)
    with pytest.raises(PodiumError, match=r"class 'b' has one picture only .*\nremedy: add a pict"):
        assign(labels, groups, 2, 0)


@pytest.mark.parametrize(
    ("n_folds", "remedy"), [(2, "do not look alike$"), (3, "or lower .*n_folds$")]
)
def test_the_remedy_does_not_go_below_two_folds(n_folds, remedy):
    labels = np.repeat(["a", "b"], 8)
    groups = np.repeat([0, 1], 8) if n_folds == 2 else np.arange(16) // 4
    with pytest.raises(
        PodiumError, match=rf"for {n_folds} folds.*\nremedy: add pictures .*{remedy}"
    ):
        assign(labels, groups, n_folds, 0)
