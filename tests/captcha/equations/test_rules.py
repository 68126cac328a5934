import re
from functools import cache

import numpy as np
import pytest

from podium.captcha import ctc
from podium.captcha.beam_search import beam_search
from podium.captcha.charset import Charset
from podium.captcha.decoding import Decoder, Rules
from podium.captcha.equations.grammar import TEMPLATES, VARIABLES, Equations
from podium.captcha.equations.rules import EquationRules, State

GRAMMAR, RULES = Equations(), EquationRules()
CHARSET = Charset(GRAMMAR.alphabet)


@cache
def texts() -> list[str]:
    return GRAMMAR.texts(np.random.default_rng(8).random((3000, GRAMMAR.n_uniform)))


def state_after(text: str) -> State:
    state = RULES.start
    for character in text:
        state = RULES.transitions(state)[character]
    return state


def test_every_text_of_the_grammar_is_accepted() -> None:
    assert [text for text in texts() if not RULES.accepts(text)] == []


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(
    "operands", ["流/3 水 0 100000", "1 流/100000 2 水", "水 99999 10000 流/1"]
)
def test_every_template_is_accepted(template: str, operands: str) -> None:
    named = dict(zip("abcd", operands.split(), strict=True))
    expression = "".join(named.get(one, one) for one in template).replace(".", "-")
    assert RULES.accepts(f"流=0;水=100000;{expression}")
    assert RULES.accepts(f"水=7;流=12345;{expression}")
    assert not RULES.accepts(f"流=0;{expression}")
    assert not RULES.accepts(f"流=0;水=1;天=2;{expression}")
    assert RULES.accepts(f"流=0;{expression.replace('水', '10')}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1+2+3+4",
        "流=5;",
        "流=5",
        "流=5;1+2+3+4",  # no fraction
        "流=5;1+2+3+流",
        "流=5;1+2+3+4/7",  # a number on top
        "流=5;1+2+3+水/7",  # an undeclared variable
        "流=5;1+2+水+流/7",
        "流=5;1+2+流+流/7",  # used twice
        "流=5;1+2+流/7+流/7",
        "流=5;1+2/3+4+流/7",  # a second fraction
        "流=5;水=6;1+2+3+流/7",  # a variable is not used
        "流=5;水=6;1+2+流+水",
        "流=5;水=6;1+2+流/3+水/4",
        "流=5;水=6;1+水+流+水/4",
        "流=5;流=6;1+2+流+流/4",
        "流=5;水=6;天=7;天+2+流+水/4",
        "流=5;1+2+3+流/0",
        "流=5;1+2+3+流/",
        "流=5;1+2+3+流/07",
        "流=5;1+2+3+流/100001",
        "流=5;1+2+3+流/7/8",
        "流=5;1+2+3+流/水",
        "流=5;水=6;1+2+3+流/水",
        "流=05;1+2+3+流/7",
        "流=;1+2+3+流/7",
        "流=100001;1+2+3+流/7",
        "流=1000000;1+2+3+流/7",
        "流=123456;1+2+3+流/7",
        "流=-5;1+2+3+流/7",
        "5=流;1+2+3+流/7",
        "x=5;1+2+3+x/7",
        "流=5;01+2+3+流/7",
        "流=5;1+2+3+4+流/7",  # five operands
        "流=5;1+2+流/7",
        "流=5;(1+2+3+流/7)",  # no such template
        "流=5;(1)+2+3+流/7",
        "流=5;1+2+3+(流/7)",
        "流=5;1+(2+3+流/7",
        "流=5;1+2)+3+流/7",
        "流=5;1++2+3+流/7",
        "流=5;1:2+3+流/7",
        "流=5;1+2+3+流/7;",
        "流=5;;1+2+3+流/7",
        "1+2+3+流/7;流=5",
        "流=5;1+2+3+流/7 ",
    ],
)
def test_near_misses_are_rejected(text: str) -> None:
    assert not RULES.accepts(text)


def parsed(text: str) -> bool:
    """The language again, from its description, by regular expressions."""
    number = r"(?:0|[1-9]\d{0,4}|100000)"
    *lines, expression = text.split(";")
    names = [line[:1] for line in lines]
    assigned = all(re.fullmatch(rf"[{VARIABLES}]={number}", line) for line in lines)
    operands = re.split(r"[-+*]", re.sub(r"[()]", "", expression))
    shape = re.sub(r"[^-+*()]+", "x", expression)
    known = {re.sub("[abcd]", "x", form).replace(".", "+") for form in TEMPLATES}
    fractions = [one[0] for one in operands if re.fullmatch(rf"\D/(?!0){number}", one)]
    bare = [one for one in operands if re.fullmatch(r"\D", one)]
    n_numbers = sum(re.fullmatch(number, one) is not None for one in operands)
    return (
        assigned
        and len(lines) == len(set(names)) in (1, 2)
        and re.sub("[-*]", "+", shape) in known
        and (len(fractions), len(fractions + bare + ["1"] * n_numbers)) == (1, 4)
        and sorted(fractions + bare) == sorted(names)
    )


def test_texts_with_an_edit_are_accepted_where_they_are_right() -> None:
    rng, found = np.random.default_rng(3), {True: 0, False: 0}
    for text in texts()[:1500]:
        at, kind = rng.integers(len(text)), rng.integers(3)
        put = GRAMMAR.alphabet[rng.integers(18)] if rng.random() < 0.7 else rng.choice(list(text))
        edited = text[:at] + (put if kind else "") + text[at + (kind < 2) :]
        assert RULES.accepts(edited) == parsed(edited), edited
        found[RULES.accepts(edited)] += 1
    assert min(found.values()) > 300


def test_each_next_character_is_allowed_and_the_end_comes_nearer() -> None:
    for text in texts()[:500]:
        state = RULES.start
        for at, character in enumerate(text):
            assert 0 < RULES.min_remaining(state) <= len(text) - at or RULES.accepts(text[:at])
            assert character in RULES.transitions(state)
            state = RULES.transitions(state)[character]
        assert RULES.min_remaining(state) == 0


def distance(state: State) -> int:
    """The fewest characters to the end, breadth first."""
    seen, front = {state}, [state]
    for n in range(20):
        if any(len(one.form.rpartition(";")[2]) > 6 and ends(one) for one in front):
            return n
        front = [way for one in front for way in RULES.transitions(one).values()]
        front = [one for one in dict.fromkeys(front) if one not in seen]
        seen.update(front)
    raise AssertionError(f"no end is near {state}")


def ends(state: State) -> bool:
    """Whether a text may end here, judged by what it has read."""
    whole = state.form.rpartition(";")[2] in TEMPLATES
    return whole and state.fraction and not state.unused and state.operand != "/"


def test_the_characters_to_go_are_the_fewest() -> None:
    rng = np.random.default_rng(4)
    prefixes = {text[: rng.integers(2, len(text) + 1)] for text in texts()[:120]}
    prefixes |= {text[: rng.integers(len(text) - 12, len(text))] for text in texts()[120:240]}
    for prefix in prefixes:
        state = state_after(prefix)
        assert RULES.min_remaining(state) == distance(state), prefix
    assert RULES.min_remaining(RULES.start) == len("流=0;0+0+0+流/1")
    assert RULES.min_remaining(state_after("流=1;水=2;((3+流")) == len("/1)+水)+0")
    assert RULES.min_remaining(state_after("流=1;水=2;1+水+2+")) == len("流/1")
    assert RULES.min_remaining(state_after("流=1;1+2+3+流")) == len("/1")


def test_from_every_state_the_end_is_one_step_nearer() -> None:
    for text in texts()[:300]:
        for at in range(len(text)):
            state = state_after(text[:at])
            ahead = [RULES.min_remaining(way) for way in RULES.transitions(state).values()]
            assert RULES.min_remaining(state) == 0 or min(ahead) == RULES.min_remaining(state) - 1


def test_states_are_small_and_shared() -> None:
    assert state_after("流=42;水=9;") == state_after("水=10;流=78900;")
    assert state_after("流=42") == state_after("流=99") != state_after("流=10")
    assert len({hash(state_after(text)) for text in texts()}) < 100


# ---- searching


def logits_of(text: str, n_steps: int) -> np.ndarray:
    """Logits (1, T, C) that say `text` for certain, a blank after each character."""
    logits = np.full((1, n_steps, len(CHARSET) + 1), -6.0)
    logits[0, :, 0] = 4
    logits[0, range(0, 2 * len(text), 2), CHARSET.encode(text)] = 8
    return logits


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("流=42;圳=5;(圳-2)*4+天/7", "流=42;圳=5;(圳-2)*4+流/7"),
        ("流=42;圳=5;(流-2)*4+流/7", "流=42;圳=5;(圳-2)*4+流/7"),
        ("流=42;圳=5;(天-2)*4+流/7", "流=42;圳=5;(圳-2)*4+流/7"),
        ("流=42;(3-2)*4+圳/7", "流=42;(3-2)*4+流/7"),
        ("流=42;(3-2)*4+流/0", "流=42;(3-2)*4+流/8"),
    ],
)
def test_what_cannot_be_is_read_as_what_can(wrong: str, right: str) -> None:
    logits = logits_of(wrong, 64)
    [at] = [at for at in range(len(wrong)) if wrong[at] != right[at]]
    logits[0, 2 * at, CHARSET.encode(right[at])] = 5  # the second choice of that step
    assert ctc.greedy(logits, CHARSET)[0].text == wrong
    assert beam_search(logits, CHARSET, 10)[0].text == wrong
    [found] = Decoder("crnn", CHARSET, Rules(language="equations"), 10).best(logits)
    assert found.text == right
    [score] = ctc.label_log_probs(ctc.log_softmax(logits), [CHARSET.encode(right)])
    assert found.log_prob == pytest.approx(score)


def test_noise_is_read_as_equations() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (6, 30, 45))
    for width in (1, 6):
        assert all(RULES.accepts(one.text) for one in beam_search(logits, CHARSET, width, RULES))


def test_variables_outside_the_charset_are_never_tried() -> None:
    charset = Charset("0123456789+-*/()=;水")
    logits = np.random.default_rng(1).normal(0, 2, (4, 30, 20))
    for one in beam_search(logits, charset, 6, RULES):
        assert RULES.accepts(one.text)
        assert one.text.startswith("水=")
