import numpy as np
from PIL import Image

from podium.captcha.distort import Distortions, colour_strengths, ink_masks, rotation, warp
from podium.captcha.glyphs import table
from podium.captcha.tasks import TASKS

RNG = np.random.default_rng(4)


def test_turned_sizes_are_those_of_pillow() -> None:
    box = RNG.integers(1, 60, (300, 2))
    degrees = RNG.uniform(-30, 30, 300)
    sizes, _ = rotation(box, degrees)
    for size, (w, h), angle in zip(sizes, box, degrees, strict=True):
        picture = Image.new("L", (int(w), int(h))).rotate(float(angle), expand=True)
        assert picture.size == tuple(size)


def test_the_way_back_leads_to_pillows_pixel() -> None:
    box, degrees = np.array([[31, 43]]), np.array([17.5])
    source = RNG.integers(1, 256, (43, 31)).astype(np.uint8)
    turned = np.asarray(Image.fromarray(source).rotate(17.5, expand=True))
    _, back = rotation(box, degrees)
    y, x = np.nonzero(turned)
    at = np.floor(back[0] @ np.stack([x + 0.5, y + 0.5, np.ones(len(x))])).astype(int)
    assert np.mean(source[at[1], at[0]] == turned[y, x]) > 0.999


def test_a_warp_without_shifts_is_the_identity() -> None:
    size, quads = warp(np.array([[20, 30]]), np.zeros((1, 4), dtype=np.int64))
    assert size.tolist() == [[20, 30]]
    np.testing.assert_allclose(quads[0], [[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]])


def test_warp_corners_by_hand() -> None:
    # cell 20 x 30 and shifts 2, 3, -4, 5: stretched to 26 x 38; SE corner at (26 - 4, 38 + 5)
    size, quads = warp(np.array([[20, 30]]), np.array([[2, 3, -4, 5]]))
    assert size.tolist() == [[26, 38]]
    for (x, y), expected in {
        (0, 0): (2, 3),
        (0, 30): (-2, 33),
        (20, 30): (22, 43),
        (20, 0): (30, -3),
    }.items():
        np.testing.assert_allclose(quads[0] @ [1, x, y, x * y], (*expected, 1), atol=1e-9)


def test_unbent_glyph_keeps_its_shape() -> None:
    glyphs = table(TASKS["text"].style, "H")
    bends = Distortions(np.zeros(1), np.zeros((1, 4), dtype=np.int64), np.zeros(1, dtype=bool))
    first = np.zeros(1, dtype=np.int64)
    [ink] = ink_masks(glyphs, first, first, bends, np.full(1, 0.5))
    assert ink.shape == (26, 46)  # the cell, and H fills it: two stems and a bar
    assert set(ink.ravel()) == {0, 1}
    assert ink[3].all()
    assert ink[-4].all()
    assert 0.05 < ink[13].mean() < 0.25


def test_fainter_ink_lies_further_inside() -> None:
    glyphs = table(TASKS["text"].style, "8")
    bends = Distortions(np.full(1, 20.0), np.array([[3, 2, -4, 1]]), np.zeros(1, dtype=bool))
    first = np.zeros(1, dtype=np.int64)
    [all_of_it], [heart] = (
        ink_masks(glyphs, first, first, bends, np.full(1, level)) for level in (0.5, 128.0)
    )
    assert (heart <= all_of_it).all()
    assert 0.5 < heart.sum() / all_of_it.sum() < 0.9


def test_stiff_glyphs_are_turned_only() -> None:
    glyphs = table(TASKS["arithmetic"].style, "-")
    first = np.zeros(1, dtype=np.int64)
    corners = np.array([[6, 7, -6, 7]])
    bends = [Distortions(np.full(1, 10.0), corners, np.full(1, stiff)) for stiff in (True, False)]
    [alone], [warped] = (colour_strengths(glyphs, first, first, one) for one in bends)
    assert alone.shape == tuple(rotation(glyphs.box[0, :1], np.full(1, 10.0))[0][0])
    assert warped.shape == tuple(glyphs.cell[0, 0])
    assert 0.6 < (alone > 128).sum() / np.prod(glyphs.box[0, 0]) < 1.1  # as thick as it was
    assert (warped > 128).sum() > 3 * (alone > 128).sum()
