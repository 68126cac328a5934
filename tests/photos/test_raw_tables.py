"""Tables beside raw pictures are looked at first."""

from __future__ import annotations

import pytest

from podium.core.errors import PodiumError
from podium.photos.raw_tables import check_raw_tables

IDS = ["1", "2", "10"]


def check(tmp_path, classes=("cat", "dog"), ids=IDS, **tables):
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text)
    check_raw_tables(tmp_path, list(classes), ids)


def test_tables_that_fit(tmp_path):
    check(tmp_path)
    sample = "id,label\n10,0\n2,0\n1,0\n"
    check(tmp_path, sample_submission=sample, test_labels="id,label\n1,cat\n2,dog\n10,dog\n")
    check(tmp_path, test_labels="id,label\n1,0\n2,1\n10,1\n")
    check(
        tmp_path, ("a", "b", "c"), sample_submission="id,a,b,c\n10,0,0,1\n2,0,0,1\n1,0,0,1\n",
        test_labels="id,label\n1,a\n2,b\n10,c\n",
    )  # fmt: skip


def test_a_sample_without_test_pictures_is_no_fault(tmp_path):
    check(tmp_path, ids=[], sample_submission="id,label\n1,0\n")


@pytest.mark.parametrize(
    ("table", "text", "says"),
    [
        ("sample_submission", "id,label\n1,0\n2,0\n2,0\n10,0\n", "1 ids occur more than once, nam"),
        ("sample_submission", "id,label\n1,0\n2,0\n", "1 ids are missing, namely 10"),
        ("sample_submission", "id,label\n1,0\n2,0\n10,0\n11,0\n", "1 ids are unknown, namely 11"),
        ("sample_submission", "id,cat,dog\n1,0,1\n", "its columns are id, cat, dog, ours would be"),
        ("sample_submission", "name,label\n1,0\n", "column id is missing"),
        ("sample_submission", f"id,label\n{'9' * 5000},0\n", "3 ids are missing, namely 1, 2, 10"),
        ("test_labels", "id,label\n1,cat\n1,cat\n2,dog\n10,dog\n", "1 ids occur more than once"),
        ("test_labels", "id,label\n1,cat\n2,dog\n10,cow\n", "unknown classes cow; the train pict"),
        ("test_labels", "id,class\n1,cat\n", "column label is missing"),
        ("test_labels", "id,label\n1,cat\n", "2 ids are missing, namely 2, 10"),
    ],
)
def test_tables_that_do_not_fit_are_named_with_a_remedy(tmp_path, table, text, says):
    with pytest.raises(PodiumError, match=rf"{table}\.csv: {says}") as caught:
        check(tmp_path, **{table: text})
    assert "\nremedy: " in str(caught.value)
    assert len(str(caught.value)) < 500
