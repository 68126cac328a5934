"""Submissions: the sample's ids in the sample's order, checked, with a manifest."""

import hashlib
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from podium.core.errors import PodiumError
from podium.submission.writing import (
    check,
    check_ids,
    ordered_ids,
    read_sample,
    write,
    write_nothing,
)

COLUMNS = ["id", "label"]


@pytest.fixture
def sample(tmp_path):
    def written(text):
        path = tmp_path / "sample_submission.csv"
        path.write_text(text)
        return path

    return written


# ---- the ids


def test_the_samples_order_is_ours(sample):
    path = sample("id,label\n10,0.5\n2,0.5\n007,0.5\n")
    assert read_sample(path, COLUMNS) == ["10", "2", "007"]
    assert ordered_ids(path, COLUMNS, ["007", "2", "10"]) == ["10", "2", "007"]


def test_without_a_sample_the_test_ids_in_natural_order(tmp_path):
    found = ordered_ids(tmp_path / "sample_submission.csv", COLUMNS, ["10", "1", "2"])
    assert found == ["1", "2", "10"]
    assert ordered_ids(tmp_path / "none.csv", COLUMNS, []) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "id,label\n1,0\n2,0\n",
            r"1 ids are missing, namely 3\nremedy: the sample must name exactly",
        ),
        ("id,label\n1,0\n2,0\n3,0\n4,0\n", r"1 ids are unknown, namely 4\nremedy: the sample must"),
        (
            "id,label\n1,0\n2,0\n03,0\n",
            r"1 ids are missing, namely 3; 1 ids are unknown, namely 03\n",
        ),
        ("id,label\n1,0\n2,0\n3,0\n2,0\n", r"1 ids occur more than once, namely 2$"),
        (
            "id,label,note\n1,0,\n",
            r"its columns are id, label, note, ours would be id, label\nremedy: ",
        ),
        (
            "label,id\n0,1\n",
            r"its columns are label, id, ours would be id, label\nremedy: use this",
        ),
        ("id,cancer\n1,0\n", r"column label is missing; it has \['id', 'cancer'\]$"),
        ("", r"column id, label is missing; it has \[\]$"),
    ],
)
def test_the_sample_of_another_competition_is_refused(sample, text, reason):
    path = sample(text)
    with pytest.raises(PodiumError, match=f"^{re.escape(str(path))}: {reason}") as caught:
        ordered_ids(path, COLUMNS, ["1", "2", "3"])
    assert str(caught.value).count("\n") <= 2


# ---- the check

IDS = ["3", "1", "2"]


def table(ids=IDS, **columns):
    return pd.DataFrame({"id": ids, **(columns or {"label": [0.0, 1.0, 0.25]})})


def test_a_good_submission_passes():
    check(Path("photos.csv"), table(), IDS)
    check(Path("photos.csv"), table(a=[0.5] * 3, b=[0.25] * 3, c=[0.25] * 3), IDS)
    check(Path("photos.csv"), table([], label=[]), [])


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (
            table(["3", "1"], label=[0, 0]),
            r"1 ids are missing, namely 2\nremedy: predict every test",
        ),
        (
            table(["3", "1", "2", "4"], label=[0] * 4),
            r"1 ids are unknown, namely 4\nremedy: predict",
        ),
        (table(["3", "1", "1"]), r"1 ids occur more than once, namely 1$"),
        (table(["3", "1", "2", "2"], label=[0] * 4), r"1 ids occur more than once, namely 2$"),
        (table(["1", "2", "3"]), r"the ids are right but not in the sample's order$"),
        (
            table(label=[0, float("nan"), 0]),
            r"1 rows hold NaN or values outside 0 to 1, e\.g\. id 1$",
        ),
        (table(label=[0, 0, float("inf")]), r"1 rows hold NaN or values .*, e\.g\. id 2$"),
        (table(label=[-1e-9, 0, 0]), r"1 rows hold NaN or values .*, e\.g\. id 3$"),
        (table(label=[0, 1.0000001, 2]), r"2 rows hold NaN or values .*, e\.g\. id 1$"),
        (table(a=[0, 0, 0], b=[0, 0, 9]), r"1 rows hold NaN or values .*, e\.g\. id 2$"),
    ],
)
def test_what_may_not_be_handed_in_is_refused(broken, reason):
    with pytest.raises(PodiumError, match=rf"^photos\.csv: {reason}"):
        check(Path("photos.csv"), broken, IDS)


# ---- the ids of any submission


def test_the_first_column_holds_the_ids():
    check_ids(Path("text.csv"), pd.DataFrame({"name": IDS, "text": ["a", "", "NA"]}), IDS)
    check_ids(Path("text.csv"), pd.DataFrame({"id": [3, 1, 2], "text": ["a", "b", "c"]}), IDS)
    check_ids(Path("text.csv"), pd.DataFrame({"id": [], "text": []}), [])


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        (["3", "1"], r"1 ids are missing, namely 2\nremedy: predict every test picture, and only"),
        (["3", "1", "2", "4"], r"1 ids are unknown, namely 4\nremedy: predict"),
        (["3", "1", "02"], r"1 ids are missing, namely 2; 1 ids are unknown, namely 02\nremedy: "),
        (["3", "1", "2", "2"], r"1 ids occur more than once, namely 2$"),
        (["3", "3", "2"], r"1 ids occur more than once, namely 3$"),
        (["1", "2", "3"], r"the ids are right but not in the sample's order$"),
        ([], r"3 ids are missing, namely 1, 2, 3\nremedy: predict"),
    ],
)
def test_other_ids_are_refused(ids, reason):
    texts = pd.DataFrame({"id": ids, "text": ["a"] * len(ids)})
    with pytest.raises(PodiumError, match=rf"^text\.csv: {reason}"):
        check_ids(Path("text.csv"), texts, IDS)


# ---- the file and its manifest


def test_the_manifest_holds_the_files_hash(tmp_path):
    path = tmp_path / "submissions/photos.csv"
    write(path, table(), {"classes": ["cat", "dog"], "scores": {"log_loss": 0.25}})
    assert path.read_bytes() == b"id,label\n3,0.0\n1,1.0\n2,0.25\n"
    manifest = json.loads((tmp_path / "submissions/photos.json").read_text())
    assert manifest == {
        "submission": "photos.csv",
        "rows": 3,
        "sha256": hashlib.sha256(b"id,label\n3,0.0\n1,1.0\n2,0.25\n").hexdigest(),
        "classes": ["cat", "dog"],
        "scores": {"log_loss": 0.25},
    }


def test_the_same_submission_is_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name / "photos.csv", table(), {"x": 1})
    for name in ("photos.csv", "photos.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_nothing_to_hand_in_is_said(tmp_path, capsys):
    path = tmp_path / "photos.csv"
    write_nothing(path, "there are no test pictures")
    assert path.read_text() == "id\n"
    manifest = json.loads(path.with_suffix(".json").read_text())
    assert (manifest["rows"], manifest["note"]) == (0, "there are no test pictures")
    assert capsys.readouterr().out == f"{path}: empty, there are no test pictures\n"
