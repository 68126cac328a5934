import math

import numpy as np
import pytest

from podium.captcha import ctc
from podium.captcha.beam_search import beam_search
from podium.captcha.charset import Charset
from podium.core.errors import PodiumError

AB = Charset("ab")


def logits_of(*steps: list[float]) -> np.ndarray:
    """Logits (1, T, C) of probabilities."""
    return np.log(np.array([steps]))


def test_two_steps_by_hand() -> None:
    # steps: blank .4, a .6 | blank .7, a .3; paths: -- .28, a- .42, -a .12, aa .18
    steps = logits_of([0.4, 0.6], [0.7, 0.3])
    one = Charset("a")
    assert ctc.label_log_probs(ctc.log_softmax(steps), [[1]])[0] == pytest.approx(math.log(0.72))
    assert ctc.label_log_probs(ctc.log_softmax(steps), [[]])[0] == pytest.approx(math.log(0.28))
    assert ctc.label_log_probs(ctc.log_softmax(steps), [[1, 1]])[0] == -math.inf
    [greedy] = ctc.greedy(steps, one)
    assert greedy.text == "a"
    assert greedy.log_prob == pytest.approx(math.log(0.72))


def test_beam_sums_paths_where_greedy_follows_one() -> None:
    # the likeliest path is two blanks (.36), but a is said by three others (.64)
    steps = logits_of([0.6, 0.4], [0.6, 0.4])
    assert [one.text for one in ctc.greedy(steps, Charset("a"))] == [""]
    [reading] = beam_search(steps, Charset("a"), width=2)
    assert reading.text == "a"
    assert reading.log_prob == pytest.approx(math.log(0.64))


def test_equal_neighbours_need_a_blank() -> None:
    assert ctc.collapse([1, 1, 0, 1, 2, 2, 0]) == [1, 1, 2]
    assert ctc.collapse([]) == []
    assert ctc.steps_needed([1, 1, 2, 2, 2]) == 8


@pytest.mark.parametrize("shape", [(1, 4), (1, 4, 4), (1, 0, 3)])
def test_logits_of_the_wrong_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(PodiumError, match="do not fit"):
        ctc.greedy(np.zeros(shape), AB)


def test_logits_that_are_not_finite() -> None:
    with pytest.raises(PodiumError, match="not finite"):
        ctc.greedy(np.full((1, 2, 3), np.nan), AB)
