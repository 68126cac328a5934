import pytest

from podium.captcha.charset import Charset
from podium.captcha.decoding import rules_for
from podium.captcha.equations.grammar import Equations
from podium.captcha.equations.sheet_rules import SheetRules

SHEETS = [
    "1+2",
    "(35+8)*12-7",
    "((1+2)*3)-4",
    "流=5;流/3+2",
    "流=5;1/3+流*流",
    "流=5;水=0;天=100000;(流-水)*天",
    "x=5;y=2;x-y/3",
]


@pytest.mark.parametrize("text", SHEETS)
def test_sheets_of_one_line_to_four(text: str) -> None:
    n_lines = text.count(";") + 1
    assert [n for n in range(1, 5) if SheetRules(n, n).accepts(text)] == [n_lines]
    assert SheetRules().accepts(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "流=5",  # no expression
        "流=5;",
        "1+",
        "(1+2",
        "1+2)",
        "1+流",  # not assigned
        "流=5;流=6;流",  # twice
        "流=5;1/0",
        "流=05;流",
        "1=2;3",
        "流=5;水=1;天=2;来=3;流",  # five lines
        "流=5;(1+2)/3",  # no fraction is drawn so
        "1234567",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    assert not SheetRules().accepts(text)


@pytest.mark.parametrize(("fewest", "most"), [(1, 1), (1, 4), (3, 3), (4, 4)])
def test_the_fewest_characters_to_the_end_are_those_of_the_shortest_way(
    fewest: int, most: int
) -> None:
    rules = SheetRules(fewest, most)
    state = rules.start
    assert rules.min_remaining(state) == 4 * (fewest - 1) + 1
    for character in "(2+1)*3" if most == 1 else "流=12;水=3;天=4;(流-1)/2"[: 7 * fewest - 2]:
        following = rules.transitions(state)
        fewest_after = min(rules.min_remaining(target) for target in following.values())
        if remaining := rules.min_remaining(state):
            assert remaining == fewest_after + 1
        if character not in following:
            break
        state = following[character]


def test_own_sheets_get_the_narrowest_rules_that_allow_them() -> None:
    charset = Charset(Equations().alphabet)
    fraction = "流=5;1-流/3-5*2"
    assert rules_for("equations", charset, [fraction]).language == "equations"
    assert rules_for("equations", charset, [fraction, *SHEETS]).language == "sheets"
    assert rules_for("equations", charset, [fraction, "1++2"]).language == ""
