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
    """The largest turns and warps stay within the blank margins around a glyph."""
    style, alphabet = TASKS[task].style, TASKS[task].grammar.alphabet
    glyphs = table(style, alphabet)
    n_rows, n_fonts = len(alphabet), glyphs.cell.shape[1]
    rows, fonts = (part.ravel() for part in np.indices((n_rows, n_fonts)))
    for sign in range(32):
        signs = np.array([1 - 2 * (sign >> bit & 1) for bit in range(5)])
        limits = glyphs.cell[rows, fonts][:, [0, 1, 0, 1]] * [0.3, 0.3, 0.3, 0.3]
        corners = (limits * signs[:4]).astype(np.int64)
        bends = Bends(np.full(len(rows), 30.0 * signs[4]), corners, np.zeros(len(rows), bool))
        turned, back = turn(glyphs.box[rows, fonts], bends.degrees)
        size, quads = warp(glyphs.cell[rows, fonts], corners)
        w, h = glyphs.cell[rows, fonts].T
        ends = np.stack([np.ones((4, len(w))), [0 * w, 0 * w, w, w], [0 * h, h, h, 0 * h]])
        ends = np.concatenate([ends, ends[1:2] * ends[2:]])
        at = np.einsum("gij,jkg->gik", quads, ends) * np.append(1, 1)[0]
        at[:, :2] *= (turned / size)[:, :, None]
        y = np.einsum("gj,gjk->gk", back[:, 1], at)
        box_h = glyphs.box[rows, fonts][:, 1:]
        assert y.min() > -2 * MARGIN_Y
        assert (y - box_h).max() < 2 * MARGIN_Y
        assert len(bent(glyphs, rows, fonts, bends, style)) == len(rows)
