import copy
import time
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.captcha.answers import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_LENGTH,
    NotComputable,
    evaluate,
    format_value,
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(3-7)+5", 1),
        ("5-6+2", 1),
        ("(6+7)*2", 26),
        ("7+3*0", 7),
        ("9-8-7", -6),
        ("2+3*4-5", 9),
        ("2*(3+4)*5", 70),
        ("8/4/2", 1),
        ("1/3+1/6", Fraction(1, 2)),
        ("((((7))))", 7),
        ("007", 7),
    ],
)
def test_value(expression: str, value: int) -> None:
    assert evaluate(expression) == value


def test_variables_are_exact_and_of_one_letter() -> None:
    known = {"流": Fraction(42072), "圳": Fraction(86), "a": Fraction(1, 3)}
    assert evaluate("(圳-(9*5))*流/3", known) == (86 - 45) * 42072 / 3
    assert evaluate("a*3", known) == 1


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "syntax"),
        ("9**9**9", "syntax"),
        ("((((", "syntax"),
        ("(1+2", "syntax"),
        ("1+2)", "syntax"),
        ("-1", "syntax"),
        ("+1", "syntax"),
        ("2*-3", "syntax"),
        ("1 + 2", "syntax"),
        ("1=1", "syntax"),
        ("1e9", "syntax"),
        ("0x10", "syntax"),
        ("12_000", "syntax"),
        ("()", "syntax"),
        ("2(3)", "syntax"),
        ('__import__("os")', "syntax"),
        ("\u0663+1", "syntax"),
        ("\uff13+4", "syntax"),
        ("²", "syntax"),
        ("\0", "syntax"),
        ("1/0", "division by zero"),
        ("1/(2-2)", "division by zero"),
        ("1+x", "unknown variable"),
        ("不见", "unknown variable"),
        ("9" * 1_000_000, "too long"),
        ("(" * 1_000_000, "too long"),
        ("1" * (MAX_DIGITS + 1), "too long"),
        ("1+" * (MAX_LENGTH // 2) + "1", "too long"),
        ("(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1), "too deep"),
    ],
)
def test_what_has_no_value_says_why_and_at_once(expression: str, reason: str) -> None:
    start = time.process_time()
    with pytest.raises(NotComputable) as caught:
        evaluate(expression)
    assert caught.value.reason == reason
    assert len(str(caught.value)) < 100
    assert time.process_time() - start < 1


def test_limits_are_reached_without_complaint() -> None:
    assert evaluate("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH) == 1
    assert evaluate("9" * MAX_DIGITS) == 10**MAX_DIGITS - 1
    assert evaluate("1+" * (MAX_LENGTH // 2 - 1) + "11") == MAX_LENGTH // 2 - 1 + 11


Tree = tuple[str, Fraction | None, int]  # text, value (None: division by zero), binding
NUMBERS = st.integers(0, 999).map(lambda n: (str(n), Fraction(n), 3))


def joined(left: Tree, operator: str, right: Tree) -> Tree:
    """Text with just the brackets it needs, and its value by Fraction's own operators."""
    level = 1 if operator in "+-" else 2
    a = left[0] if left[2] >= level else f"({left[0]})"
    b = right[0] if right[2] > level else f"({right[0]})"
    if left[1] is None or right[1] is None or (operator == "/" and right[1] == 0):
        return a + operator + b, None, level
    x, y = left[1], right[1]
    value = {"+": x + y, "-": x - y, "*": x * y, "/": x / y if y else x}[operator]
    return a + operator + b, value, level


TREES = st.recursive(
    NUMBERS, lambda sub: st.builds(joined, sub, st.sampled_from("+-*/"), sub), max_leaves=10
)


@given(TREES)
def test_any_expression_agrees_with_fractions(tree: Tree) -> None:
    text, value, _ = tree
    if value is None:
        with pytest.raises(NotComputable, match="division by zero"):
            evaluate(text)
    else:
        assert evaluate(text) == value


@given(st.text(max_size=300))
def test_any_text_gives_a_value_or_a_typed_error(text: str) -> None:
    with suppress(NotComputable):
        assert isinstance(evaluate(text), Fraction)


# ---- values as text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(5, 2), "2.50"),
        (Fraction(-5, 2), "-2.50"),
        (Fraction(1, 3), "0.33"),
        (Fraction(2, 3), "0.67"),
        (Fraction(-1, 300), "0.00"),
        (Fraction(1, 8), "0.12"),
        (Fraction(3, 8), "0.38"),
        (Fraction(201, 200), "1.00"),
        (Fraction(199, 100), "1.99"),
        (Fraction(1999, 1000), "2.00"),
        (Fraction(10**20 * 3 + 1, 3), "100000000000000000000.33"),
        (Fraction(-(10**400) * 3 - 2, 3), f"-1{'0' * 400}.67"),  # too large for a float
        (Fraction(237164769854429_6803, 10_000), "237164769854429.68"),  # a float gives .69
        (Fraction(10**18 - 1), "9" * 18),
    ],
)
def test_values_as_text(value: Fraction, text: str) -> None:
    assert format_value(value) == text


@given(st.fractions(), st.integers(0, 60))
def test_a_printed_value_is_right_to_the_last_digit(fraction: Fraction, exponent: int) -> None:
    value = fraction * 10**exponent + fraction
    assert abs(Fraction(format_value(value)) - value) <= Fraction(1, 200)


def test_a_fault_stays_what_it_was_between_processes() -> None:
    fault = copy.copy(NotComputable("syntax", "'?' at character 3"))  # as pickle makes it
    assert (str(fault), fault.reason) == ("syntax: '?' at character 3", "syntax")
