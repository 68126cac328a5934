import math
from fractions import Fraction

import pytest

from podium.captcha.report import baseline_warning
from podium.captcha.scoring import (
    aligned,
    arithmetic_scores,
    confusions,
    share,
    text_scores,
    value_of,
)

Z = 1.959963984540054  # 0.975 quantile of the normal distribution


def wilson(k: int, n: int) -> tuple[float, float]:
    """Wilson 1927, as in textbooks: the roots of (p - k/n)^2 = z^2 p (1 - p) / n."""
    p = k / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    reach = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return middle - reach, middle + reach


@pytest.mark.parametrize(
    ("k", "n"), [(0, 1), (1, 1), (0, 10), (10, 10), (1, 2), (7, 10), (989, 1000), (1, 20_000)]
)
def test_the_interval_is_wilsons(k: int, n: int) -> None:
    found, (low, high) = share(k, n), wilson(k, n)
    assert found == {
        "value": k / n,
        "se": pytest.approx(math.sqrt(k / n * (1 - k / n) / n), abs=6e-7),
        "low": pytest.approx(low, abs=6e-7),
        "high": pytest.approx(high, abs=6e-7),
        "n": n,
    }
    assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1


def test_an_interval_from_the_literature() -> None:
    # Newcombe 1998, table I: 81 of 263 has the score interval 0.2553 to 0.3662
    found = share(81, 263)
    assert (round(found["low"], 4), round(found["high"], 4)) == (0.2553, 0.3662)


# ---- texts


def score_of(found: dict, name: str) -> float:
    return found[name]["value"]


def test_all_texts_right_and_none() -> None:
    truth = ["AB12", "0O0O", "ZZZZ"]
    assert text_scores(truth, truth) == {
        "whole_string": share(3, 3),
        "whole_string_0_is_O": share(3, 3),
    }
    wrong = text_scores(truth, ["AB13", "", "ZZZ"])
    assert wrong == {"whole_string": share(0, 3), "whole_string_0_is_O": share(0, 3)}


def test_the_letter_for_the_digit() -> None:
    truth = ["0O", "OO", "o1", "A0", "AB", "Q0"]
    texts = ["O0", "OO", "01", "AO", "Ab", "00"]
    found = text_scores(truth, texts)
    assert found["whole_string"] == share(1, 6)
    assert found["whole_string_0_is_O"] == share(4, 6)  # case counts, and Q is no O


def test_texts_pair_by_place() -> None:
    assert score_of(text_scores(["a", "b"], ["b", "a"]), "whole_string") == 0
    with pytest.raises(ValueError, match="zip"):
        text_scores(["a"], ["a", "b"])


# ---- arithmetic


def test_all_expressions_right_and_none() -> None:
    truth = ["(3-7)+5", "2*3+4"]
    names = ("whole_string", "value", "computable")
    assert arithmetic_scores(truth, truth) == dict.fromkeys(names, share(2, 2))
    assert arithmetic_scores(truth, ["(3-7", ""]) == dict.fromkeys(names, share(0, 2))


def test_a_value_may_be_right_where_the_text_is_not() -> None:
    truth = ["2+3+1", "2+3+1", "2+3+1", "2+3+1"]
    texts = ["2+3+1", "3+2+1", "2+3+7", "2+3+"]
    found = arithmetic_scores(truth, texts)
    assert [found[name]["value"] for name in ("whole_string", "value", "computable")] == [
        0.25,
        0.5,
        0.75,
    ]


@pytest.mark.parametrize(
    ("truth", "text", "right"),
    [
        ("1/3", "33/100", 1),
        ("0", "1/100", 1),
        ("1/100", "0", 1),
        ("0", "11/1000", 0),
        ("11/1000", "0", 0),
        ("1/0", "1/0", 0),
        ("1/0", "0", 0),
    ],
)
def test_a_value_is_right_within_a_hundredth(truth: str, text: str, right: int) -> None:
    assert score_of(arithmetic_scores([truth], [text]), "value") == right


def test_computable_counts_what_was_read() -> None:
    found = arithmetic_scores(["1/0", "1+1"], ["2+2", "1/0"])
    assert found["computable"] == share(1, 2)


@pytest.mark.parametrize(
    ("expression", "value"),
    [("(3-7)+5", 1), ("1/3", Fraction(1, 3)), ("", None), ("1/0", None), ("9**9**9", None)],
)
def test_value_of(expression: str, value: object) -> None:
    assert value_of(expression) == value


# ---- side by side


def side_by_side(truth: str, text: str) -> str:
    return " ".join(left + right for left, right in aligned(truth, text))


@pytest.mark.parametrize(
    ("truth", "text", "wanted"),
    [
        ("", "", ""),
        ("ab", "ab", "aa bb"),
        ("", "ab", "∅a ∅b"),
        ("ab", "", "a∅ b∅"),
        ("abc", "axc", "aa bx cc"),
        ("abc", "ac", "aa b∅ cc"),
        ("ac", "abc", "aa ∅b cc"),
        ("abc", "bc", "a∅ bb cc"),
        ("abc", "ab", "aa bb c∅"),
        ("bc", "abc", "∅a bb cc"),
        ("ab", "abc", "aa bb ∅c"),
        ("(3-7)+5", "(3-7+5", "(( 33 -- 77 )∅ ++ 55"),
        ("kitten", "sitting", "ks ii tt tt ei nn ∅g"),
    ],
)
def test_aligned(truth: str, text: str, wanted: str) -> None:
    found = aligned(truth, text)
    assert side_by_side(truth, text) == wanted
    assert "".join(left for left, _ in found if left != "∅") == truth
    assert "".join(right for _, right in found if right != "∅") == text
    assert ("∅", "∅") not in found


@pytest.mark.parametrize(
    ("truth", "text", "edits"),
    [("1O", "10Z", 2), ("112", "12", 1), ("a", "xyz", 3), ("saturday", "sunday", 3), ("", "", 0)],
)
def test_aligned_takes_the_fewest_edits(truth: str, text: str, edits: int) -> None:
    assert sum(left != right for left, right in aligned(truth, text)) == edits


def test_the_example_of_aligned() -> None:
    assert side_by_side("1O", "10Z") == "11 ∅0 OZ"


def test_confusions() -> None:
    truth = ["0O1", "O12", "AB", "AB", "same", ""]
    texts = ["001", "012", "A", "ABC", "same", "x"]
    assert confusions(truth, texts) == {
        ("O", "0"): 2,
        ("B", "∅"): 1,
        ("∅", "C"): 1,
        ("∅", "x"): 1,
    }
    assert confusions(["a", "b"], ["a", "b"]) == {}


# ---- readers that lose to a constant


@pytest.mark.parametrize(("n_right", "warned"), [(0, True), (3, True), (4, False)])
def test_a_reader_is_held_against_one_constant_text(n_right: int, warned: bool) -> None:
    name = "sequence" if n_right else "whole_string"
    scores = {"decoded": {name: share(n_right, 9)}, "constant_text": share(3, 9)}
    lines = baseline_warning("3+4", scores)
    assert bool(lines) == warned
    if warned:
        assert lines[0].startswith(f"WARNING: this reader gets {n_right / 9:.4f} of 9 validation")
        assert "the one text '3+4' for all would (0.3333)" in lines[0]
        assert lines[1].startswith("What to try: ")
