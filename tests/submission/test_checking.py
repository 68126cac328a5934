"""Any submission beside what is wanted: every fault with its rows, in words that are checked."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from podium.submission.cells import (
    counted,
    examples,
    hard_notes,
    numbers,
    probability_faults,
    read_submission,
    sum_faults,
)
from podium.submission.checking import faults, notes


class Format:
    """A format of two columns, whose rule for cells is given."""

    columns = ("id", "label")

    def __init__(self, rule=lambda table: [], sample=None):
        self.inputs = SimpleNamespace(sample=sample)
        self.faults = rule

    def notes(self, table):
        return []


IDS = ("3", "1", "2")


def table(text: str) -> pd.DataFrame:
    header, *rows = [line.split(",") for line in text.split()]
    return pd.DataFrame(rows, columns=pd.Index(header), dtype=str)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id,label 3,0 1,1 2,0", []),
        ("id,label 1,0 2,1 3,0", []),  # joined by id
        ("label,id 0,3 1,1 0,2", ["its columns are in the order label, id, not id, label"]),
        ("id,cat 3,0 1,1 2,0", ["1 column missing, namely label", "1 column unknown, namely cat"]),
        ("name,label 3,0", ["1 column missing, namely id", "1 column unknown, namely name"]),
        ("id,label 3,0 1,1", ["1 id missing, namely 2"]),
        ("id,label 03,0 1,1 2,0", ["1 id missing, namely 3", "1 id unknown, namely 03"]),
        (
            "id,label 3,0 3,0 10,1 9,1 4,1 11,1",
            [
                "1 id more than once, namely 3",
                "2 ids missing, namely 1, 2",
                "4 ids unknown, e.g. 4, 9, 10",
            ],
        ),
        ("id,label", ["3 ids missing, namely 1, 2, 3"]),
    ],
)
def test_columns_and_ids(text, found):
    assert faults(table(text), Format(), IDS) == found


def test_the_rooms_rules_see_the_columns_in_their_order_and_only_where_all_are_there():
    seen = []

    def rule(part):
        seen.append(list(part.columns))
        return ["odd"]

    assert faults(table("label,id,x 0,3,0 1,1,0 0,2,0"), Format(rule), IDS) == [
        "1 column unknown, namely x",
        "odd",
    ]
    faults(table("id,x 3,0 1,1 2,0"), Format(rule), IDS)
    assert seen == [["id", "label"]]


def test_the_order_is_a_note_and_only_beside_a_sample(tmp_path):
    mixed, with_sample = table("id,label 1,0 2,1 3,0"), Format(sample=tmp_path / "sample.csv")
    assert notes(mixed, with_sample, IDS) == ["the ids are not in the sample's order"]
    assert notes(mixed, Format(), IDS) == []
    assert notes(mixed, with_sample, ["1", "2", "3"]) == []
    assert notes(mixed, with_sample, ["1", "2", "4"]) == []  # a fault, not an order
    assert notes(table("id,x 1,0"), with_sample, IDS) == []


def test_the_order_is_a_fault_of_what_is_written():
    mixed = table("id,label 1,0 2,1 3,0")
    assert faults(mixed, Format(), IDS) == []
    wrong = "the ids are right but not in the sample's order"
    assert faults(mixed, Format(), IDS, ordered=True) == [wrong]
    assert faults(mixed, Format(), ["1", "2", "3"], ordered=True) == []


def test_constant_columns_are_a_note():
    rows = table("id,label 3,0.5 1,0.5 2,0.5")
    assert notes(rows, Format(), IDS) == ["column label is '0.5' in every row"]
    assert notes(rows[:1], Format(), ["3"]) == []
    rows["label"] = "1 5 " * 30
    assert notes(rows, Format(), IDS) == [f"column label is '{('1 5 ' * 20)[:76]}... in every row"]
    assert notes(table("id,label 3,0.5 1,0.50 2,0.5"), Format(), IDS) == []


def test_what_is_no_probability():
    rows = pd.DataFrame(
        {
            "id": list("abcdefghij"),
            "label": ["0", "1", "", "nan", "x", "1_0", "-0.1", "1.01", "inf", "1e-300"],
        }
    )
    assert list(probability_faults(rows, ["label"])) == [
        "column label: 1 cell empty, namely id c: ''",
        "column label: 3 cells no number, namely id d: 'nan'; id e: 'x'; id f: '1_0'",
        "column label: 3 cells outside 0 to 1, namely id g: '-0.1'; id h: '1.01'; id i: 'inf'",
    ]
    np.testing.assert_array_equal(
        numbers(rows["label"]),
        [0, 1, np.nan, np.nan, np.nan, np.nan, -0.1, 1.01, np.inf, 1e-300],
    )


def test_rows_of_several_classes_sum_to_one():
    rows = table("id,a,b 1,0.5,0.5 2,0.5,0.5009 3,0.5,0.502 4,0.2,0.2 5,,0.5 6,0.49899,0.5")
    assert list(sum_faults(rows, ["a", "b"])) == [
        "3 rows whose probabilities do not sum to 1, "
        "namely id 3: 1.0020; id 4: 0.4000; id 6: 0.9990"
    ]
    assert list(sum_faults(rows[:2], ["a", "b"])) == []


def test_hard_labels_are_a_note():
    rows = table("id,a,b 1,0,1.0 2,1,0.99")
    assert list(hard_notes(rows, ["a", "b"])) == [
        "column a holds only 0 and 1: log loss punishes each that is wrong"
    ]
    assert list(hard_notes(rows[:0], ["a"])) == []


def test_words():
    assert (counted(1, "row"), counted(0, "row"), counted(2000, "id")) == (
        "1 row",
        "0 rows",
        "2,000 ids",
    )
    assert examples(["a", "b", "c"]) == "namely a, b, c"
    assert examples(["a", "b", "c", "d"]) == "e.g. a, b, c"
    assert examples(["x" * 81]) == "namely " + "x" * 77 + "..."


def test_run_lengths_may_be_longer_than_the_csv_modules_limit(tmp_path):
    path = tmp_path / "slides.csv"
    path.write_text(f"slide,rle\na,{'1 1 ' * 50_000}\n")
    assert len(read_submission(path)["rle"][0]) == 200_000
