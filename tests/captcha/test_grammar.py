import re
from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from podium.captcha.answers import evaluate
from podium.captcha.automaton import from_templates
from podium.captcha.grammar import ARITHMETIC, CHARACTERS, Arithmetic, Grammar, PlainText
from podium.core.errors import SettingsError

N = 27_000
TOO_UNLIKELY = 1e-4  # the seed is fixed: this cannot fail by chance


def texts_of(grammar: Grammar) -> list[str]:
    return grammar.texts(np.random.default_rng(2).random((N, grammar.n_uniform)))


def assert_equally_likely(found: list[str], options: list[str]) -> None:
    counts = Counter(found)
    assert set(counts) == set(options)
    assert chisquare([counts[one] for one in options]).pvalue > TOO_UNLIKELY


def test_text_has_four_characters_equally_likely_everywhere() -> None:
    texts = texts_of(PlainText())
    assert {len(text) for text in texts} == {4}
    assert len(CHARACTERS) == 36
    for place in range(4):
        assert_equally_likely([text[place] for text in texts], list(CHARACTERS))


def test_characters_of_a_text_are_independent() -> None:
    texts = texts_of(PlainText("01", 2))
    assert_equally_likely(texts, ["00", "01", "10", "11"])


def test_arithmetic_as_the_competition_has_it() -> None:
    texts = texts_of(Arithmetic())
    shapes = [re.sub(r"[+*-]", "o", re.sub(r"\d", "d", text)) for text in texts]
    assert_equally_likely(shapes, ["dodod", "(dod)od", "do(dod)"])
    plain = [text.replace("(", "").replace(")", "") for text in texts]
    for place in (0, 2, 4):
        assert_equally_likely([text[place] for text in plain], list("0123456789"))
    assert_equally_likely(
        [text[1] + text[3] for text in plain], [a + b for a in "+-*" for b in "+-*"]
    )


def test_every_arithmetic_text_parses_and_is_of_its_automaton() -> None:
    automaton = from_templates(*ARITHMETIC)
    for text in texts_of(Arithmetic())[:2000]:
        assert automaton.accepts(text)
        assert evaluate(text).denominator == 1


@pytest.mark.parametrize(("alphabet", "length"), [("", 4), ("AA", 4), ("A B", 4), ("AB", 0)])
def test_unusable_settings(alphabet: str, length: int) -> None:
    with pytest.raises(SettingsError):
        PlainText(alphabet, length)


def assert_as_often(found: list[str], weights: dict[str, int]) -> None:
    counts = Counter(found)
    assert set(counts) == set(weights)
    share = len(found) / sum(weights.values())
    expected = [weight * share for weight in weights.values()]
    assert chisquare([counts[one] for one in weights], expected).pvalue > TOO_UNLIKELY


def test_emphasis_draws_characters_more_often() -> None:
    texts = texts_of(PlainText("0OAB", 3, emphasis="0OO"))
    assert {len(text) for text in texts} == {3}
    weights = {"0": 2, "O": 3, "A": 1, "B": 1}
    for place in range(3):
        assert_as_often([text[place] for text in texts], weights)
    pairs = {a + b: weights[a] * weights[b] for a in weights for b in weights}
    assert_as_often([text[:2] for text in texts], pairs)  # each character on its own


def test_emphasis_on_everything_is_none() -> None:
    uniform = np.random.default_rng(4).random((500, 2))
    assert_equally_likely(texts_of(PlainText("AB", 1, "AB")), ["A", "B"])
    assert PlainText("AB", 2, "").texts(uniform) == PlainText("AB", 2).texts(uniform)


def test_emphasis_does_not_change_the_alphabet() -> None:
    plain, emphatic = PlainText("01O", 4), PlainText("01O", 4, "OO0")
    for name in ("alphabet", "longest", "n_uniform"):
        assert getattr(plain, name) == getattr(emphatic, name)


def test_the_ends_of_the_uniform_numbers() -> None:
    ends = np.array([[0.0, np.nextafter(1.0, 0.0)]])
    assert PlainText("AB", 2).texts(ends) == ["AB"]
    assert PlainText("AB", 2, "A").texts(ends) == ["AA"]


@pytest.mark.parametrize(("emphasis", "named"), [("0", "0"), ("Ab", "b"), ("zAy", "y, z")])
def test_emphasis_on_foreign_characters(emphasis: str, named: str) -> None:
    wanted = f"^captcha emphasis holds {named}, the alphabet does not\nremedy: "
    with pytest.raises(SettingsError, match=wanted):
        PlainText("AB", 4, emphasis)
