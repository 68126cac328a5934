import itertools
import math

import numpy as np
import pytest

from podium.captcha.automaton import Language, from_templates
from podium.captcha.charset import Charset
from podium.captcha.grammar_total import total_log_probs

AB = Charset("ab")


def by_enumeration(logits: np.ndarray, characters: str) -> dict[str, float]:
    """The probability of every text, added up over all paths through logits (T, C)."""
    probs = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    found: dict[str, float] = {}
    for path in itertools.product(range(probs.shape[1]), repeat=len(probs)):
        text = "".join(("", *characters)[one] for one, _ in itertools.groupby(path))
        found[text] = found.get(text, 0.0) + math.prod(probs[t, one] for t, one in enumerate(path))
    return found


@pytest.mark.parametrize("templates", [["cc"], ["c", "cc", "ccc"], ["ab", "aab"], ["aa"]])
def test_the_total_is_the_sum_over_all_texts(templates: list[str]) -> None:
    automaton = from_templates(templates, {"c": "ab"})
    logits = np.random.default_rng(3).normal(0, 2, (4, 6, 3))
    totals = total_log_probs(logits, AB, 4, automaton)
    for steps, total in zip(logits, totals, strict=True):
        every = by_enumeration(steps, "ab")
        allowed = sum(share for text, share in every.items() if automaton.accepts(text))
        assert math.exp(total) == pytest.approx(allowed, rel=1e-9)


class Endless(Language[int]):
    """Texts of one or more a; not finite, as those of equations."""

    start = 0

    def transitions(self, state: int) -> dict[str, int]:
        return {"a": 1}

    def min_remaining(self, state: int) -> int:
        return 1 - min(state, 1)


def test_a_language_without_end_is_searched() -> None:
    logits = np.random.default_rng(4).normal(0, 1, (3, 4, 3))
    for steps, total in zip(logits, total_log_probs(logits, AB, 50, Endless()), strict=True):
        every = by_enumeration(steps, "ab")
        assert math.exp(total) == pytest.approx(every["a"] + every["aa"])


def test_without_a_grammar_all_texts_are_allowed() -> None:
    assert total_log_probs(np.zeros((2, 3, 3)), AB, 4, None).tolist() == [0, 0]
    assert total_log_probs(np.zeros((0, 3, 3)), AB, 4, None).shape == (0,)
