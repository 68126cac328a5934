import numpy as np
import pytest

from podium.captcha.glyphs import Table, table
from podium.captcha.sampling import SampledPictures, n_uniform, sample_pictures
from podium.captcha.tasks import TASKS

N = 3000


def drawn(name: str) -> tuple[Table, SampledPictures]:
    task = TASKS[name]
    rng = np.random.default_rng(8)
    texts = task.grammar.texts(rng.random((N, task.grammar.n_uniform)))
    glyphs = table(task.style, task.grammar.alphabet)
    uniform = rng.random((N, n_uniform(task.style, task.grammar.longest)))
    return glyphs, sample_pictures(task.style, glyphs, texts, uniform)


@pytest.mark.parametrize("name", ["text", "arithmetic"])
def test_ranges_as_the_package_has_them(name: str) -> None:
    glyphs, draws = drawn(name)
    low = 10 if name == "text" else 0
    assert (draws.ink.min(), draws.ink.max()) == (low, 200)
    assert (draws.paper.min(), draws.paper.max()) == (238, 255)
    w, h = TASKS[name].style.size
    assert draws.dots.shape == (N, 2, 30 if name == "text" else 15)
    assert draws.dots.reshape(N, 2, -1).max((0, 2)).tolist() == [w, h]
    assert draws.dots.min() == 0
    assert -30 <= draws.distortions.degrees.min() < -29.9
    assert 29.9 < draws.distortions.degrees.max() <= 30
    used = set(draws.font.tolist())
    assert used == set(range(glyphs.cell.shape[1]))


def test_corners_shift_both_ways_alike() -> None:
    """Shifts are cut to whole pixels towards zero, which is twice as likely as any other."""
    glyphs, draws = drawn("text")
    w, h = glyphs.cell[draws.character, draws.font].T
    corners = draws.distortions.corners
    assert np.abs(corners.mean(0)).max() < 0.1
    assert (np.abs(corners[:, [0, 2]]) <= 0.2 * w[:, None] + 0.1).all()
    assert (np.abs(corners[:, [1, 3]]) <= 0.1 * h[:, None] + 0.2).all()
    assert corners[:, 0].max() in (6, 7)  # cells are up to 35 px wide


def test_blanks_and_stiff_characters() -> None:
    _, text = drawn("text")
    assert abs(text.blank.mean() - 0.5) < 0.02
    assert not text.distortions.rigid.any()
    glyphs, arithmetic = drawn("arithmetic")
    assert not arithmetic.blank.any()
    assert set(arithmetic.character[arithmetic.distortions.rigid].tolist()) == {glyphs.number["-"]}
    assert set(arithmetic.character[~arithmetic.distortions.rigid].tolist()).isdisjoint(
        {glyphs.number["-"]}
    )


def test_curves_stay_where_the_package_puts_them() -> None:
    x1, y1, x2, y2, first, last = drawn("text")[1].curve.T
    assert (x1.min(), x1.max()) == (0, 34)
    assert (x2.min(), x2.max()) == (34, 170)
    assert (y1.min(), y1.max()) == (16, 64)
    assert (y2 >= y1).all()
    assert y2.max() == 64
    assert (first.min(), first.max(), last.min(), last.max()) == (0, 20, 160, 200)
