"""Styles and finishes of drawn sums: which pictures get them, and what they leave of the text."""

import hashlib

import numpy as np
import pytest

from podium.captcha.finishes import FINISHES
from podium.captcha.generator import BLOCK, render_many
from podium.captcha.glyphs import table
from podium.captcha.style import ARITHMETIC_STYLES
from podium.captcha.tasks import arithmetic_task
from podium.core.errors import SettingsError

GOLDEN = "034246461cde5938"  # three pictures of seed 4
SIZE = (180, 60)
STYLES = ["competition", "typed"]


def drawn(styles: list[str], names: list[str], n: int, finished: float = 0.5) -> np.ndarray:
    pictures = render_many(arithmetic_task(SIZE, styles, names, finished), 4, 0, n)
    return np.stack([pixels for pixels, _ in pictures])


def ink(pixels: np.ndarray) -> float:
    """The distance in grey levels of the strongest twentieth of pixels from the paper."""
    grey = pixels.astype(float).mean(-1)
    return float(np.percentile(np.abs(grey - np.median(grey)), 95))


def test_the_competitions_look_alone_is_as_it_was() -> None:
    pixels = drawn(["competition"], [], 3)
    assert hashlib.sha256(pixels.tobytes()).hexdigest()[:16] == GOLDEN


def test_styles_take_turns() -> None:
    n = BLOCK + 3
    mixed, alone = (
        drawn(["competition", "heavy"], [], n),
        (drawn(["competition"], [], n), drawn(["heavy"], [], n)),
    )
    for turn in range(2):
        assert np.array_equal(mixed[turn::2], alone[turn][turn::2])
    assert not np.array_equal(mixed[1], alone[0][1])


def test_signs_of_any_shape() -> None:
    wide = {}
    for name in ("competition", "shapes"):
        glyphs = table(ARITHMETIC_STYLES[name](SIZE), "0+*()")
        wide[name] = [np.ptp(ratio) for ratio in (glyphs.cell[:-1, :, 0] / glyphs.cell[:-1, :, 1])]
    assert max(wide["competition"]) < 0.1  # width by height, of each character
    assert min(wide["shapes"]) > 0.2
    assert np.mean(drawn(["shapes"], [], 8) != drawn(["fonts"], [], 8)) > 0.02


@pytest.mark.parametrize("name", FINISHES)
def test_half_of_the_pictures_are_finished(name: str) -> None:
    some = drawn(STYLES, [name], 80)
    plain = drawn(STYLES, [name], 80, 1e-9)
    assert (
        0.35 < np.mean([not np.array_equal(*pair) for pair in zip(some, plain, strict=True)]) < 0.65
    )


@pytest.mark.parametrize("name", FINISHES)
def test_a_finish_leaves_the_text_legible(name: str) -> None:
    assert min(ink(pixels) for pixels in drawn(STYLES, [name], 40, 1.0)) > 2


def test_one_in_five_finished_pictures_is_light_on_dark() -> None:
    paper = np.median(drawn(STYLES, ["binarised"], 300, 1.0), axis=(1, 2, 3))
    assert set(paper.tolist()) == {0, 255}
    assert 0.14 < (paper == 0).mean() < 0.26


def test_names_that_are_unknown() -> None:
    with pytest.raises(SettingsError, match="captcha style 'roman' is unknown\nremedy: one of c"):
        arithmetic_task(SIZE, ["roman"], [])
    with pytest.raises(SettingsError, match="captcha finish 'wet' is unknown\nremedy: one of bin"):
        arithmetic_task(SIZE, STYLES, ["wet"])
