import re
from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from podium.captcha.answers import evaluate
from podium.captcha.automaton import from_templates
from podium.captcha.grammar import ARITHMETIC, CHARACTERS, Arithmetic, Grammar, PlainText
from podium.errors import SettingsError

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
