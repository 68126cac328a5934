from dataclasses import replace

import numpy as np
import pytest

from podium.captcha.fonts import load_font
from podium.captcha.glyphs import FINE, OUTSIDE, cubic_kernel, glyph, table
from podium.captcha.style import Cell, competition_style
from podium.core.errors import SettingsError


def coverage(name: str) -> np.ndarray:
    mask = load_font("droid-sans-mono", 42).getmask(name)
    x, y, right, lower = mask.getbbox()
    return np.array(mask).reshape(mask.size[::-1])[y:lower, x:right].T


def test_a_shaded_glyph_has_grey_edges() -> None:
    shade = glyph("droid-sans-mono", 42, "S", False).shade
    assert shade.shape == tuple(FINE * side for side in coverage("S").shape)
    assert len(np.unique(shade)) > 50
    assert shade.max() == 255


def test_a_bicubic_glyph_is_its_coverage_at_half_pixels() -> None:
    halves, pixels = glyph("droid-sans-mono", 42, "S", True).shade, coverage("S")
    assert (halves[0] == OUTSIDE).all()
    assert (halves[:, -1] == OUTSIDE).all()
    inside = halves[1:-1, 1:-1]
    np.testing.assert_allclose(inside[1::2, 1::2], pixels, atol=1e-3)  # a pixel's centre
    between = (pixels[1:] + pixels[:-1].astype(float)) / 2
    np.testing.assert_allclose(inside[2:-1:2, 1::2], between, atol=1e-3)
    np.testing.assert_array_equal(inside[0], inside[1])  # up to the edge
    np.testing.assert_array_equal(inside[:, -1], inside[:, -2])


def test_a_cell_and_a_font_of_its_own() -> None:
    wanted = Cell("+", 0.5, 1.1, "dejavu-sans-bold")
    own, plain = (glyph("dejavu-sans", 40, "+", False, one) for one in (wanted, None))
    assert own.cell == (20, 44)
    assert plain.cell != own.cell
    assert own.shade.sum() > 1.3 * plain.shade.sum()  # bold


def test_cells_of_a_character_take_turns() -> None:
    wide, tall = Cell("+*", 0.8, 0.5), Cell("+", 0.4, 1.1)
    style = replace(
        competition_style((180, 60)),
        fonts=("dejavu-sans", "noto-sans-sc"),
        font_sizes=(40,),
        cells=(wide, tall),
        n_shapes=2,
    )
    found = table(style, "+*7")
    assert found.cell[found.number["+"]].tolist() == [[32, 20], [16, 44]] * 2
    assert found.cell[found.number["*"]].tolist() == [[32, 20]] * 4
    own = found.cell[found.number["7"]].tolist()  # of each font
    assert own[0] == own[1] != own[2] == own[3]


def test_upside_down() -> None:
    below, above = (
        glyph("droid-sans-mono", 40, "*", False, Cell("*", 0.5, 1.1, upside_down=turned))
        for turned in (True, False)
    )
    assert np.array_equal(below.shade, above.shade[:, ::-1])
    tip = above.box[1] // 6 * FINE  # one arm above, two below
    assert (above.shade[:, :tip] > 0).any(1).sum() < 0.5 * (below.shade[:, :tip] > 0).any(1).sum()


def test_trimmed_arms() -> None:
    cell = Cell("+", 0.5, 1.1, trim=0.25)
    short, whole = (glyph("dejavu-sans", 40, "+", False, each) for each in (cell, None))
    x, y = (round(0.25 * side) for side in whole.box)
    assert short.box == (whole.box[0] - 2 * x, whole.box[1] - 2 * y)
    middle = whole.shade[(x + 1) * FINE : -(x + 1) * FINE, (y + 1) * FINE : -(y + 1) * FINE]
    assert np.array_equal(short.shade[FINE:-FINE, FINE:-FINE], middle)  # but for the cut edges


def test_a_blank_has_a_cell_but_no_ink() -> None:
    one = glyph("droid-sans-mono", 42, " ", True)
    assert (one.box, one.cell) == ((0, 0), (26, 46))


def test_cubic_kernel_by_hand() -> None:
    np.testing.assert_allclose(
        cubic_kernel(np.array([0, 0.5, -1, 1.5, 2, 3])), [1, 0.5625, 0, -0.0625, 0, 0]
    )


def test_a_character_the_font_lacks() -> None:
    with pytest.raises(SettingsError, match="droid-sans-mono has no character '不'"):
        glyph("droid-sans-mono", 42, "不", True)
