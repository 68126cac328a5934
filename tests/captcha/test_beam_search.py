import math
from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest

from podium.captcha import ctc
from podium.captcha.automaton import Automaton, Language, from_templates
from podium.captcha.beam_search import _grow, _label_graph, _Prefix, beam_search
from podium.captcha.charset import Charset
from podium.captcha.grammar import ARITHMETIC
from podium.core.errors import PodiumError

AB = Charset("ab")


def logits_of(*steps: list[float]) -> np.ndarray:
    """Logits (1, T, C) of probabilities."""
    return np.log(np.array([steps]))


def by_enumeration(log_probs: np.ndarray, charset: Charset) -> dict[str, float]:
    """The probability of every text, summed path by path over log-probabilities (T, C)."""
    found: dict[str, float] = {}
    for path in product(range(log_probs.shape[1]), repeat=len(log_probs)):
        text, before = "", 0
        for one in path:
            if one not in (0, before):
                text += charset.characters[one - 1]
            before = one
        weight = math.exp(sum(log_probs[step, one] for step, one in enumerate(path)))
        found[text] = found.get(text, 0.0) + weight
    return found


@pytest.mark.parametrize("seed", range(12))
def test_beam_of_full_width_is_exact(seed: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 1.5, (1, 5, 3))
    log_probs = ctc.log_softmax(logits)[0]
    truth = by_enumeration(log_probs, AB)
    best = max(truth, key=lambda text: truth[text])
    [reading] = beam_search(logits, AB, width=200)
    assert reading.text == best
    assert reading.log_prob == pytest.approx(math.log(truth[best]))
    assert sum(truth.values()) == pytest.approx(1)
    for text, weight in truth.items():
        assert ctc.label_log_probs(log_probs[None], [AB.encode(text)])[0] == pytest.approx(
            math.log(weight)
        )


def test_prefixes_carry_the_sum_of_their_paths() -> None:
    log_probs = ctc.log_softmax(np.random.default_rng(7).normal(0, 1.5, (1, 5, 3)))[0]
    beams = {(): _Prefix(0, blank=0.0)}
    for scores in log_probs.tolist():
        beams = _grow(beams, scores, 9, _label_graph(AB, None), 0)
    truth = by_enumeration(log_probs, AB)
    found = {AB.decode(label): prefix.total for label, prefix in beams.items()}
    for text, weight in truth.items():
        assert found[text] == pytest.approx(math.log(weight))


@pytest.mark.parametrize("seed", range(12))
def test_constrained_beam_of_full_width_is_exact(seed: int) -> None:
    logits = np.random.default_rng(100 + seed).normal(0, 1.5, (1, 5, 3))
    truth = by_enumeration(ctc.log_softmax(logits)[0], AB)
    automaton = from_templates(("ab", "aab", "baa"), {})
    allowed = {text: weight for text, weight in truth.items() if automaton.accepts(text)}
    assert set(allowed) == {"ab", "aab", "baa"}
    best = max(allowed, key=lambda text: allowed[text])
    [reading] = beam_search(logits, AB, 200, automaton)
    assert reading.text == best
    assert reading.log_prob == pytest.approx(math.log(allowed[best]))


def test_arithmetic_is_always_parsable_even_from_noise() -> None:
    charset, automaton = Charset("0123456789+-*()"), from_templates(*ARITHMETIC)
    logits = np.random.default_rng(0).normal(0, 3, (20, 12, 16))
    assert not all(automaton.accepts(one.text) for one in ctc.greedy(logits, charset))
    for width in (1, 4):
        assert all(
            automaton.accepts(one.text) for one in beam_search(logits, charset, width, automaton)
        )


def test_a_certain_text_is_read_by_every_decoder() -> None:
    charset, text = Charset("0123456789+-*()"), "(3-7)+5"
    logits = np.full((1, 14, 16), -9.0)
    logits[0, 1::2, 0] = 9
    logits[0, np.arange(0, 14, 2), charset.encode(text)] = 9
    readings = [
        *ctc.greedy(logits, charset),
        *beam_search(logits, charset, 3),
        *beam_search(logits, charset, 3, from_templates(*ARITHMETIC)),
    ]
    assert [one.text for one in readings] == [text] * 3
    assert all(-0.01 < one.log_prob <= 0 for one in readings)


def test_too_few_steps_for_the_grammar() -> None:
    with pytest.raises(PodiumError, match="fits into 4 time steps"):
        beam_search(
            np.zeros((1, 4, 16)), Charset("0123456789+-*()"), 3, from_templates(*ARITHMETIC)
        )


class Doubling(Language[str]):
    """ab, aabb, aaabbb, ...: states are made as they are met, and remembered by nobody."""

    start = ""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def transitions(self, state: str) -> Mapping[str, str]:
        self.asked.append(state)
        more = {} if "-" in state else {"a": state + "a"}
        return more | ({"b": state.replace("a", "-", 1)} if "a" in state else {})

    def min_remaining(self, state: str) -> int:
        return state.count("a") or 2 * (not state)


@pytest.mark.parametrize("seed", range(12))
def test_beam_in_a_language_without_end_is_exact(seed: int) -> None:
    logits = np.random.default_rng(200 + seed).normal(0, 1.5, (1, 7, 3))
    truth = by_enumeration(ctc.log_softmax(logits)[0], AB)
    best = max(("ab", "aabb", "aaabbb"), key=lambda text: truth.get(text, 0.0))
    [reading] = beam_search(logits, AB, 200, Doubling())
    assert reading.text == best
    assert reading.log_prob == pytest.approx(math.log(truth[best]))


def test_a_language_is_asked_once_for_each_state() -> None:
    language = Doubling()
    beam_search(np.random.default_rng(1).normal(0, 1, (5, 9, 3)), AB, 20, language)
    assert len(language.asked) == len(set(language.asked)) > 10


@pytest.mark.parametrize("width", [1, 2])
def test_characters_that_cannot_lead_to_an_end_take_no_place(width: int) -> None:
    # the likeliest character is always a, and b must be tried while there is time for it
    steps = [[0.1, 0.6, 0.3]] * 4
    for n_steps in (2, 3, 4):
        [reading] = beam_search(logits_of(*steps[:n_steps]), AB, width, Doubling())
        assert reading.text == "ab"


def test_a_character_outside_the_charset_is_never_tried() -> None:
    automaton = Automaton([{"z": 1, "a": 1}, {}], frozenset({1}))
    assert beam_search(np.zeros((1, 3, 3)), AB, 3, automaton)[0].text == "a"
