from itertools import product

import numpy as np
import pytest
from PIL import Image

from podium.captcha.distort import Bends, bent, turn, warp
from podium.captcha.glyphs import MARGIN_Y, table
from podium.captcha.tasks import TASKS

RNG = np.random.default_rng(4)


def test_turned_sizes_are_those_of_pillow() -> None:
    box = RNG.integers(1, 60, (300, 2))
    degrees = RNG.uniform(-30, 30, 300)
    sizes, _ = turn(box, degrees)
    for size, (w, h), angle in zip(sizes, box, degrees, strict=True):
        picture = Image.new("L", (int(w), int(h))).rotate(float(angle), expand=True)
        assert picture.size == tuple(size)


def test_the_way_back_leads_to_pillows_pixel() -> None:
    box, degrees = np.array([[31, 43]]), np.array([17.5])
    source = RNG.integers(1, 256, (43, 31)).astype(np.uint8)
    turned = np.asarray(Image.fromarray(source).rotate(17.5, expand=True))
    _, back = turn(box, degrees)
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


@pytest.mark.parametrize("task", TASKS)
def test_nothing_reaches_a_neighbouring_column(task: str) -> None:
    """The largest turns and warps stay within twice the blank margin above and below a glyph."""
    style, alphabet = TASKS[task].style, TASKS[task].grammar.alphabet
    glyphs = table(style, alphabet)
    box, cell = glyphs.box[:-1].reshape(-1, 2), glyphs.cell[:-1].reshape(-1, 2)
    largest = style.warp_x.limit(cell[:, :1], 1.0), style.warp_y.limit(cell[:, 1:], 1.0)
    for signs in product((-1, 1), repeat=5):
        corners = np.concatenate(largest * 2, axis=1).astype(np.int64) * signs[:4]
        turned, back = turn(box, np.full(len(box), style.turn * signs[4]))
        size, quads = warp(cell, corners)
        for x, y in product((0, 1), repeat=2):  # a bilinear map is furthest out at a corner
            at = cell * (x, y)
            terms = np.stack([np.ones(len(at)), *at.T, at.prod(1)], axis=1)
            ends = np.einsum("gij,gj->gi", quads, terms) * np.insert(turned / size, 2, 1, axis=1)
            reached = np.einsum("gj,gj->g", back[:, 1], ends)
            assert reached.min() > -2 * MARGIN_Y
            assert (reached - box[:, 1]).max() < 2 * MARGIN_Y


def test_unbent_glyph_keeps_its_shape() -> None:
    style = TASKS["text"].style
    glyphs = table(style, "H")
    bends = Bends(np.zeros(1), np.zeros((1, 4), dtype=np.int64), np.zeros(1, dtype=bool))
    [shade] = bent(glyphs, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), bends, style)
    assert shade.shape == (26, 46)  # the cell, and H fills it: two stems and a bar
    ink = shade > 0
    assert ink[3].all()
    assert ink[-4].all()
    assert 0.05 < ink[13].mean() < 0.25
