from pathlib import Path

import pandas as pd
import pytest
from podium.captcha.competitions import competition

from podium.captcha import submission
from podium.captcha.charset import Charset
from podium.captcha.scoring import share
from podium.core.errors import PodiumError, SettingsError
from podium.evaluation.predictions import Reading, text_rows

PATH = Path("table.csv")


# ---- the texts


def table(*, seed: int = 0) -> pd.DataFrame:
    kept = [Reading("kept", -0.1), Reading("other", -0.2)]
    read = [Reading("007", -0.1), Reading("NA", -0.2), Reading("", -0.3)]
    return pd.concat(
        [
            text_rows(["1", "2"], "holdout", seed, kept),
            text_rows(["1", "2", "10"], "test", seed, read),
        ],
        ignore_index=True,
    )


def test_texts_join_by_id() -> None:
    assert submission.texts_of(PATH, table(), "test", ["10", "1", "2"]) == ["", "007", "NA"]
    assert submission.texts_of(PATH, table(), "holdout", ["2", "1"]) == ["other", "kept"]
    assert submission.texts_of(PATH, table(), "oof", []) == []


@pytest.mark.parametrize(
    ("split", "ids", "reason"),
    [
        ("test", ["1", "2"], "1 ids are unknown, namely 10"),
        ("test", ["1", "2", "10", "3"], "1 ids are missing, namely 3"),
        ("holdout", ["1", "02"], "1 ids are missing, namely 02; 1 ids are unknown, namely 2"),
        ("oof", ["1"], "1 ids are missing, namely 1"),
    ],
)
def test_a_table_of_other_pictures(split: str, ids: list[str], reason: str) -> None:
    with pytest.raises(PodiumError, match=rf"^table\.csv: {reason}\nremedy: run dvc repro"):
        submission.texts_of(PATH, table(), split, ids)


def test_a_table_of_two_seeds() -> None:
    twice = pd.concat([table(), table(seed=1)], ignore_index=True)
    with pytest.raises(PodiumError, match=r"^table\.csv: 3 ids occur more than once"):
        submission.texts_of(PATH, twice, "test", ["1", "2", "10"])


# ---- the answers


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(3-7)+5", "1"),
        ("3-7-5", "-9"),
        ("9*9*9", "729"),
        ("5/2", "2.50"),
        ("1/3", "0.33"),
        ("0/7", "0"),
        ("", ""),
        ("1/0", ""),
        ("(3-7", ""),
        ("9**9**9", ""),
        ("AB12", ""),
    ],
)
def test_answer(expression: str, value: str) -> None:
    assert competition("arithmetic").answers(expression) == [value]


def test_answers_of_the_other_competitions() -> None:
    assert competition("text").answers("1/0") == []
    assert competition("equations").answers("流=5;(3-1)*流/4") == ["2.50"]
    assert competition("equations").answers("流=5;(3-1)*河/4") == [""]
    with pytest.raises(SettingsError, match="'voice' is unknown; known are text, arithmetic, eq"):
        competition("voice")


@pytest.mark.parametrize(
    ("task", "text"), [("text", "1+1"), ("arithmetic", "1+1"), ("equations", "君=2;1+君/3")]
)
def test_what_is_right_scores_one_everywhere(task: str, text: str) -> None:
    found = competition(task).scores([text], [text])
    assert found
    assert {one["score"] for one in found.values()} == {1.0}


def test_rows_of_texts() -> None:
    found = submission.frame("text", ["2", "007"], ["NA", "1-2"])
    assert found.to_dict("list") == {"id": ["2", "007"], "text": ["NA", "1-2"]}
    assert list(found.columns) == ["id", "text"]


def test_rows_of_arithmetic() -> None:
    found = submission.frame("arithmetic", ["2", "1", "3"], ["(3-7)+5", "1+", "6/4"])
    assert list(found.columns) == ["id", "expression", "value"]
    assert found.to_numpy().tolist() == [
        ["2", "(3-7)+5", "1"],
        ["1", "1+", ""],
        ["3", "6/4", "1.50"],
    ]


def test_no_rows() -> None:
    assert submission.frame("arithmetic", [], []).shape == (0, 3)


@pytest.mark.parametrize("text", ["", "AC", "ab", "A ", "不"])
def test_a_text_that_cannot_be_right(text: str) -> None:
    rows = submission.frame("text", ["1", "2"], ["AB", text])
    with pytest.raises(PodiumError, match=rf"^x\.csv: id 2 has the text '{text}', which cannot"):
        submission.check_texts(Path("x.csv"), rows, Charset("AB"))


def test_texts_that_may_be_right() -> None:
    submission.check_texts(PATH, submission.frame("text", ["1", "2"], ["AB", "B"]), Charset("AB"))
    rows = submission.frame("arithmetic", ["1", "2"], ["1+1", "1+"])
    submission.check_texts(PATH, rows, Charset("1+"))  # an empty value is no empty text
    submission.check_texts(PATH, submission.frame("text", [], []), Charset("AB"))


# ---- scores


def test_scores_only_where_every_truth_is_known() -> None:
    found = submission.test_scores("text", ["A0", "B"], ["AO", "C"])
    assert found == {"whole_string": share(0, 2), "whole_string_0_is_O": share(1, 2)}
    assert submission.test_scores("arithmetic", ["2+3"], ["3+2"])["value"] == share(1, 1)
    assert submission.test_scores("text", ["A0", ""], ["A0", ""]) == {}
    assert submission.test_scores("text", ["", ""], ["A", "B"]) == {}
    assert submission.test_scores("text", [], []) == {}


def test_what_a_person_reads() -> None:
    one = {"score": 0.75, "low": 0.30064, "high": 0.954413, "n": 20_000}
    metrics = {"validation": {"whole_string": one}, "test": {"value": one}}
    assert submission.summary_lines(metrics, []) == [
        "validation whole_string         0.750000  (95 %: 0.300640 to 0.954413, n = 20,000)",
        "test       value                0.750000  (95 %: 0.300640 to 0.954413, n = 20,000)",
    ]
    lines = submission.summary_lines(metrics, ["1", "2", "3", "4"])
    assert lines[2:] == ["4 expressions have no value: ['1', '2', '3']"]


def test_lines_as_the_competition_writes_them() -> None:
    found = submission.frame("equations", ["7", "8"], ["流=5;(3-1)*流/4", "流=5;(3-1)*河/4"])
    assert submission.lines(found) == "流=5;(3-1)*流/4 2.50\n流=5;(3-1)*河/4\n"
    assert submission.lines(submission.frame("text", ["7"], ["A 1"])) == "A 1\n"
