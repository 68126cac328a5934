from __future__ import annotations

import numpy as np
import pytest

from podium.core.errors import PodiumError
from podium.evaluation import folds as plain_folds
from podium.pictures.folds import (
    assign,
    hold_out,
    joined,
    rare_class_lines,
    refuse_lonely_classes,
    strata,
)


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


def test_a_class_of_one_picture_is_kept_with_a_word():
    labels, groups = labelled(a=50, b=1)
    folds = assign(labels, groups, 2, 0)
    assert np.bincount(folds[:50]).tolist() in ([25, 25], [24, 26], [26, 24])
    (line,) = rare_class_lines(labels, groups, 2)
    assert line.startswith("warning: class 'b' has one picture")
    assert "add pictures of it" in line


def test_classes_that_all_occur_twice_are_in_two_folds_each():
    labels = np.repeat([f"c{k:02d}" for k in range(20)], 2)
    folds = assign(labels, np.arange(40), 5, 0)
    assert (folds[0::2] != folds[1::2]).all()
    assert len(np.unique(folds)) == 5


def test_no_class_in_two_groups_is_refused():
    labels, groups = labelled(a=8, b=8)
    with pytest.raises(PodiumError, match=r"no class has two pictures .* 'a'.*\nremedy: add pict"):
        refuse_lonely_classes(labels, np.repeat([0, 1], 8))
    refuse_lonely_classes(labels, groups)


@pytest.mark.parametrize(("n_folds", "remedy"), [(2, "look alike$"), (3, "or lower .*n_folds$")])
def test_the_remedy_does_not_go_below_two_folds(n_folds, remedy):
    labels = np.repeat(["a", "b"], 8)
    groups = np.arange(16) // (16 // (n_folds - 1))
    with pytest.raises(PodiumError, match=rf"for {n_folds} folds.*\nremedy: add pict.*{remedy}"):
        assign(labels, groups, n_folds, 0)


def test_many_groups_are_dealt_out_evenly_and_whole():
    rng = np.random.default_rng(0)
    labels = rng.choice(["a", "b", "c"], 9000, p=[0.7, 0.29, 0.01])
    groups = np.arange(9000) // 1
    groups[:600] = groups[:600] // 2 * 2
    folds = assign(labels, groups, 5, 3)
    assert (folds[:600:2] == folds[1:600:2]).all()
    for name in "abc":
        counts = np.bincount(folds[labels == name], minlength=5)
        assert counts.max() - counts.min() <= 0.1 * counts.mean() + 20
    assert not np.array_equal(folds, assign(labels, groups, 5, 4))


def test_groups_of_a_column_join_look_alikes():
    groups = joined(np.array([0, 0, 1, 2, 3, 4]), ["p", "", "q", "p", "", "q"])
    assert groups.tolist() == [0, 0, 1, 0, 2, 1]
    assert joined(np.array([3, 1, 3]), ["", "", ""]).tolist() == [0, 1, 0]


def test_strata_of_numbers_are_tenths_by_size():
    cells = [repr(float(n)) for n in range(100, 0, -1)]
    bins = strata("number", cells, (), 5).astype(int)
    assert np.bincount(bins).tolist() == [10] * 10
    assert bins[0] == 9
    folds = assign(strata("number", cells, (), 5), np.arange(100), 5, 0)
    means = [np.mean([float(cells[n]) for n in np.flatnonzero(folds == k)]) for k in range(5)]
    assert np.ptp(means) < 5
    assert len(set(strata("number", cells[:7], (), 5))) == 1


def test_rare_combinations_of_labels_go_by_their_rarest_label():
    cells = ["a;b"] * 10 + ["a"] * 20 + ["b;c"] * 2 + ["-"] * 9 + ["a;b;c"]
    assert strata("labels", cells, ("a", "b", "c"), 5).tolist() == (
        ["a;b"] * 10 + ["a"] * 20 + ["c"] * 2 + ["-"] * 9 + ["c"]
    )
