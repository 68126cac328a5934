"""The answer key beside raw pictures is looked at first."""

from __future__ import annotations

import pytest

from podium.core.errors import PodiumError
from podium.evaluation.task import usual_classes
from podium.photos.raw_tables import check_key

IDS = ["1", "2", "10"]


def check(tmp_path, classes=("cat", "dog"), ids=IDS, **tables):
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text)
    check_key(tmp_path, usual_classes(classes), ids)


def test_keys_that_fit(tmp_path):
    check(tmp_path)
    check(tmp_path, test_labels="id,label\n1,cat\n2,dog\n10,dog\n")
    check(tmp_path, test_labels="id,label\n1,0\n2,1\n10,1\n")
    check(tmp_path, ("a", "b", "c"), test_labels="id,label\n1,a\n2,b\n10,c\n")


def test_a_key_without_test_pictures_is_no_fault(tmp_path):
    check(tmp_path, ids=[], test_labels="id,label\n1,cat\n")


@pytest.mark.parametrize(
    ("table", "text", "says"),
    [
        ("test_labels", "id,label\n1,cat\n1,cat\n2,dog\n10,dog\n", "1 ids occur more than once"),
        ("test_labels", "id,label\n1,cat\n2,dog\n10,cow\n", "unknown classes cow; the train pict"),
        ("test_labels", "id,class\n1,cat\n", "column label is missing"),
        ("test_labels", "id,label\n1,cat\n", "2 ids are missing, namely 2, 10"),
    ],
)
def test_keys_that_do_not_fit_are_named_with_a_remedy(tmp_path, table, text, says):
    with pytest.raises(PodiumError, match=rf"{table}\.csv: {says}") as caught:
        check(tmp_path, **{table: text})
    assert "\nremedy: " in str(caught.value)
    assert len(str(caught.value)) < 500
