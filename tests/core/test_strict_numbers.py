"""Numbers as tables write them."""

import pytest

from podium.core.strict_numbers import parse_number, parse_whole_number


@pytest.mark.parametrize(("text", "value"), [
    ("0.5", 0.5), ("-3", -3), ("+3.", 3), (".25", 0.25), ("1e-3", 0.001), (" 2 ", 2), ("007", 7),
])  # fmt: skip
def test_numbers(text, value):
    assert parse_number(text) == value


@pytest.mark.parametrize("text", [
    "", " ", "0_5", "1_000", "\uff10.5", "\u0663", "nan", "inf", "-Infinity", "1e999", "0x10",
    "1,5", "1 2", "--1", "e5", ".", "1.2.3", "5\n", "9" * 5000, "1e" + "9" * 50,
])  # fmt: skip
def test_what_is_none(text):
    with pytest.raises(ValueError, match="as a number"):
        parse_number(text)


def test_whole_numbers():
    assert [parse_whole_number(text) for text in ("3", "3.0", "1e2")] == [3, 3, 100]
    with pytest.raises(ValueError, match="no whole number"):
        parse_whole_number("3.5")
