import hashlib

import numpy as np
import pytest

from podium.captcha.generator import BLOCK, render, render_many
from podium.captcha.tasks import TASKS
from podium.core.errors import SettingsError


@pytest.mark.parametrize(("task", "shape"), [("text", (80, 170, 3)), ("arithmetic", (60, 180, 3))])
def test_pictures_are_rgb_of_the_competitions_size(task: str, shape: tuple[int, ...]) -> None:
    pixels, text = render(task, 1, 5)
    assert (pixels.shape, pixels.dtype) == (shape, np.uint8)
    assert pixels.flags.c_contiguous
    assert TASKS[task].grammar.longest >= len(text) >= 4


@pytest.mark.parametrize("task", TASKS)
def test_a_picture_does_not_depend_on_its_company(task: str) -> None:
    together = list(render_many(task, 3, 0, 2 * BLOCK + 7))
    assert len(together) == 2 * BLOCK + 7
    for index in [*range(2 * BLOCK + 6, -1, -7), BLOCK - 1, BLOCK]:
        pixels, text = render(task, 3, index)
        assert text == together[index][1]
        assert np.array_equal(pixels, together[index][0])
    part = [text for _, text in render_many(task, 3, 5, BLOCK + 3)]
    assert part == [text for _, text in together[5 : BLOCK + 3]]


@pytest.mark.parametrize("task", TASKS)
def test_seeds_indices_and_tasks_differ(task: str) -> None:
    pictures = [render(task, seed, index)[0] for seed in (1, 2) for index in (0, 1, BLOCK)]
    assert len({hashlib.sha256(pixels.tobytes()).digest() for pixels in pictures}) == 6


def test_unknown_task() -> None:
    with pytest.raises(SettingsError, match="'voice' is unknown\nremedy: one of text, arithmetic"):
        render("voice", 1, 0)
    assert list(render_many("text", 1, 4, 4)) == []
