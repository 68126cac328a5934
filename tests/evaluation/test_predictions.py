"""Prediction tables: what goes out comes back, and what breaks the contract is refused."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from podium.core.errors import PodiumError
from podium.evaluation import predictions
from podium.evaluation.predictions import (
    Reading,
    RowFacts,
    check,
    classes_of,
    probabilities,
    read_predictions,
    read_text_predictions,
    rows,
    text_rows,
    write_predictions,
    write_text_predictions,
)

CLASSES = ["cat", "dog"]
FIRST = ["id", "split", "fold", "seed", "group", "truth"]


def table():
    oof = rows(["007", "NA", "1e3"], "oof", np.array([0, 1, 0]), 7, [[0.1, 0.9]] * 3, CLASSES)
    test = rows(["9"], "test", -1, 7, np.array([[0.25, 0.75]]), CLASSES)
    return pd.concat([oof, test], ignore_index=True)


def test_rows_have_the_contracts_columns():
    found = table()
    assert list(found.columns) == [*FIRST, "p_cat", "p_dog"]
    assert found["id"].tolist() == ["007", "NA", "1e3", "9"]
    assert found["split"].tolist() == ["oof", "oof", "oof", "test"]
    assert found["fold"].tolist() == [0, 1, 0, -1]
    assert found["seed"].tolist() == [7] * 4
    assert found["p_dog"].tolist() == [0.9, 0.9, 0.9, 0.75]


@pytest.mark.parametrize("cells", [1_000_000, 200, 1])
def test_a_table_reads_back_the_same(tmp_path, rng, monkeypatch, cells):
    monkeypatch.setattr(predictions, "CELLS", cells)  # blocks of all rows, of 16, of one
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


def test_a_table_says_which_model_and_settings_made_it(tmp_path):
    known = RowFacts([3, 3, 4], ["dog", "", "cat"])
    fold, probs = np.array([0, 1, 0]), np.array([[0.1, 0.9]] * 3)
    before = rows(["1", "2", "3"], "oof", fold, 7, probs, CLASSES, known)
    names = []
    for settings in ({"rate": 0.1}, {"rate": 0.2}):
        write_predictions(tmp_path / "dense.csv", before, settings)
        found = read_predictions(tmp_path / "dense.csv")
        assert found["model"].tolist() == ["dense"] * 3
        assert found["group"].tolist() == ["3", "3", "4"]
        assert found["truth"].tolist() == ["dog", "", "cat"]
        names.append(found["params"].iloc[0])
    assert len(set(names)) == 2
    assert re.fullmatch("[0-9a-f]{12}", names[0])
    write_predictions(tmp_path / "copy.csv", found)
    assert set(read_predictions(tmp_path / "copy.csv")["model"]) == {"dense"}


def test_a_table_made_elsewhere_has_rows_of_their_own_and_no_truth(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("id,split,fold,seed,p_a,p_b\n1,oof,0,0,1,0\n")
    found = read_predictions(path).iloc[0]
    assert (found["model"], found["params"]) == ("mine", "")
    assert (found["group"], found["truth"]) == ("1", "")


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
    ({"split": "train"}, r"unknown split \['train'\]\nremedy: say one of oof, holdout, test$"),
    ({"id": "007"}, r"predicted twice for one seed: 007\nremedy: keep one row"),
    ({"truth": "bird"}, r"truth 'bird' is none of its classes \['cat', 'dog'\]\nremedy: correct"),
    (
        {"p_cat": float("nan")},
        r"1 rows are no probabilities \(0 to 1, summing to 1\), e\.g\. NA\nremedy: correct the",
    ),
    ({"p_cat": float("inf")}, r"1 rows are no probabilities .*e\.g\. NA\nremedy: correct the"),
    ({"p_cat": 0.2}, r"1 rows are no probabilities .*e\.g\. NA\nremedy: correct the"),
    ({"p_cat": 0.0999}, r"1 rows are no probabilities .*e\.g\. NA\nremedy: correct the"),
    (
        {"p_cat": -0.1, "p_dog": 1.1},
        r"1 rows are no probabilities .*e\.g\. NA\nremedy: correct the",
    ),
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


def test_a_fault_of_a_later_block_is_said_with_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr(predictions, "CELLS", 12)  # two rows
    path, row = tmp_path / "x.csv", "{},oof,0,0,1,0\n"
    rows_of_text = "".join(row.format(number) for number in range(5))
    path.write_text(f"id,split,fold,seed,p_a,p_b\n{rows_of_text}5,oof,0,0,1\n")
    with pytest.raises(PodiumError, match=r"x\.csv: line 7 has 5 fields, the header 6\n"):
        read_predictions(path)
    path.write_text(f"id,split,fold,seed,p_a,p_b\n{rows_of_text}5,oof,0,0,1,x\n")
    with pytest.raises(PodiumError, match=r"x\.csv: column p_b holds something else: 'x'"):
        read_predictions(path)


def test_a_missing_table_says_what_to_run(tmp_path):
    with pytest.raises(PodiumError, match=r"x\.csv: no such file\nremedy: run the stage"):
        read_predictions(tmp_path / "x.csv")


def test_a_table_without_rows_is_a_table(tmp_path):
    write_predictions(tmp_path / "x.csv", table().iloc[:0])
    assert probabilities(read_predictions(tmp_path / "x.csv")).shape == (0, 2)


# ---- texts

SAID = ["007", "NA", "1-2", "(3-7)+5", "", "nan", "1e3", 'a,"b', "不", "None", "True"]


def texts_of(split="test", seed=3, n=11):
    readings = [Reading(text, -0.1 * number) for number, text in enumerate(SAID[:n])]
    return text_rows([f"00{number}" for number in range(n)], split, seed, readings)


def test_rows_of_texts_have_the_contracts_columns():
    found = text_rows(["007", "NA"], "holdout", 5, [Reading("1-2", -0.5), Reading("", -2.0)])
    assert found.to_dict("list") == {
        "id": ["007", "NA"],
        "split": ["holdout", "holdout"],
        "fold": [-1, -1],
        "seed": [5, 5],
        "group": ["007", "NA"],
        "truth": ["", ""],
        "text": ["1-2", ""],
        "log_prob": [-0.5, -2.0],
    }
    assert list(found.columns) == [*FIRST, "text", "log_prob"]
    assert text_rows([], "test", 5, []).shape == (0, 8)


def test_texts_read_back_the_same(tmp_path, rng):
    holdout, test = texts_of("holdout", n=4), texts_of()
    test["log_prob"] = -rng.exponential(size=len(test))
    path = tmp_path / "t/x.csv"
    write_text_predictions(path, [holdout, test])
    found = read_text_predictions(path)
    assert found["text"].tolist() == SAID[:4] + SAID
    assert found["id"].tolist() == [*holdout["id"], *test["id"]]
    assert found["split"].tolist() == ["holdout"] * 4 + ["test"] * len(SAID)
    assert found["log_prob"].tolist() == [*holdout["log_prob"], *test["log_prob"]]  # to the bit
    assert (found["fold"].dtype, found["seed"].dtype) == (np.int64, np.int64)
    assert (set(found["fold"]), set(found["seed"])) == ({-1}, {3})
    write_text_predictions(tmp_path / "again.csv", [found])
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()


def test_a_part_without_texts_is_passed_over(tmp_path):
    write_text_predictions(tmp_path / "x.csv", [texts_of("holdout", n=2), texts_of(n=0)])
    assert read_text_predictions(tmp_path / "x.csv")["split"].tolist() == ["holdout"] * 2


@pytest.mark.parametrize("log_prob", [0.0, -0.0, 1e-7, -1e300, float("-inf")])
def test_logarithms_of_probabilities_pass(tmp_path, log_prob):
    table = text_rows(["1"], "test", 0, [Reading("a", log_prob)])
    write_text_predictions(tmp_path / "x.csv", [table])
    assert read_text_predictions(tmp_path / "x.csv")["log_prob"].tolist() == [log_prob]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"split": "train"}, r"unknown split \['train'\]\nremedy: say one of oof, holdout, test$"),
        ({"id": "000"}, r"predicted twice for one seed: 000\nremedy: keep one row"),
        ({"log_prob": 0.1}, r"a log_prob is no logarithm of a probability\nremedy: correct"),
        ({"log_prob": 1e-5}, r"a log_prob is no logarithm of a probability\nremedy: correct"),
        (
            {"log_prob": float("nan")},
            r"a log_prob is no logarithm of a probability\nremedy: correct",
        ),
        (
            {"log_prob": float("inf")},
            r"a log_prob is no logarithm of a probability\nremedy: correct",
        ),
    ],
)
def test_a_broken_text_is_neither_written_nor_read(tmp_path, cells, reason):
    path = tmp_path / "x.csv"
    broken = texts_of(n=3)
    for name, value in cells.items():
        broken.loc[1, name] = value
    wanted = f"^{re.escape(str(path))}: {reason}"
    with pytest.raises(PodiumError, match=wanted):
        write_text_predictions(path, [broken])
    assert not path.exists()
    broken.to_csv(path, index=False, na_rep="nan")
    with pytest.raises(PodiumError, match=wanted):
        read_text_predictions(path)


def test_a_text_may_come_again_under_another_seed_or_split(tmp_path):
    parts = [texts_of(), texts_of(seed=4), texts_of("holdout")]
    write_text_predictions(tmp_path / "x.csv", parts)
    assert len(read_text_predictions(tmp_path / "x.csv")) == 3 * len(SAID)
    with pytest.raises(PodiumError, match=r"predicted twice for one seed: 000, 001, 002\nremedy: "):
        write_text_predictions(tmp_path / "x.csv", [texts_of(), texts_of()])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,split,fold,seed,p_a,p_b\n1,oof,0,0,1,0\n", r"column text, log_prob is missing"),
        ("id,split,fold,seed,text\n1,test,0,0,a\n", r"column log_prob is missing"),
        ("id,split,fold,seed,text,log_prob\n1,test,-1,0,a,b\n", r"column log_prob holds something"),
        ("id,split,fold,seed,text,log_prob\n1,test,-1,0,a,\n", r"column log_prob holds something"),
        ("id,split,fold,seed,text,log_prob\n1,test,-1,x,a,0\n", r"column seed holds something"),
        ("id,split,fold,seed,text,log_prob\n1,test,-1,0,a\n", r"line 2 has 5 fields, the header 6"),
    ],
)
def test_texts_in_another_form_are_refused(tmp_path, text, reason):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(PodiumError, match=f"^{re.escape(str(path))}: {reason}"):
        read_text_predictions(path)
