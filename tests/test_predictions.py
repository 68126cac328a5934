"""Prediction tables: what goes out comes back, and what breaks the contract is refused."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from podium.errors import PodiumError
from podium.predictions import (
    check,
    classes_of,
    probabilities,
    read_predictions,
    rows,
    write_predictions,
)

CLASSES = ["cat", "dog"]


def table():
    oof = rows(["007", "NA", "1e3"], "oof", np.array([0, 1, 0]), 7, [[0.1, 0.9]] * 3, CLASSES)
    test = rows(["9"], "test", -1, 7, np.array([[0.25, 0.75]]), CLASSES)
    return pd.concat([oof, test], ignore_index=True)


def test_rows_have_the_contracts_columns():
    found = table()
    assert list(found.columns) == ["id", "split", "fold", "seed", "p_cat", "p_dog"]
    assert found["id"].tolist() == ["007", "NA", "1e3", "9"]
    assert found["split"].tolist() == ["oof", "oof", "oof", "test"]
    assert found["fold"].tolist() == [0, 1, 0, -1]
    assert found["seed"].tolist() == [7] * 4
    assert found["p_dog"].tolist() == [0.9, 0.9, 0.9, 0.75]


def test_a_table_reads_back_the_same(tmp_path, rng):
    classes = ["cat", "a, b", "p_x", "naïve"]
    probs = rng.dirichlet(np.full(4, 0.1), 50)
    names = [f"00{number}" for number in range(49)] + ["NA"]
    before = rows(names, "holdout", -1, 0, probs, classes)
    write_predictions(tmp_path / "t/x.csv", before)
    after = read_predictions(tmp_path / "t/x.csv")
    assert classes_of(after) == classes
    assert after["id"].tolist() == names
    np.testing.assert_array_equal(probabilities(after), probs)  # to the last bit
    assert (after["fold"].dtype, after["seed"].dtype) == (np.int64, np.int64)
    assert (after["fold"] == -1).all()
    write_predictions(tmp_path / "again.csv", after)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "t/x.csv").read_bytes()


def test_probabilities_follow_the_columns_order():
    turned = table()[["p_dog", "id", "split", "fold", "seed", "p_cat"]]
    assert classes_of(turned) == ["dog", "cat"]
    np.testing.assert_allclose(probabilities(turned)[0], [0.9, 0.1])


@pytest.mark.parametrize("column", ["seed", "split"])
def test_an_id_may_come_again_under_another_seed_or_split(column):
    once = table()
    again = once.assign(**{column: {"seed": 8, "split": "holdout"}[column]})
    check(Path("x.csv"), pd.concat([once, again], ignore_index=True))


BROKEN = [
    ({"split": "train"}, r"unknown split \['train'\]; known are oof, holdout, test$"),
    ({"id": "007"}, r"predicted twice for one seed: 007$"),
    ({"p_cat": float("nan")}, r"1 rows are no probabilities \(0 to 1, summing to 1\), e\.g\. NA$"),
    ({"p_cat": float("inf")}, r"1 rows are no probabilities .*e\.g\. NA$"),
    ({"p_cat": 0.2}, r"1 rows are no probabilities .*e\.g\. NA$"),
    ({"p_cat": 0.0999}, r"1 rows are no probabilities .*e\.g\. NA$"),
    ({"p_cat": -0.1, "p_dog": 1.1}, r"1 rows are no probabilities .*e\.g\. NA$"),
]


@pytest.mark.parametrize(("cells", "reason"), BROKEN)
def test_a_broken_row_is_neither_written_nor_read(tmp_path, cells, reason):
    path = tmp_path / "x.csv"
    broken = table()
    for name, value in cells.items():
        broken.loc[1, name] = value
    wanted = f"^{re.escape(str(path))}: {reason}"
    with pytest.raises(PodiumError, match=wanted):
        write_predictions(path, broken)
    assert not path.exists()
    broken.to_csv(path, index=False, na_rep="nan")
    with pytest.raises(PodiumError, match=wanted):
        read_predictions(path)


def test_rounded_probabilities_pass():
    third = rows(["1"], "test", -1, 0, np.array([[0.333333, 0.333333, 0.333333]]), ["a", "b", "c"])
    check(Path("x.csv"), third)  # six digits written by hand sum to 0.999999


def test_a_table_needs_two_classes():
    with pytest.raises(PodiumError, match=r"^x\.csv: a prediction table has a column p_<class>"):
        check(Path("x.csv"), table().drop(columns="p_dog"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,split,fold,p_a,p_b\n1,oof,0,1,0\n", r"column seed is missing"),
        ("id,split,fold,seed\n1,oof,0,0\n", r"a prediction table has a column p_<class>"),
        ("id,split,fold,seed,p_a,p_b\n1,oof,none,0,1,0\n", r"column fold holds something else"),
        ("id,split,fold,seed,p_a,p_b\n1,oof,0.5,0,1,0\n", r"column fold holds something else"),
        ("id,split,fold,seed,p_a,p_b\n1,oof,0,0,1,\n", r"column p_b holds something else"),
        ("id,split,fold,seed,p_a,p_b\n1,oof,0,0,1\n", r"line 2 has 5 fields, the header 6"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path, text, reason):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(PodiumError, match=f"^{re.escape(str(path))}: {reason}"):
        read_predictions(path)


def test_a_missing_table_says_what_to_run(tmp_path):
    with pytest.raises(PodiumError, match=r"x\.csv: no such file; run the stage that writes it$"):
        read_predictions(tmp_path / "x.csv")


def test_a_table_without_rows_is_a_table(tmp_path):
    write_predictions(tmp_path / "x.csv", table().iloc[:0])
    assert probabilities(read_predictions(tmp_path / "x.csv")).shape == (0, 2)
