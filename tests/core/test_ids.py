"""Natural order, and joining by id."""

import itertools
from pathlib import Path

import pytest

from podium.core.errors import PodiumError
from podium.core.ids import natural_key, refuse_duplicates, refuse_other_ids

PATH = Path("x.csv")


@pytest.mark.parametrize(
    "wanted",
    [
        ["1", "2", "10", "100"],
        ["cat.2", "cat.10", "dog.0", "dog.2", "dog.10", "dog.10b", "dog.10b2", "dog.10b10"],
        ["a/2/1", "a/2/10", "a/10/1", "b/1/1"],
        ["", "x", "x1"],
    ],
)
def test_numbers_count_as_numbers(wanted):
    for start in (sorted(wanted), wanted[::-1]):
        assert sorted(start, key=natural_key) == wanted


def test_the_order_does_not_depend_on_the_order_before():
    names = ["02", "2", "002", "a/2", "a/02"]
    orders = {tuple(sorted(each, key=natural_key)) for each in itertools.permutations(names)}
    assert len(orders) == 1


def test_only_ascii_digits_are_numbers():
    assert sorted(["x²", "x10", "x2"], key=natural_key)[:2] == ["x2", "x10"]  # int("²") would raise


def test_refuse_duplicates_names_them():
    refuse_duplicates(PATH, [])
    refuse_duplicates(PATH, ["1", "01", "2"])
    with pytest.raises(
        PodiumError,
        match=r"^x\.csv: 2 ids occur more than once, namely 7, 8\nremedy: remove or rename",
    ):
        refuse_duplicates(PATH, ["7", "8", "9", "8", "7", "7"])
    with pytest.raises(PodiumError, match=r"4 ids occur more than once, e\.g\. a, b, c\n"):
        refuse_duplicates(PATH, list("abcd" * 2))


def test_the_same_ids_pass_in_any_order():
    refuse_other_ids(PATH, ["2", "1"], ["1", "2"], "none")
    refuse_other_ids(PATH, [], [], "none")


def test_missing_ids_are_named_in_natural_order():
    wanted = r"^x\.csv: 3 ids are missing, namely 2, 10, 11\nremedy: run it again$"
    with pytest.raises(PodiumError, match=wanted):
        refuse_other_ids(PATH, ["1"], ["11", "10", "1", "2"], "run it again")


def test_foreign_ids_are_named():
    wanted = r"^x\.csv: 4 ids are unknown, e\.g\. 2, 3, 4\nremedy: run it again$"
    with pytest.raises(PodiumError, match=wanted):
        refuse_other_ids(PATH, ["1", "5", "4", "3", "2"], ["1"], "run it again")


def test_both_are_named_at_once_in_two_lines():
    wanted = r"^x\.csv: 1 ids are missing, namely 1; 1 ids are unknown, namely 01\nremedy: r$"
    with pytest.raises(PodiumError, match=wanted):
        refuse_other_ids(PATH, ["01"], ["1"], "r")


def test_natural_order_knows_no_longest_number():
    long = "9" * 5000
    names = [f"x{long}9", f"x{long}", "x10", "x9", "x09", "x0", "x00", "x", "y1"]
    assert sorted(names, key=natural_key) == [
        "x", "x0", "x00", "x09", "x9", "x10", f"x{long}", f"x{long}9", "y1",
    ]  # fmt: skip


def test_an_endless_id_is_shortened_and_control_characters_are_escaped():
    with pytest.raises(PodiumError) as caught:
        refuse_duplicates(PATH, ["7" * 5000, "7" * 5000, "a\x1b[31m\n", "a\x1b[31m\n"])
    assert len(str(caught.value)) < 300
    assert "a\\x1b[31m\\n" in str(caught.value)
