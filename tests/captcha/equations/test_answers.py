import time
from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.captcha.answers import MAX_DIGITS, MAX_LENGTH, NotComputable, format_value
from podium.captcha.equations.answers import Equation, answer, parse, scores, template_of, value_of
from podium.captcha.equations.grammar import TEMPLATES, Equations
from podium.captcha.scoring import share


def test_lines() -> None:
    assert parse("流=42072;圳=5;(圳-(97510*45921))*流/35864") == Equation(
        {"流": Fraction(42072), "圳": Fraction(5)}, "(圳-(97510*45921))*流/35864"
    )
    assert parse("水=0;1+") == Equation({"水": Fraction(0)}, "1+")
    assert parse("1+1") == Equation({}, "1+1")
    assert parse("") == Equation({}, "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("流=6;流/3+1+2*5", 13),
        ("流=6;1+2*流/3-5", 0),
        ("流=6;9-8-流/3-1", -2),
        ("流=6;8*流/4*3+1", 37),
        ("流=6;(1+2)*(流/3+4)", 18),
        ("流=6;圳=5;(圳-(2*4))*流/3", -6),
        ("圳=5;流=6;(圳-(2*4))*流/3", -6),
        ("流=7;圳=2;圳*流/3-1-1", Fraction(8, 3)),
        ("流=1;圳=100000;((圳*圳)*100000)+流/7", 10**15 + Fraction(1, 7)),
        ("流=100000;圳=5;(圳-(97510*45921))*流/35864", Fraction(-4477756705 * 100000, 35864)),
        ("不=0;1+2-3*不/100000", 3),
        ("天=3;2+2", 4),
        ("1/4", Fraction(1, 4)),
    ],
)
def test_value(text: str, value: object) -> None:
    assert answer(text) == value
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "syntax"),
        (";", "syntax"),
        ("流=1;", "syntax"),
        (";1+1", "syntax"),
        ("流=;流/2", "syntax"),
        ("=5;1+1", "syntax"),
        ("流5;流/2", "syntax"),
        ("流=-5;流/2", "syntax"),
        ("流=1+1;流/2", "syntax"),
        ("流==5;流/2", "syntax"),
        ("流=5=5;流/2", "syntax"),
        ("流水=5;流/2", "syntax"),
        ("7=5;1+1", "syntax"),
        ("流 =5;流/2", "syntax"),
        ("流=\u0665;流/2", "syntax"),
        ("流=²;流/2", "syntax"),
        ("流=5;流=5;流/2", "syntax"),
        ("流=5;圳=6;流=7;流/2", "syntax"),
        ("流=5;流=6", "syntax"),
        ("流=5;(流/2", "syntax"),
        ("流=5;1流/2", "syntax"),
        ('__import__("os")', "syntax"),
        ('流=__import__("os");流/2', "syntax"),
        ("流=5;圳/2", "unknown variable"),
        ("流/2", "unknown variable"),
        ("流=5;1+流/0", "division by zero"),
        ("流=5;圳=5;1/(流-圳)", "division by zero"),
        ("流=" + "1" * (MAX_DIGITS + 1) + ";流/2", "too long"),
        ("9" * 1_000_000, "too long"),
        ("流=" + "9" * 1_000_000 + ";流/2", "too long"),
        ("流=5;" * 200_000, "too long"),
        ("流=5;" + "1+" * (MAX_LENGTH // 2 - 2) + "1", "too long"),
        ("流=5;" + "(" * 33 + "流" + ")" * 33, "too deep"),
    ],
)
def test_what_has_no_value_says_why_and_at_once(text: str, reason: str) -> None:
    start = time.process_time()
    with pytest.raises(NotComputable) as caught:
        answer(text)
    assert caught.value.reason == reason
    assert len(str(caught.value)) < 100
    assert time.process_time() - start < 1
    assert value_of(text) is None


def test_what_is_wrong_is_named() -> None:
    with pytest.raises(NotComputable, match=r"^syntax: line 2 does not give a variable its value$"):
        parse("流=5;圳;流/2")
    with pytest.raises(NotComputable, match=r"^syntax: line 2 assigns '流' again$"):
        parse("流=5;流=6;流/2")
    with pytest.raises(NotComputable, match=r"^too long: 257 characters, at most 256$"):
        parse("1" * 257)


@given(st.text(alphabet="流圳01;=+-*/()x", max_size=60) | st.text(max_size=300))
def test_any_text_gives_a_value_or_a_typed_error(text: str) -> None:
    with suppress(NotComputable):
        assert isinstance(answer(text), Fraction)


def test_values_of_twenty_thousand_drawn_equations_are_right_as_printed() -> None:
    grammar = Equations()
    texts = grammar.texts(np.random.default_rng(0).random((20_000, grammar.n_uniform)))
    values = [answer(text) for text in texts]
    assert max(map(abs, values)) > 10**16
    assert not [
        text
        for text, value in zip(texts, values, strict=True)
        if abs(Fraction(format_value(value)) - value) > Fraction(1, 200)
    ]


def test_the_largest_value_can_be_printed() -> None:
    text = f"流={'9' * MAX_DIGITS};流" + "*流" * 117
    assert len(text) <= MAX_LENGTH
    assert Fraction(format_value(answer(text))) == (10**MAX_DIGITS - 1) ** 118


# ---- scores

TRUTH = "流=6;圳=5;(圳-2)*4+流/3"
NAMES = ("sequence", "assignments", "expression", "value", "computable")


def rights(truth: str, text: str) -> str:
    """The first letters of what is right."""
    found = scores([truth], [text])
    assert tuple(found) == NAMES
    assert all(one["n"] == 1 for one in found.values())
    return "".join(name[0] for name in NAMES if found[name]["value"] == 1)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (TRUTH, "saevc"),
        ("圳=5;流=6;(圳-2)*4+流/3", "evc"),  # the order of lines is part of the text
        ("流=6;圳=5;4*(圳-2)+流/3", "avc"),
        ("流=6;圳=7;(圳-2)*4+流/3", "ec"),
        ("流=6;圳=5;(圳-2)*4-流/3", "ac"),
        ("流=6;圳=5;(圳-2)*4+流/0", "a"),
        ("流=6;圳=5;(圳-2)*4+水/3", "a"),
        ("流=6;(圳-2)*4+流/3", "e"),
        ("(圳-2)*4+流/3", "e"),
        ("流=6;圳=5;", "a"),
        ("流=6;圳=5", ""),
        ("14", "vc"),
        ("1401/100", "vc"),
        ("1402/100", "c"),
        ("", ""),
    ],
)
def test_what_is_right(text: str, right: str) -> None:
    assert rights(TRUTH, text) == right


def test_texts_without_assignments() -> None:
    assert rights("1+1", "1+1") == "saevc"
    assert rights("1+1", ";1+1") == "e"
    assert rights("1/0", "1/0") == "sae"


def test_scores_are_shares() -> None:
    found = scores([TRUTH] * 4, [TRUTH, TRUTH, "14", ""])
    counts = dict(zip(NAMES, (2, 2, 2, 3, 3), strict=True))
    assert found == {name: share(count, 4) for name, count in counts.items()}
    with pytest.raises(ValueError, match="zip"):
        scores(["a"], ["a", "b"])


# ---- templates


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_is_known(template: str) -> None:
    expression = template.replace(".", "-", 1).replace(".", "*", 1).replace(".", "+", 1)
    for a, b, c, d in (("流/30", "不", "0", "100000"), ("1", "22", "圳", "烧/7")):
        text = expression.translate(str.maketrans({"a": a, "b": b, "c": c, "d": d}))
        assert template_of(f"流=1;圳=2;{text}") == template_of(text) == template


@pytest.mark.parametrize(
    "text",
    ["", "1", "1+2+3", "1+2+3+4+5", "(1+2+3+4)", "1.2.3.4", "a.b.c.d", "(1+2)+3+4;"]
    + ["1+2+3+x", "1+2+(3)+4", "1+2+3+4/2", "1+2+3+流/水", "1+2+3+流/", "+1+2+3", "1+2+3+4\n"],
)
def test_no_template(text: str) -> None:
    assert template_of(text) is None


def test_templates_are_found_at_once() -> None:
    start = time.process_time()
    for text in ("9" * 1_000_000, "(" * 1_000_000, "1+" * 500_000, "流/" * 500_000):
        assert template_of(text) is None
    assert time.process_time() - start < 5
