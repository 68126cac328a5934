import re
import time
from collections import Counter
from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy.stats import chisquare

from podium.captcha.equations.answers import template_of, value_of
from podium.captcha.equations.grammar import POEM, TEMPLATES, VARIABLES, Equations
from podium.captcha.grammar import Grammar

N = 27_000
TOO_UNLIKELY = 1e-4  # the seed is fixed: this cannot fail by chance
GRAMMAR = Equations()


@cache
def texts() -> list[str]:
    return GRAMMAR.texts(np.random.default_rng(2).random((N, GRAMMAR.n_uniform)))


def lines_of(text: str) -> tuple[list[str], str]:
    *lines, expression = text.split(";")
    return lines, expression


def with_lines(n: int) -> list[tuple[list[str], str]]:
    return [parts for parts in map(lines_of, texts()) if len(parts[0]) == n]


def operands_of(expression: str) -> list[str]:
    return re.split(r"[-+*]", re.sub(r"[()]", "", expression))


def assert_as_often(found: list, weights: dict) -> None:
    counts = Counter(found)
    assert set(counts) <= set(weights)
    share = len(found) / sum(weights.values())
    expected = [weight * share for weight in weights.values()]
    assert chisquare([counts[one] for one in weights], expected).pvalue > TOO_UNLIKELY


def assert_equally_likely(found: list, options: list) -> None:
    assert_as_often(found, dict.fromkeys(options, 1))


def test_it_is_a_grammar() -> None:
    grammar: Grammar = GRAMMAR
    assert grammar.alphabet == "0123456789+-*/()=;" + VARIABLES
    assert len(set(grammar.alphabet)) == len(grammar.alphabet) == 44
    assert set("".join(texts())) == set(grammar.alphabet)


def test_the_poem() -> None:
    assert (len(POEM), len(VARIABLES)) == (27, 26)
    assert sorted(VARIABLES + "不") == sorted(POEM)
    assert VARIABLES.startswith("君不见黄河之水天上来奔流到海复回")


def test_two_assignments_are_twice_as_likely() -> None:
    assert_as_often([len(lines_of(text)[0]) for text in texts()], {1: 1, 2: 2})


def test_a_single_variable_comes_from_the_poem() -> None:
    assert_as_often([lines[0][0] for lines, _ in with_lines(1)], Counter(POEM))


def test_two_variables_come_from_the_poem_and_differ() -> None:
    weights, share = Counter(POEM), {}
    for a, b in product(VARIABLES, repeat=2):
        if a != b:  # either was drawn first, and a fair coin says which stands first
            drawn = [weights[a] * weights[b] / (27 - weights[one]) / 27 for one in (a, b)]
            share[a + b] = sum(drawn) / 2
    assert sum(share.values()) == pytest.approx(1)
    assert_as_often([left[0] + right[0] for (left, right), _ in with_lines(2)], share)


def test_templates_are_equally_likely() -> None:
    assert len(set(TEMPLATES)) == 11
    assert_equally_likely([template_of(text) for text in texts()], list(TEMPLATES))


def test_operators_are_equally_likely() -> None:
    triples = ["".join(re.findall(r"[-+*]", text)) for text in texts()]
    assert_equally_likely(triples, ["".join(one) for one in product("+-*", repeat=3)])


@pytest.mark.parametrize("n", [1, 2])
def test_the_fraction_is_anywhere_once(n: int) -> None:
    places = []
    for _, expression in with_lines(n):
        operands = operands_of(expression)
        assert (len(operands), expression.count("/")) == (4, 1)
        places += [at for at, one in enumerate(operands) if "/" in one]
    assert_equally_likely(places, [0, 1, 2, 3])


def test_the_other_variable_is_anywhere_else() -> None:
    places = []
    for (first, _), expression in with_lines(2):
        operands = operands_of(expression)
        [fraction] = [at for at, one in enumerate(operands) if "/" in one]
        [bare] = [at for at, one in enumerate(operands) if one in VARIABLES]
        places.append((fraction, bare, operands[bare] == first[0]))
    pairs = [(a, b) for a, b in product(range(4), repeat=2) if a != b]
    assert_equally_likely(places, [(*pair, top) for pair in pairs for top in (False, True)])


def test_every_assigned_variable_is_used_once() -> None:
    for text in texts():
        lines, expression = lines_of(text)
        used = [one for one in expression if one in VARIABLES]
        assert sorted(used) == sorted(line[0] for line in lines)
        assert len(set(used)) == len(lines) in (1, 2)


def numbers(pattern: str, texts: list[str]) -> list[int]:
    return [int(one) for text in texts for one in re.findall(pattern, text)]


@pytest.mark.parametrize("pattern", [r"=(\d+)", r"/(\d+)", r"(?<![/=\d])(\d+)"])
def test_numbers_are_uniform(pattern: str) -> None:
    found = numbers(pattern, texts())
    assert_equally_likely([one * 10 // 100_001 for one in found], list(range(10)))
    assert_equally_likely([one % 10 for one in found if one < 100_000], list(range(10)))
    assert not re.search(r"(?<!\d)0\d", "".join(texts()))


def test_the_ends_of_the_uniform_numbers() -> None:
    ends = np.array([[0.0] * 17, [np.nextafter(1.0, 0.0)] * 17])
    low, high = GRAMMAR.texts(ends)
    assert low == "君=0;君/1+0+0+0"
    assert high == "板=100000;烧=100000;(100000*100000)*(烧*板/100000)"


def test_the_longest_text() -> None:
    row = np.full((11, 17), np.nextafter(1.0, 0.0))
    row[:, 6] = (np.arange(11) + 0.5) / 11
    assert max(map(len, GRAMMAR.texts(row))) == GRAMMAR.longest == 46


def test_a_text_is_a_function_of_its_row() -> None:
    rows = np.random.default_rng(2).random((N, 17))[40:60]
    assert GRAMMAR.texts(rows) == texts()[40:60]
    assert GRAMMAR.texts(rows[::-1]) == texts()[40:60][::-1]
    assert GRAMMAR.texts(rows[:0]) == []


CHANGES = [  # another number in this column, and what becomes of the text
    ("流=7;圳=8;(3-圳)+4*流/10", {}),
    ("流=7;(3-2)+4*流/10", {0: 0.1}),
    ("君=7;圳=8;(3-圳)+4*君/10", {1: 0.0}),
    ("流=7;君=8;(3-君)+4*流/10", {2: 0.0}),
    ("圳=8;流=7;(3-圳)+4*流/10", {3: 0.9}),
    ("流=0;圳=8;(3-圳)+4*流/10", {4: 0.0}),
    ("流=7;圳=0;(3-圳)+4*流/10", {5: 0.0}),
    ("流=7;圳=8;3-圳+4*流/10", {6: 0.0}),
    ("流=7;圳=8;(流/4-2)+圳*9", {7: 0.0}),
    ("流=7;圳=8;(3-流)+4*圳/10", {8: 0.9}),
    ("流=7;圳=8;(圳-2)+4*流/10", {9: 0.0}),
    ("流=7;圳=8;(3+圳)+4*流/10", {10: 0.0}),
    ("流=7;圳=8;(3-圳)-4*流/10", {11: 0.4}),
    ("流=7;圳=8;(3-圳)+4+流/10", {12: 0.0}),
    ("流=7;圳=8;(0-圳)+4*流/10", {13: 0.0}),
    ("流=7;圳=8;(3-圳)+4*流/10", {14: 0.0}),
    ("流=7;圳=8;(3-圳)+0*流/10", {15: 0.0}),
    ("流=7;圳=8;(3-圳)+4*流/1", {16: 0.0}),
]


@pytest.mark.parametrize(("wanted", "changes"), CHANGES)
def test_each_number_has_one_meaning(wanted: str, changes: dict[int, float]) -> None:
    small = [(number + 0.5) / 100_001 for number in (7, 8, 3, 2, 4, 9)]
    others = POEM.replace("流", "")
    row = [0.9, (POEM.index("流") + 0.5) / 27, (others.index("圳") + 0.5) / 26, 0.1, *small[:2]]
    row += [1.5 / 11, 0.9, 0.1, 0.5, 0.4, 0.1, 0.9, *small[2:]]
    for column, number in changes.items():
        row[column] = number
    assert GRAMMAR.texts(np.array([row])) == [wanted]


def test_every_text_has_a_value() -> None:
    assert all(value_of(text) is not None for text in texts()[:2000])


def test_ten_thousand_texts_take_no_time() -> None:
    uniform = np.random.default_rng(0).random((10_000, 17))
    start = time.process_time()
    GRAMMAR.texts(uniform)
    assert time.process_time() - start < 10
