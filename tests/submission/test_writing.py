"""Submissions: the sample's ids in the sample's order, checked, with a manifest."""

import hashlib
import json
import re
from types import SimpleNamespace

import pandas as pd
import pytest

from podium.core.errors import PodiumError
from podium.submission.cells import ordered_ids, probability_faults, read_sample
from podium.submission.writing import write, write_nothing, write_submission

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
        ("id,label\n1,0\n2,0\n3,0\n2,0\n", r"1 ids occur more than once, namely 2\nremedy: "),
        (
            "id,label,note\n1,0,\n",
            r"its columns are id, label, note, ours would be id, label\nremedy: ",
        ),
        (
            "label,id\n0,1\n",
            r"its columns are label, id, ours would be id, label\nremedy: remove it, then ",
        ),
        ("id,cancer\n1,0\n", r"column label is missing; it has \['id', 'cancer'\]\nremedy: "),
        ("", r"column id, label is missing; it has \[\]\nremedy: "),
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


class Format:
    """Probabilities in one column, or in several that sum to 1."""

    def __init__(self, *columns):
        self.columns, self.inputs = ["id", *columns], SimpleNamespace(sample=None)

    def faults(self, rows):
        yield from probability_faults(rows, self.columns[1:])


def written(path, rows, ids=IDS):
    write_submission(path, rows, Format(*rows.columns[1:]), ids, dict)


def test_a_good_submission_is_written(tmp_path):
    written(tmp_path / "photos.csv", table())
    assert (tmp_path / "photos.csv").read_bytes() == b"id,label\n3,0.0\n1,1.0\n2,0.25\n"
    written(tmp_path / "many.csv", table(a=[0.5] * 3, b=[0.25] * 3, c=[0.25] * 3))
    written(tmp_path / "none.csv", table([], label=[]), [])


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (table(["3", "1"], label=[0, 0]), "1 id missing, namely 2$"),
        (table(["3", "1", "2", "4"], label=[0] * 4), "1 id unknown, namely 4$"),
        (table(["3", "1", "02"]), "1 id missing, namely 2; 1 id unknown, namely 02$"),
        (table(["3", "1", "1"]), "1 id more than once, namely 1; 1 id missing, namely 2$"),
        (table(["3", "1", "2", "2"], label=[0] * 4), "1 id more than once, namely 2$"),
        (table(["1", "2", "3"]), "the ids are right but not in the sample's order$"),
        (table([], label=[]), "3 ids missing, namely 1, 2, 3$"),
        (table(label=[0, float("nan"), 0]), r"column label: 1 cell empty, namely id 1: ''$"),
        (table(label=[0, 1.01, 0]), r"column label: 1 cell outside 0 to 1, namely id 1: '1\.01'$"),
        (table(label=[-0.01, 2, 0]), r"column label: 2 cells outside 0 to 1, namely id 3: "),
        (table(label=[0, float("inf"), 0]), "column label: 1 cell outside 0 to 1, namely id 1"),
        (
            table(["3", "3"], a=[5, 5], b=["x", ""]),
            r"1 id more than once, namely 3; 2 ids missing, namely 1, 2; column a: 2 cells outside "
            r"0 to 1, .*; and 2 more faults$",
        ),
    ],
)
def test_a_faulty_submission_is_refused_and_the_last_one_stays(tmp_path, broken, reason):
    path = tmp_path / "photos.csv"
    written(path, table())
    before = path.read_bytes(), path.with_suffix(".json").read_bytes()
    with pytest.raises(PodiumError, match=rf"photos\.csv: {reason}"):
        written(path, broken)
    assert (path.read_bytes(), path.with_suffix(".json").read_bytes()) == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["photos.csv", "photos.json"]


def test_text_is_checked_as_it_stands_in_the_file(tmp_path):
    with pytest.raises(PodiumError, match="column label: 1 cell no number, namely id 1: 'x,y'"):
        written(tmp_path / "photos.csv", table(label=["0", "x,y", "1"]))


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
