from collections.abc import Mapping
from itertools import product

from podium.captcha.automaton import Automaton, Language, from_templates
from podium.captcha.grammar import ARITHMETIC


def test_templates_share_their_beginnings() -> None:
    automaton = from_templates(("d+d", "d+(d)"), {"d": "01"})
    accepted = [
        text
        for length in range(7)
        for text in map("".join, product("01+()", repeat=length))
        if automaton.accepts(text)
    ]
    digits = [a + b for a, b in product("01", repeat=2)]
    assert sorted(accepted) == sorted(
        [f"{a}+{b}" for a, b in digits] + [f"{a}+({b})" for a, b in digits]
    )
    assert automaton.distance[:3] == [3, 2, 1]


def test_arithmetic_has_as_many_texts_as_counted_by_hand() -> None:
    automaton = from_templates(*ARITHMETIC)
    ways = {0: 1}  # state -> texts that lead there
    finished = 0
    for _ in range(7):
        longer: dict[int, int] = {}
        for state, count in ways.items():
            for following in automaton.steps[state].values():
                longer[following] = longer.get(following, 0) + count
        ways = longer
        finished += sum(count for state, count in ways.items() if state in automaton.final)
    assert finished == 3 * 10**3 * 3**2
    assert automaton.distance[0] == 5
    assert not automaton.accepts("(1+2+3)")
    assert not automaton.accepts("1+2")


class Brackets(Language[int]):
    """Brackets that close; a state is how many are open, and there is no last one."""

    start = 0

    def transitions(self, state: int) -> Mapping[str, int]:
        return {"(": state + 1, ")": state - 1} if state else {"(": 1}

    def min_remaining(self, state: int) -> int:
        return state


def test_a_language_needs_no_list_of_its_states() -> None:
    texts = ["", "()(())", "(" * 500 + ")" * 500, "(" * 500 + ")" * 499, "())", ")", "(x)"]
    assert [Brackets().accepts(text) for text in texts] == [True] * 3 + [False] * 4


def test_an_automaton_is_a_language() -> None:
    automaton = from_templates(*ARITHMETIC)
    assert set(automaton.transitions(automaton.start)) == set("0123456789(")
    assert automaton.min_remaining(automaton.start) == 5
    for state, distance in enumerate(automaton.distance):
        assert automaton.transitions(state) == automaton.steps[state]
        assert automaton.min_remaining(state) == distance
        assert (distance == 0) == (state in automaton.final)


def test_a_state_without_an_end_accepts_nothing() -> None:
    automaton = Automaton([{"a": 1, "b": 2}, {"a": 1}, {}], frozenset({2}))
    accepted = [text for text in ("", "a", "aaaa", "b", "bb", "ab") if automaton.accepts(text)]
    assert accepted == ["b"]
