import json
import math
from itertools import groupby, product

import numpy as np
import pytest

from podium.captcha import ctc, decoding
from podium.captcha.beam_search import beam_search
from podium.captcha.charset import Charset
from podium.captcha.decoding import Decoder, Rules, decode_by_position, rules_for
from podium.captcha.equations.rules import EquationRules
from podium.captcha.grammar import ARITHMETIC
from podium.core.errors import PodiumError
from podium.evaluation.predictions import Reading

AB = Charset("AB")
SIGNS = Charset("0123456789+-*()")
ANY = Rules()


def logits_of(*steps: list[float]) -> np.ndarray:
    """Logits (1, T, C) of probabilities."""
    return np.log(np.array([steps]))


def by_enumeration(logits: np.ndarray, characters: str) -> dict[str, float]:
    """The probability of every text, added up over all paths through logits (T, C)."""
    weights = np.exp(logits.astype(float))
    weights /= weights.sum(axis=1, keepdims=True)
    found: dict[str, float] = {}
    for path in product(range(weights.shape[1]), repeat=len(weights)):
        text = "".join(("", *characters)[one] for one, _ in groupby(path))
        share = math.prod(weights[step, one] for step, one in enumerate(path))
        found[text] = found.get(text, 0.0) + share
    return found


def likeliest(found: dict[str, float]) -> Reading:
    text = max(found, key=lambda one: found[one])
    return Reading(text, pytest.approx(math.log(found[text]), abs=1e-9))


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The logits that were searched."""
    calls = []

    def spied(logits: np.ndarray, *rest: object) -> list[Reading]:
        calls.append(logits)
        return beam_search(logits, *rest)

    monkeypatch.setattr(decoding, "beam_search", spied)
    return calls


# ---- rules


def test_text_of_one_length() -> None:
    charset = Charset("cab")  # c is a character here, and in templates a place for any
    rules = rules_for("text", charset, ["abc", "ccc", "aaa"])
    assert rules.as_dict() == {"templates": ["ccc"], "classes": {"c": "cab"}}
    automaton = rules.automaton
    texts = ["".join(one) for n in range(5) for one in product("abcd", repeat=n)]
    accepted = [text for text in texts if automaton.accepts(text)]
    assert accepted == ["".join(one) for one in product("abc", repeat=3)]


def test_text_of_several_lengths() -> None:
    automaton = rules_for("text", AB, ["A", "ABA", "AB"]).automaton
    accepted = [text for text in ("", "A", "BB", "ABB", "ABAB", "C") if automaton.accepts(text)]
    assert accepted == ["A", "BB", "ABB"]


@pytest.mark.parametrize("texts", [["AB", ""], []])
def test_text_of_any_length(texts: list[str]) -> None:
    rules = rules_for("text", AB, texts)
    assert rules == ANY
    assert rules.automaton is None
    assert rules.as_dict() == {"templates": [], "classes": {}}


def test_arithmetic_of_the_competition() -> None:
    rules = rules_for("arithmetic", SIGNS, ["(3-7)+5", "5-6+2", "3-(7*5)"])
    assert rules == Rules(*ARITHMETIC)
    assert rules.automaton.accepts("9*9*9")
    assert not rules.automaton.accepts("9*9")


@pytest.mark.parametrize("foreign", ["3-7", "1+2+3+4", "(1+2+3)", "6/2+1", "x+1+1", "((1+2)+3"])
def test_arithmetic_of_another_form(foreign: str) -> None:
    rules = rules_for("arithmetic", SIGNS, ["(3-7)+5", foreign, "5-6+2"])
    assert rules.automaton != Rules(*ARITHMETIC).automaton
    for text in ("(3-7)+5", foreign, "1-9+0"):
        assert rules.automaton.accepts(text)
    assert not rules.automaton.accepts(f"{foreign}+")


@pytest.mark.parametrize(
    "rules",
    [
        rules_for("text", Charset("A不"), ["A不A"]),
        rules_for("text", AB, ["A", "AB"]),
        rules_for("arithmetic", SIGNS, ["1+1+1"]),
        rules_for("equations", SIGNS, ["流=1;1+1+1+流/1"]),
    ],
)
def test_rules_come_back_from_json(rules: Rules) -> None:
    again = Rules(**json.loads(json.dumps(rules.as_dict())))
    assert again.as_dict() == rules.as_dict()
    assert again.automaton == rules.automaton


def test_equations_of_the_competition() -> None:
    texts = ["流=42072;圳=5;(圳-(97510*45921))*流/35864", "不=0;1+2*3-不/4"]
    rules = rules_for("equations", SIGNS, texts)
    assert rules == Rules(language="equations")
    assert rules.as_dict() == {"templates": [], "classes": {}, "language": "equations"}
    assert rules.automaton == EquationRules()
    without_fraction = [*texts, "流=1;1+1+1+流"]
    assert rules_for("equations", SIGNS, without_fraction) == Rules(language="sheets")
    assert rules_for("equations", SIGNS, [*texts, "流==1"]) == ANY


@pytest.mark.parametrize(
    ("kept", "rules"),
    [
        ('{"templates": [], "classes": {}}', ANY),
        ('{"templates": ["cc"], "classes": {"c": "AB"}}', rules_for("text", AB, ["AB"])),
    ],
)
def test_rules_of_older_artefacts(kept: str, rules: Rules) -> None:
    again = Rules(**json.loads(kept))
    assert again.as_dict() == rules.as_dict()
    assert again.automaton == rules.automaton
    assert json.dumps(again.as_dict()) == kept


def test_rules_of_another_language() -> None:
    wanted = r"^language 'sonnets' is unknown\nremedy: one of equations, sheets"
    with pytest.raises(PodiumError, match=wanted):
        Rules(language="sonnets")


# ---- by position


def test_each_position_is_a_character() -> None:
    # the blank is the likeliest class at every step, and never meant; equal neighbours stay
    logits = logits_of([0.9, 0.08, 0.02], [0.5, 0.4, 0.1], [0.98, 0.005, 0.015])
    assert [one.text for one in ctc.greedy(logits, AB)] == [""]
    [reading] = decode_by_position(logits, AB)
    assert reading.text == "AAB"
    assert reading.log_prob == pytest.approx(math.log(0.8 * 0.8 * 0.75))


def test_each_picture_has_its_text() -> None:
    logits = np.zeros((3, 2, 3), dtype=np.float32)
    for picture, labels in enumerate(([1, 2], [2, 2], [2, 1])):
        logits[picture, [0, 1], labels] = 9
    readings = decode_by_position(logits, AB)
    assert [one.text for one in readings] == ["AB", "BB", "BA"]
    for one in readings:
        assert one.log_prob == pytest.approx(-2 * math.log1p(math.exp(-9)), rel=1e-5)
    assert decode_by_position(logits[:0], AB) == []


def test_a_constant_is_no_evidence() -> None:
    logits = np.random.default_rng(1).normal(size=(4, 3, 3))
    shifted = logits + np.arange(3)[None, :, None] * 50
    blank = shifted.copy()
    blank[:, :, 0] += 1e4
    wanted = decode_by_position(logits, AB)
    for found in (decode_by_position(shifted, AB), decode_by_position(blank, AB)):
        assert [one.text for one in found] == [one.text for one in wanted]
        np.testing.assert_allclose(
            [one.log_prob for one in found], [one.log_prob for one in wanted], atol=1e-9
        )


def test_a_cnn_is_read_by_position(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "beam_search", None)
    monkeypatch.setattr(ctc, "greedy", None)
    logits = np.random.default_rng(2).normal(size=(5, 3, 3))
    for rules in (ANY, rules_for("text", AB, ["AB"])):
        decoder = Decoder("cnn", AB, rules, 10)
        assert decoder.best(logits) == decoder.greedy(logits) == decode_by_position(logits, AB)


# ---- by time


def test_greedy_is_ctcs() -> None:
    logits = np.random.default_rng(3).normal(size=(5, 4, 3))
    assert Decoder("crnn", AB, rules_for("text", AB, ["AB"]), 10).greedy(logits) == ctc.greedy(
        logits, AB
    )


@pytest.mark.parametrize("scale", [0.3, 1.5, 5.0])
def test_the_best_of_all_texts(scale: float) -> None:
    logits = np.random.default_rng(5).normal(0, scale, (25, 4, 3))
    readings = Decoder("crnn", AB, ANY, 99).best(logits)
    assert readings == [likeliest(by_enumeration(steps, "AB")) for steps in logits]


@pytest.mark.parametrize("scale", [0.3, 1.5, 5.0])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_best_of_the_texts_there_are(scale: float, length: int) -> None:
    logits = np.random.default_rng(6).normal(0, scale, (25, 5, 3))
    rules = rules_for("text", AB, ["A" * length])
    readings = Decoder("crnn", AB, rules, 99).best(logits)
    for steps, reading in zip(logits, readings, strict=True):
        every = by_enumeration(steps, "AB")
        assert reading == likeliest({one: every[one] for one in every if len(one) == length})


def test_the_best_expression() -> None:
    charset = Charset("12+")
    rules = rules_for("arithmetic", charset, ["1+1+1"])
    logits = np.random.default_rng(7).normal(0, 2, (3, 6, 4))
    readings = Decoder("crnn", charset, rules, 99).best(logits)
    expressions = [f"{a}+{b}+{c}" for a, b, c in product("12", repeat=3)]
    for steps, reading in zip(logits, readings, strict=True):
        every = by_enumeration(steps, "12+")
        assert reading == likeliest({one: every[one] for one in expressions})


def test_a_merged_double_is_parted() -> None:
    # the likeliest path is 11122; the blank has .4 at step 2, and 1-122 reads 112
    charset = Charset("12")
    steps = ([0.01, 0.98, 0.01], [0.4, 0.59, 0.01], [0.01, 0.98, 0.01], [0.1, 0.1, 0.8])
    logits = logits_of(*steps, [0.1, 0.1, 0.8])
    decoder = Decoder("crnn", charset, rules_for("text", charset, ["112"]), 10)
    assert [one.text for one in decoder.greedy(logits)] == ["12"]
    [reading] = decoder.best(logits)
    assert reading.text == "112"
    every = by_enumeration(logits[0], "12")
    assert reading.log_prob == pytest.approx(math.log(every["112"]))
    assert [one.text for one in Decoder("crnn", charset, ANY, 10).best(logits)] == ["12"]


def test_a_certain_text_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("searched")

    sure, unsure = [[0.2, 0.7, 0.1], [0.8, 0.1, 0.1]], [[0.4, 0.5, 0.1], [0.5, 0.4, 0.1]]
    assert by_enumeration(logits_of(*sure)[0], "AB")["A"] == pytest.approx(0.65)
    assert by_enumeration(logits_of(*unsure)[0], "AB")["A"] == pytest.approx(0.61)
    monkeypatch.setattr(decoding, "beam_search", fail)
    for rules in (ANY, rules_for("text", AB, ["A"])):
        decoder, logits = Decoder("crnn", AB, rules, 10), np.log(np.array([sure, unsure]))
        assert [one.text for one in decoder.best(logits)] == ["A", "A"]
        assert decoder.best(logits) == decoder.greedy(logits)
    with pytest.raises(AssertionError, match="searched"):  # certain, but no text of two
        Decoder("crnn", AB, rules_for("text", AB, ["AB"]), 10).best(logits)


def test_only_uncertain_texts_are_searched(searched: list[np.ndarray]) -> None:
    sure, unsure = [[0.1, 0.8, 0.1], [0.8, 0.1, 0.1]], [[0.6, 0.4, 0.0001], [0.6, 0.4, 0.0001]]
    logits = np.log(np.array([sure, unsure, sure]))
    readings = Decoder("crnn", AB, ANY, 10).best(logits)
    assert [one.text for one in readings] == ["A", "A", "A"]  # greedy says nothing of the second
    assert len(searched) == 1
    np.testing.assert_array_equal(searched[0], logits[1:2])


@pytest.mark.parametrize(("share", "n"), [(0.501, 0), (0.499, 1)])
def test_more_than_half_is_certain(searched: list[np.ndarray], share: float, n: int) -> None:
    logits = logits_of([0.01, share, 0.99 - share])
    assert Decoder("crnn", AB, ANY, 10).best(logits)[0].log_prob == pytest.approx(
        math.log(max(share, 0.99 - share))
    )
    assert len(searched) == n


def test_the_beams_width_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    widths = []
    monkeypatch.setattr(
        decoding, "beam_search", lambda *rest: [widths.append(rest[2]) or Reading("A", -1.0)]
    )
    logits = np.zeros((2, 3, 3))
    assert [one.text for one in Decoder("crnn", AB, ANY, 7).best(logits)] == ["A", "A"]
    assert widths == [7, 7]


def test_no_pictures_no_texts() -> None:
    for kind in ("crnn", "cnn"):
        assert Decoder(kind, AB, ANY, 10).best(np.zeros((0, 4, 3))) == []


def test_texts_longer_than_the_steps() -> None:
    decoder = Decoder("crnn", AB, rules_for("text", AB, ["ABABA"]), 10)
    with pytest.raises(PodiumError, match="fits into 4 time steps"):
        decoder.best(np.zeros((1, 4, 3)))
