# ruff: noqa: RUF001 - these signs are meant
from fractions import Fraction

import pytest

from podium.captcha.answers import NotComputable
from podium.captcha.automaton import from_templates
from podium.captcha.charset import charset_of
from podium.captcha.decoding import rules_for
from podium.captcha.everyday import everyday_value, number_of
from podium.captcha.forms import templates_of

SUMS = {
    "3+5=?": 8, "12+3=": 15, "3x5=": 15, "3X5": 15, "3×5": 15, "8÷2": 4, "三加五": 8,
    "７－２＝？": 5,    "9−4": 5,
    "-3+5": 2, "3*-5": -15, "2-(-3)": 5, "123+45=": 168, "十二减三等于几": 9,
    "二十五乘以二": 50, "3 plus 5 = ?": 8, "7 minus 2": 5, "6 times 2 =": 12, "8 divided by 2": 4,
    "8:2": 4, "（1＋2）×3": 9, "1÷3": Fraction(1, 3), "12 + 3": 15, "6/4": Fraction(3, 2),
    "3+5": 8, "两加一百零三": 105, "(-2)*3": -6,
}  # fmt: skip


@pytest.mark.parametrize("text", SUMS)
def test_the_value_of_an_everyday_sum(text: str) -> None:
    assert everyday_value(text) == SUMS[text]


@pytest.mark.parametrize("text", ["", "=?", "AB12", "1+1 2", "3+", "+", "1÷0", "--3", "9**9", "x"])
def test_what_has_no_value(text: str) -> None:
    with pytest.raises(NotComputable):
        everyday_value(text)


@pytest.mark.parametrize(
    ("numerals", "number"),
    [
        ("零", 0),
        ("十", 10),
        ("十五", 15),
        ("二十", 20),
        ("一百零三", 103),
        ("两千", 2000),
        ("一二", 12),
    ],
)
def test_chinese_numerals(numerals: str, number: int) -> None:
    assert number_of(numerals) == number


@pytest.mark.parametrize(
    ("texts", "others", "foreign"),
    [
        (["3+5=", "12-3=", "4x10="], ["10x10=", "1-1="], ["3+5", "=", "+5=", "3+5=?", "100+1="]),
        (["三加五", "九减二"], ["五减三"], ["三加", "三五", "加三五"]),
        (["3加上5", "3加5", "4减2"], ["9加上4", "5减3"], ["加上", "3上5"]),
        (["-3+5", "4-2"], ["-4-2", "5+3"], ["3--5", "--3+5"]),
        (["3 plus 5", "4 times 2"], ["9 times 3"], ["3 pl 5", "3 5"]),
        (["3+5=?"], ["5+3=?"], ["3+5="]),
        (["(1+2)×3", "1+2×3"], ["2×1+3"], ["(1+2×3", "1+2)×3"]),
    ],
)
def test_forms_are_told_from_labels(
    texts: list[str], others: list[str], foreign: list[str]
) -> None:
    automaton = from_templates(*templates_of(texts))
    for text in (*texts, *others):
        assert automaton.accepts(text), text
    for text in foreign:
        assert not automaton.accepts(text), text
    assert rules_for("arithmetic", charset_of(texts), texts).automaton == automaton


def test_forms_without_number() -> None:
    texts = [f"{'1+' * n}1" + "=" * k for n in range(1, 12) for k in range(3)]
    texts += ["11+111" + "+1" * 8]
    assert templates_of(texts) == ([], {})
