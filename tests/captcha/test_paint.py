import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from package_replay import replay
from podium.captcha.composite import dot_pixels, draw_curve
from podium.captcha.glyphs import Table, table
from podium.captcha.paint import _bicubic, _smoothed, opacities, paint
from podium.captcha.sampling import SampledPictures, n_uniform, sample_pictures
from podium.captcha.tasks import TASKS

TEXT = TASKS["text"]


def drawn(seed: int) -> tuple[Table, SampledPictures, str]:
    rng = np.random.default_rng(seed)
    uniform = rng.random((1, 4 + n_uniform(TEXT.style, 4)))
    texts = TEXT.grammar.texts(uniform[:, :4])
    glyphs = table(TEXT.style, TEXT.grammar.alphabet)
    return glyphs, sample_pictures(TEXT.style, glyphs, texts, uniform[:, 4:]), texts[0]


def test_the_package_draws_the_same_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given our random numbers, captcha 0.7.1 draws what we draw, up to a shade at the edges."""
    ours, theirs = [], []
    for seed in range(60):
        glyphs, draws, text = drawn(seed)
        ours.append(next(paint(TEXT.style, glyphs, draws)).astype(float))
        theirs.append(replay(TEXT.style, glyphs, draws, text, monkeypatch).astype(float))
    difference = np.stack(ours) - np.stack(theirs)
    assert np.abs(difference).mean((1, 2, 3)).max() < 1.5
    assert np.abs(difference).mean() < 0.7
    assert abs(difference.mean()) < 0.2
    assert np.mean(np.abs(difference).max(-1) > 60) < 0.001


def test_dots_are_pillows() -> None:
    w, h = 40, 30
    for x in (0, 1, 2, 20, 38, 39, 40):
        for y in (0, 1, 2, 15, 28, 29, 30):
            page = Image.new("L", (w, h))
            ImageDraw.Draw(page).line(((x, y), (x - 1, y - 1)), fill=1, width=3)
            pixels = dot_pixels(np.array([[[x], [y]]], dtype=np.int32), w, h)[0]
            mine = np.zeros((w, h), dtype=np.uint8)
            mine.reshape(-1)[pixels] = 1
            assert np.array_equal(mine.T, np.asarray(page)), (x, y)


def test_curves_follow_pillows() -> None:
    rng = np.random.default_rng(0)
    missed = []
    for _ in range(50):
        _, draws, _ = drawn(int(rng.integers(1 << 30)))
        curve = draws.curve[0].tolist()
        page = Image.new("L", (170, 80))
        ImageDraw.Draw(page).arc(curve[:4], curve[4], curve[5], fill=1)
        planes = np.full((1, 170, 80), 255, dtype=np.uint8)
        draw_curve(planes, curve)
        mine, theirs = planes[0].T == 0, np.asarray(page) == 1
        grown = np.asarray(page.filter(ImageFilter.MaxFilter(3))) == 1
        assert not (mine & ~grown).any()  # never more than a pixel off
        covered = np.asarray(Image.fromarray(mine).convert("L").filter(ImageFilter.MaxFilter(3)))
        missed.append((theirs & (covered == 0)).sum() / theirs.sum())
    assert np.mean(missed) < 0.01


def test_smoothing_is_pillows() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (30, 40)).astype(np.uint8)
    theirs = np.asarray(Image.fromarray(pixels).filter(ImageFilter.SMOOTH)).astype(int)
    planes = np.stack([pixels.T, pixels.T])
    for mine in _smoothed(planes):
        assert np.abs(mine.T.astype(int) - theirs).max() <= 1


def test_squeezing_is_pillows() -> None:
    pixels = np.random.default_rng(2).integers(60, 190, (20, 230)).astype(np.uint8)
    theirs = np.asarray(Image.fromarray(pixels).resize((170, 20))).astype(float)
    mine = (_bicubic(230, 170) @ pixels.T.astype(np.float32)).T
    assert np.abs(mine - theirs).max() < 1.1


def test_dark_ink_is_faint() -> None:
    found = opacities(np.array([[0, 0, 0], [1, 1, 1], [10, 10, 10], [50, 50, 50], [200, 200, 200]]))
    assert (found[:, 255] * 255).round().tolist() == [0, 1, 19, 98, 255]
    assert (np.diff(found, axis=1) >= 0).all()
