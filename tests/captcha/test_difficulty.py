"""The stand-ins stay as hard as they were when they were made: nobody may make them easier."""

import dataclasses

import numpy as np
import pytest

from captcha_measures import contrast, match, n_specks, pieces, strokes, templates
from podium.captcha.generator import render_many
from podium.captcha.style import ShiftLimit
from podium.captcha.tasks import TASKS, arithmetic_task

N = 500
TEXT = TASKS["text"]


@pytest.fixture(scope="module")
def pictures() -> list[tuple[np.ndarray, str]]:
    return list(render_many("text", 21, 0, N))


def shares(values: list[float], edges: list[float]) -> np.ndarray:
    return np.histogram(values, [-np.inf, *edges, np.inf])[0] / len(values)


def assert_within(found: np.ndarray, low: list[float], high: list[float]) -> None:
    assert ((np.array(low) <= found) & (found <= np.array(high))).all(), found


def share_read(task, pictures) -> float:
    alphabet = task.grammar.alphabet
    known = templates(task.style, alphabet)
    return float(np.mean([match(one, known, alphabet, 4) == text for one, text in pictures]))


def test_fixed_templates_read_fewer_than_a_fifth(pictures) -> None:
    assert share_read(TEXT, pictures) < 0.2


def test_fixed_templates_do_read_what_is_not_distorted() -> None:
    still = ShiftLimit(0.0, 0.0)
    style = dataclasses.replace(
        TEXT.style,
        max_rotation=0.0,
        warp_x=still,
        warp_y=still,
        n_dots=0,
        curve=False,
        space_share=1.0,
    )
    task = dataclasses.replace(TEXT, style=style)
    assert share_read(task, list(render_many(task, 1, 0, 200))) > 0.7


def test_contrast(pictures) -> None:
    found = shares([contrast(one) for one, _ in pictures], [40, 70, 90, 110])
    assert_within(found, [0, 0.02, 0.1, 0.3, 0.25], [0.02, 0.12, 0.25, 0.5, 0.5])


def test_characters_touch(pictures) -> None:
    """One large piece, two, three, four or more: characters and curve hang together."""
    found = shares([len(pieces(strokes(one))) for one, _ in pictures], [1.5, 2.5, 3.5])
    assert_within(found, [0.2, 0.25, 0.15, 0.03], [0.42, 0.45, 0.36, 0.15])


def test_noise(pictures) -> None:
    found = shares([n_specks(one) for one, _ in pictures], [10.5, 14.5, 20.5])
    assert_within(found, [0, 0.05, 0.6, 0.02], [0.05, 0.3, 0.9, 0.3])


def test_some_arithmetic_is_nearly_invisible() -> None:
    found = []
    competition = arithmetic_task((180, 60), ["competition"], [])
    for pixels, _ in render_many(competition, 21, 0, 4 * N):
        paper = np.median(pixels, axis=(0, 1))
        typical = np.percentile(np.abs(pixels - paper).max(-1), 90)  # dots cover less than a tenth
        found.append(float(typical))
    assert_within(shares(found, [20, 40]), [0.0001, 0.005, 0.95], [0.005, 0.03, 1.0])
