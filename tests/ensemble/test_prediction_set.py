"""The library: tables joined by id, the mean over seeds, and every leak refused by name."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from podium.core.errors import PodiumError
from podium.ensemble.prediction_set import join, load, tables_in
from podium.evaluation.predictions import (
    RowFacts,
    read_predictions,
    rows,
    write_predictions,
)

CLASSES = ["cat", "dog"]
IDS, TEST = ["r1", "r2", "r3", "r4"], ["t1", "t2"]
GROUPS, TRUTH = [5, 5, 8, 9], ["cat", "dog", "dog", "cat"]
FOLDS = {0: [0, 0, 1, 1], 1: [1, 1, 0, 1]}  # by seed


def a_table(model="a", seeds=(0,), shift=0.0, test=TEST):
    """A model's rows; the chance of a cat is row / 10 + seed / 100 + shift."""
    parts = []
    for seed in seeds:
        cat = np.arange(1, 5) / 10 + seed / 100 + shift
        probs, fold = np.stack([cat, 1 - cat], axis=1), np.array(FOLDS[seed])
        parts.append(rows(IDS, "oof", fold, seed, probs, CLASSES, RowFacts(GROUPS, TRUTH)))
        if test:
            parts.append(rows(test, "test", -1, seed, 1 - probs[: len(test)], CLASSES))
    return pd.concat(parts, ignore_index=True).assign(model=model, params="")


def joined(*tables):
    return join({Path(f"tables/{n}.csv"): one for n, one in zip("abcd", tables, strict=False)})


def refused(reason, *tables):
    with pytest.raises(PodiumError, match=f"^{reason}$"):
        joined(*tables)


OTHER = r"\nremedy: give tables of one competition, made by one run of dvc repro"


def changed(table, where, **cells):
    """`table` with other cells in the rows where a column is this or that."""
    table = table.copy()
    chosen = np.all([table[name] == value for name, value in where.items()], axis=0)
    for name, value in cells.items():
        table.loc[chosen, name] = value
    return table


# ---- what fits together


def test_a_library_by_hand():
    found = joined(a_table(), a_table("b", shift=0.5))
    assert (found.models, found.kind.names) == (["a", "b"], CLASSES)
    assert (found.ids, found.test_ids) == (IDS, TEST)
    cat = np.array([[0.1, 0.2, 0.3, 0.4], [0.6, 0.7, 0.8, 0.9]])
    np.testing.assert_allclose(found.oof, np.stack([cat, 1 - cat], axis=2))
    np.testing.assert_allclose(found.test[:, :, 1], cat[:, :2])
    np.testing.assert_array_equal(found.truth, [0, 1, 1, 0])
    assert found.groups.tolist() == ["5", "5", "8", "9"]
    assert found.seeds == [0]
    np.testing.assert_array_equal(found.folds, [[0, 0, 1, 1]])
    assert found.folds.dtype == found.truth.dtype == np.int64


def test_the_order_of_rows_does_not_matter(rng):
    wanted = joined(a_table(seeds=(0, 1)), a_table("b", (0, 1), 0.5))
    mixed = a_table("b", (0, 1), 0.5).sample(frac=1, random_state=3).reset_index(drop=True)
    found = joined(a_table(seeds=(0, 1)), mixed)
    for name in ("oof", "test", "truth", "groups", "folds"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    first = a_table().iloc[[2, 5, 0, 3, 4, 1]]  # the order is that of the first table
    found = joined(first, a_table("b", shift=0.5))
    assert (found.ids, found.test_ids) == (["r3", "r1", "r4", "r2"], ["t2", "t1"])
    np.testing.assert_allclose(found.oof[1, :, 0], [0.8, 0.6, 0.9, 0.7])
    np.testing.assert_array_equal(found.truth, [1, 0, 0, 1])
    assert found.groups.tolist() == ["8", "5", "9", "5"]
    np.testing.assert_array_equal(found.folds, [[1, 0, 1, 0]])


def test_probabilities_are_the_mean_over_seeds():
    found = joined(a_table(seeds=(0, 1)))
    np.testing.assert_allclose(found.oof[0, :, 0], [0.105, 0.205, 0.305, 0.405])
    np.testing.assert_allclose(found.test[0, :, 1], [0.105, 0.205])
    assert found.seeds == [0, 1]
    np.testing.assert_array_equal(found.folds, [FOLDS[0], FOLDS[1]])


@pytest.mark.parametrize("first", [(0,), (1,), (0, 1)])
def test_a_seed_may_be_of_one_table_only(first):
    found = joined(a_table(seeds=first), a_table("b", (1,)), a_table("c", (1, 0)))
    assert found.seeds == [0, 1]
    np.testing.assert_array_equal(found.folds, [FOLDS[0], FOLDS[1]])
    np.testing.assert_allclose(found.oof[:, 0, 0], [0.1 + np.mean(first) / 100, 0.11, 0.105])


def test_classes_in_another_order_are_turned_round():
    order = ["model", "params", "p_dog", "group", "truth", "id", "split", "fold", "seed", "p_cat"]
    found = joined(a_table(), a_table("b")[order])
    np.testing.assert_array_equal(found.oof[0], found.oof[1])
    np.testing.assert_array_equal(found.test[0], found.test[1])
    turned = joined(a_table("b")[order], a_table())
    assert turned.kind.names == ["dog", "cat"]
    np.testing.assert_array_equal(turned.oof, found.oof[:, :, ::-1])
    np.testing.assert_array_equal(turned.truth, 1 - found.truth)


def test_rows_without_truth_are_left_out_of_the_fit():
    tables = [changed(a_table(name), {"id": "r2"}, truth="") for name in "ab"]
    found = joined(*tables)
    assert found.ids == ["r1", "r3", "r4"]
    np.testing.assert_allclose(found.oof[0, :, 0], [0.1, 0.3, 0.4])
    np.testing.assert_array_equal(found.truth, [0, 1, 0])
    assert found.groups.tolist() == ["5", "8", "9"]
    np.testing.assert_array_equal(found.folds, [[0, 1, 1]])


def test_a_library_without_test_rows():
    found = joined(a_table(test=[]), a_table("b", test=[]))
    assert found.test_ids == []
    assert found.test.shape == (2, 0, 2)


def test_held_out_rows_belong_to_neither():
    extra = rows(["h1"], "holdout", -1, 0, np.array([[0.5, 0.5]]), CLASSES)
    extra = extra.assign(model="a", params="")
    found = joined(pd.concat([a_table(), extra], ignore_index=True), a_table("b"))
    assert (found.ids, found.test_ids) == (IDS, TEST)


def test_files_are_read_and_some_left_out(tmp_path):
    for name in ("b", "prior", "a"):
        write_predictions(tmp_path / f"{name}.csv", a_table(), {"of": name})
    (tmp_path / "notes.txt").write_text("no table")
    paths = tables_in(tmp_path, ["prior", "unknown"])
    assert [path.name for path in paths] == ["a.csv", "b.csv"]
    found = load(paths)
    assert found.models == ["a", "b"]
    np.testing.assert_allclose(found.oof[1, :, 0], [0.1, 0.2, 0.3, 0.4])


def test_a_table_made_elsewhere_joins(tmp_path):
    text = "id,split,fold,seed,truth,p_a,p_b\n1,oof,0,0,a,1,0\n2,oof,1,0,b,0.25,0.75\n"
    (tmp_path / "mine.csv").write_text(text)
    found = load([tmp_path / "mine.csv"])
    assert (found.models, found.groups.tolist()) == (["mine"], ["1", "2"])
    np.testing.assert_array_equal(found.oof, [[[1, 0], [0.25, 0.75]]])


# ---- leaks


def test_a_test_row_among_the_out_of_fold_ones():
    leak = changed(a_table(), {"id": "t2"}, id="r3")
    reason = r"tables/a\.csv: a leak: r3 is out of fold here and a test row in a\.csv" + OTHER
    refused(reason, leak)


def test_a_test_row_of_another_table():
    leak = changed(a_table("b"), {"id": "t1"}, id="r1")
    reason = r"tables/a\.csv: a leak: r1 is out of fold here and a test row in b\.csv" + OTHER
    refused(reason, a_table(), leak)
    reason = r"tables/b\.csv: a leak: r1 is out of fold here and a test row in a\.csv" + OTHER
    refused(reason, leak.assign(model="a")[leak["split"] == "test"], a_table("b"))


def test_a_row_in_no_fold():
    leak = changed(a_table("b"), {"id": "r3"}, fold=-1)
    refused(
        r"tables/b\.csv: a leak: r3 is in no fold, so the model that predicts it saw it\n"
        r"remedy: predict every train row by a model of the other folds",
        a_table(),
        leak,
    )


def test_all_rows_in_one_fold():
    leak = changed(a_table(seeds=(0, 1)), {"split": "oof", "seed": 1}, fold=2)
    refused(
        r"tables/a\.csv: a leak: all rows of seed 1 are in one fold, .*\n"
        r"remedy: use two folds or more",
        leak,
    )


def test_a_group_in_two_folds():
    refused(
        r"tables/a\.csv: a leak: group 5 lies in several folds, .*\n"
        r"remedy: keep groups in one fold",
        changed(a_table(), {"id": "r2"}, fold=1),
    )


def test_a_group_may_lie_elsewhere_under_another_seed():
    assert joined(a_table(seeds=(0, 1))).folds[:, 0].tolist() == [0, 1]


def test_folds_that_differ_between_tables():
    other = changed(a_table("b", (0, 1)), {"id": "r3", "seed": 1}, fold=1)
    other = changed(other, {"id": "r4", "seed": 1}, fold=0)
    refused(
        r"tables/b\.csv: a leak: the folds of seed 1 are not those of a\.csv, e\.g\. of r3" + OTHER,
        a_table(seeds=(0, 1)),
        other,
    )
    refused(
        r"tables/c\.csv: a leak: the folds of seed 1 are not those of b\.csv, e\.g\. of r3" + OTHER,
        a_table(),
        a_table("b", (0, 1)),
        other.assign(model="c"),
    )


# ---- tables that do not belong together


@pytest.mark.parametrize(
    ("name", "other", "reason"),
    [
        ("r2", "r9", "1 ids are missing, namely r2; 1 ids are unknown, namely r9"),
        ("t2", "t9", "1 ids are missing, namely t2; 1 ids are unknown, namely t9"),
    ],
)
def test_other_ids(name, other, reason):
    found = changed(a_table("b"), {"id": name}, id=other)
    refused(rf"tables/b\.csv: {reason}{OTHER}", a_table(), found)


def test_missing_and_extra_ids():
    fewer = a_table("b")[a_table("b")["id"] != "r3"]
    refused(r"tables/b\.csv: 1 ids are missing, namely r3" + OTHER, a_table(), fewer)
    fewer = fewer.assign(model="a")
    refused(r"tables/b\.csv: 1 ids are unknown, namely r3" + OTHER, fewer, a_table("b"))


def test_test_rows_in_one_table_only():
    none, some = a_table(test=[]), a_table("b")
    refused(r"tables/b\.csv: 2 ids are unknown, namely t1, t2" + OTHER, none, some)
    none, some = none.assign(model="b"), some.assign(model="a")
    refused(r"tables/b\.csv: 2 ids are missing, namely t1, t2" + OTHER, some, none)


def test_a_seed_that_lacks_a_row():
    both = a_table(seeds=(0, 1))
    lacking = both[(both["id"] != "r4") | (both["seed"] != 1)]
    refused(
        r"tables/a\.csv: 1 ids are missing, namely r4\nremedy: seed 1 must have them all", lacking
    )


def test_classes_of_another_competition():
    other = a_table("b").rename(columns={"p_cat": "p_tumour"})
    other = other.assign(truth=other["truth"].replace("cat", "tumour"))
    refused(
        r"tables/b\.csv: its classes are \['tumour', 'dog'\], those of a\.csv \['cat', 'dog'\]: "
        rf"another competition{OTHER}",
        a_table(),
        other,
    )


@pytest.mark.parametrize(("column", "value"), [("truth", "dog"), ("truth", ""), ("group", "6")])
def test_truth_or_group_that_differs(column, value):
    other = changed(a_table("b"), {"id": "r4"}, **{column: value})
    refused(rf"tables/b\.csv: {column} of r4 is not that of a\.csv{OTHER}", a_table(), other)


def test_truth_that_changes_from_seed_to_seed():
    other = changed(a_table(seeds=(0, 1)), {"id": "r4", "seed": 1}, truth="dog")
    refused(
        r"tables/a\.csv: truth or group of r4 changes from seed to seed\nremedy: give all .*",
        other,
    )


def test_no_truth_at_all():
    none = [a_table(name).assign(truth="") for name in "ab"]
    refused(r"tables/a\.csv: no out-of-fold row has a truth\nremedy: fill column truth", *none)


def test_too_few_folds_have_rows_with_truth():
    known = changed(changed(a_table(), {"id": "r3"}, truth=""), {"id": "r4"}, truth="")
    refused(
        r"tables/a\.csv: all rows of seed 0 that have a truth are in one fold\n"
        r"remedy: fill column truth in two folds or more",
        known,
    )


def test_no_out_of_fold_rows():
    only_test = a_table("b")[a_table("b")["split"] == "test"]
    refused(
        r"tables/b\.csv: it has no out-of-fold rows to fit a blend on\nremedy: predict .*",
        a_table(),
        only_test,
    )


def test_two_tables_of_one_model():
    refused(
        r"tables: two tables are of one model, a\nremedy: remove one, .*",
        a_table(),
        a_table(),
        a_table("b"),
    )


def test_a_table_of_two_models():
    mixed = changed(a_table("b"), {"id": "r1"}, model="z")
    reason = (
        r"tables/b\.csv: a prediction table is of one model, this one of \['b', 'z'\]\nremedy: .*"
    )
    refused(reason, a_table(), mixed)


def test_nothing_to_blend():
    with pytest.raises(
        PodiumError, match=r"^no prediction table, or one named twice\nremedy: give each once$"
    ):
        load([])


def test_a_folder_without_tables_and_one_of_which_all_are_left_out(tmp_path):
    with pytest.raises(PodiumError, match=r"no prediction table to blend\nremedy: train a model"):
        tables_in(tmp_path, [])
    for name in ("hog", "dense"):
        (tmp_path / f"{name}.csv").touch()
    assert tables_in(tmp_path, ["hog", "gone"]) == [tmp_path / "dense.csv"]
    with pytest.raises(PodiumError, match=r"of 2, leave_out names all\nremedy: name fewer"):
        tables_in(tmp_path, ["hog", "dense"])


def test_one_file_twice(tmp_path):
    with pytest.raises(PodiumError, match=r"^no prediction table, or one named twice\n"):
        load([tmp_path / "a.csv"] * 2)


def test_a_table_without_groups_or_truth_takes_those_of_another():
    bare = a_table("b", shift=0.5).assign(truth="")
    bare["group"] = bare["id"]
    for tables in ([a_table(), bare], [bare, a_table()]):
        found = joined(*tables)
        assert found.groups.tolist() == ["5", "5", "8", "9"]
        np.testing.assert_array_equal(found.truth, [0, 1, 1, 0])


def test_groups_of_another_table_show_a_leak():
    bare = a_table("b", (1,), 0.5)
    bare["group"] = bare["id"]
    oof = bare["split"] == "oof"
    bare.loc[oof, "fold"] = [0, 1, 0, 1]  # r1 and r2 are of one group
    refused(r"tables/b\.csv: a leak: group 5 lies in several folds, .*\n.*", a_table(), bare)


# ---- refused while they are read


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (
            {"p_cat": float("nan")},
            r"1 rows are no probabilities .*, e.g. r2\nremedy: correct the program .*",
        ),
        (
            {"p_cat": 1.2, "p_dog": -0.2},
            r"1 rows are no probabilities .*, e.g. r2\nremedy: correct the program .*",
        ),
        (
            {"p_cat": 0.9},
            r"1 rows are no probabilities .*, e.g. r2\nremedy: correct the program .*",
        ),
        ({"id": "r1"}, r"predicted twice for one seed: r1\nremedy: .*"),
        ({"truth": "bird"}, r"truth 'bird' is none of its classes .*\nremedy: correct it, .*"),
    ],
)
def test_broken_tables_are_not_even_read(tmp_path, cells, reason):
    for name in "ab":
        write_predictions(tmp_path / f"{name}.csv", a_table(name))
    path = tmp_path / "b.csv"
    changed(read_predictions(path), {"id": "r2"}, **cells).to_csv(path, index=False, na_rep="nan")
    with pytest.raises(PodiumError, match=f"^{re.escape(str(path))}: {reason}$"):
        load(tables_in(tmp_path, []))
