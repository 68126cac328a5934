import numpy as np
import pytest

from podium.captcha.fonts import load_font
from podium.captcha.glyphs import FINE, MARGIN_X, MARGIN_Y, glyph, keys
from podium.captcha.style import Cell
from podium.errors import SettingsError


def columns(name: str) -> np.ndarray:
    one = glyph("droid-sans-mono", 42, name, False)
    assert len(one.shade) == (one.box[0] + 2 * MARGIN_X) * FINE * one.column
    return one.shade.reshape(-1, one.column)


def test_a_shaded_glyph_has_grey_edges() -> None:
    shaded = columns("S")
    assert len(np.unique(shaded)) > 50
    assert shaded.max() == 255


def test_a_bicubic_glyph_is_its_coverage_with_a_frame() -> None:
    one = glyph("droid-sans-mono", 42, "S", True)
    assert one.shade.shape == (one.box[0] + 2, one.box[1] + 2)
    face = load_font("droid-sans-mono", 42)
    mask = face.getmask("S")
    x, y, right, lower = mask.getbbox()
    pixels = np.array(mask).reshape(mask.size[::-1])[y:lower, x:right].T
    np.testing.assert_allclose(one.shade[1:-1, 1:-1], pixels, atol=1e-3)
    np.testing.assert_array_equal(one.shade[0], one.shade[1])
    np.testing.assert_array_equal(one.shade[:, -1], one.shade[:, -2])


def test_a_cell_and_a_font_of_its_own() -> None:
    wanted = Cell("+", 0.5, 1.1, "dejavu-sans-bold")
    own, plain = (glyph("dejavu-sans", 40, "+", False, one) for one in (wanted, None))
    assert own.cell == (20, 44)
    assert plain.cell != own.cell
    assert own.shade.sum() > 1.3 * plain.shade.sum()  # bold


def test_margins_are_blank() -> None:
    shade = columns("8")
    edge = MARGIN_Y * FINE
    assert not shade[:, :edge].any()
    assert not shade[:, -edge:].any()
    assert shade[:, edge:-edge].any()


def test_a_blank_has_a_cell_but_no_ink() -> None:
    one = glyph("droid-sans-mono", 42, " ", True)
    assert (one.box, one.cell) == ((0, 0), (26, 46))


def test_cubic_kernel_by_hand() -> None:
    np.testing.assert_allclose(
        keys(np.array([0, 0.5, -1, 1.5, 2, 3])), [1, 0.5625, 0, -0.0625, 0, 0]
    )


def test_a_character_the_font_lacks() -> None:
    with pytest.raises(SettingsError, match="droid-sans-mono has no character '不'"):
        glyph("droid-sans-mono", 42, "不", True)
