from itertools import product

from podium.captcha.automaton import from_templates
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
