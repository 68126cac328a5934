from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from podium.captcha.answer_rules import answer_rules
from podium.captcha.charset import Charset
from podium.captcha.dataset import Facts, Split, write_captchas
from podium.captcha.equations.answers import answer
from podium.captcha.submission import CaptchaSubmission, texts_of, why_wrong_value
from podium.competitions import COMPETITIONS
from podium.core.errors import PodiumError, SettingsError
from podium.evaluation.intervals import wilson
from podium.evaluation.predictions import Reading, text_rows
from podium.submission.cells import read_submission
from podium.submission.format import FormatInputs
from podium.submission.writing import write_submission

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
    assert texts_of(PATH, table(), "test", ["10", "1", "2"]) == ["", "007", "NA"]
    assert texts_of(PATH, table(), "holdout", ["2", "1"]) == ["other", "kept"]
    assert texts_of(PATH, table(), "oof", []) == []


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
        texts_of(PATH, table(), split, ids)


def test_a_table_of_two_seeds() -> None:
    twice = pd.concat([table(), table(seed=1)], ignore_index=True)
    with pytest.raises(PodiumError, match=r"^table\.csv: 3 ids occur more than once"):
        texts_of(PATH, twice, "test", ["1", "2", "10"])


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
    assert answer_rules("arithmetic").answers(expression) == [value]


def test_answers_of_the_other_competitions() -> None:
    assert answer_rules("text").answers("1/0") == []
    assert answer_rules("equations").answers("流=5;(3-1)*流/4") == ["2.50"]
    assert answer_rules("equations").answers("流=5;(3-1)*河/4") == [""]
    with pytest.raises(
        SettingsError, match="'voice' is unknown\nremedy: one of text, arithmetic, eq"
    ):
        answer_rules("voice")


@pytest.mark.parametrize(
    ("task", "text"), [("text", "1+1"), ("arithmetic", "1+1"), ("equations", "君=2;1+君/3")]
)
def test_what_is_right_scores_one_everywhere(task: str, text: str) -> None:
    found = answer_rules(task).scores([text], [text])
    assert found
    assert {one["value"] for one in found.values()} == {1.0}


def form(task: str, captchas: Path = Path("none.h5")) -> CaptchaSubmission:
    return CaptchaSubmission(FormatInputs(COMPETITIONS[f"captcha-{task}"], (captchas,)))


def test_rows_of_texts() -> None:
    found = form("text").rows(["2", "007"], ["NA", "1-2"])
    assert found.to_dict("list") == {"id": ["2", "007"], "text": ["NA", "1-2"]}
    assert list(found.columns) == ["id", "text"]


def test_rows_of_arithmetic() -> None:
    found = form("arithmetic").rows(["2", "1", "3"], ["(3-7)+5", "1+", "6/4"])
    assert list(found.columns) == ["id", "expression", "value"]
    assert found.to_numpy().tolist() == [
        ["2", "(3-7)+5", "1"],
        ["1", "1+", ""],
        ["3", "6/4", "1.50"],
    ]
    assert form("arithmetic").facts(found) == {"task": "arithmetic", "not_computable": ["1"]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "流=999999999999999999;流*流*流",
            "999999999999999997000000000000000002999999999999999999",
        ),
        ("流=999999999999999999;0-" + "*".join("流" * 111), str(-((10**18 - 1) ** 111))),
        (
            "流=999999999999999999;流*流*流/2",
            "499999999999999998500000000000000001499999999999999999.50",
        ),
    ],
)
def test_values_as_long_as_texts_can_make_them(tmp_path: Path, text: str, value: str) -> None:
    made = form("equations")
    rows = made.rows(["1"], [text])
    assert rows["value"].tolist() == [value]
    write_submission(tmp_path / "s.csv", rows, made, ["1"], dict)
    read = read_submission(tmp_path / "s.csv")
    assert list(made.faults(read)) == []
    read["value"] = value[:30] + ("8" if value[30] != "8" else "7") + value[31:]
    assert "1 value wrong, namely id 1: " in next(made.faults(read))


def test_a_value_of_more_digits_than_any_is_refused() -> None:
    rows = form("equations").rows(["1"], ["1+1"])
    for value, fault in (("9" * 4000, "comes to 2, not 999"), ("9" * 4001, "is no number")):
        rows["value"] = value
        [message] = form("equations").faults(rows)
        assert fault in why_wrong_value("1+1", value, answer)
        assert len(message) < 200


def test_no_rows() -> None:
    assert form("arithmetic").rows([], []).shape == (0, 3)


def test_rows_are_those_of_the_table() -> None:
    found, filled = form("text").frame(["10", "1", "2"], table())
    assert (found["text"].tolist(), filled) == (["", "007", "NA"], [])


@pytest.fixture
def ingested(tmp_path: Path) -> Path:
    """Train characters A and B, test pictures 1 and 2."""
    path = tmp_path / "text.h5"
    splits = [Split("train", ["0"]), Split("validation", ["1", "2"]), Split("test", ["1", "2"])]
    parts = [
        (np.zeros((len(texts), 4, 8, 3), np.uint8), texts)
        for texts in (["A"], ["kept", "odd"], ["AB", "B"])
    ]
    write_captchas(path, Facts((8, 4), Charset("AB"), {}), splits, parts)
    return path


@pytest.mark.parametrize("text", ["AC", "ab", "A ", "不"])
def test_a_text_that_cannot_be_right(ingested: Path, text: str) -> None:
    made = form("text", ingested)
    (fault,) = made.faults(made.rows(["1", "2"], ["AB", text]))
    assert fault.startswith("1 text with characters that no train picture has")
    assert fault.endswith(f"namely id 2: {text!r}")


def test_texts_that_may_be_right(ingested: Path) -> None:
    made = form("text", ingested)
    assert list(made.faults(made.rows(["1", "2"], ["AB", "B"]))) == []
    assert list(made.faults(made.rows(["1", "2"], ["AB", ""]))) == ["1 text empty, namely id 2"]
    rows = form("arithmetic").rows(["1", "2"], ["1+1", "1+"])
    assert list(form("arithmetic").faults(rows)) == []  # an empty value is no empty text
    assert list(made.faults(made.rows([], []))) == []


# ---- scores


def test_scores_only_where_every_truth_is_known() -> None:
    found = form("text").scores(["A0", "B"], ["AO", "C"])
    assert found == {"whole_string": wilson(0, 2), "whole_string_0_is_O": wilson(1, 2)}
    assert form("arithmetic").scores(["2+3"], ["3+2"])["value"] == wilson(1, 1)
    assert form("text").scores(["A0", ""], ["A0", ""]) == {}
    assert form("text").scores(["", ""], ["A", "B"]) == {}
    assert form("text").scores([], []) == {}


def test_scores_of_a_submission_and_of_held_out_pictures(ingested: Path) -> None:
    made = form("text", ingested)
    rows = made.rows(["2", "1"], ["B", "AA"])
    assert made.score(rows, ingested)["whole_string"] == wilson(1, 2)
    assert made.held_out_scores(table())["whole_string"] == wilson(1, 2)  # kept, not odd


def test_lines_as_the_competition_writes_them() -> None:
    made = form("equations")
    found = made.rows(["7", "8"], ["流=5;(3-1)*流/4", "流=5;(3-1)*河/4"])
    assert made.plain_lines(found) == "流=5;(3-1)*流/4 2.50\n流=5;(3-1)*河/4\n"
    assert form("text").plain_lines(form("text").rows(["7"], ["A 1"])) == "A 1\n"
