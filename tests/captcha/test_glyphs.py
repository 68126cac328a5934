import numpy as np
import pytest

from podium.captcha.glyphs import FINE, MARGIN_X, MARGIN_Y, glyph, keys
from podium.errors import SettingsError


def columns(name: str, bicubic: bool) -> np.ndarray:
    one = glyph("droid-sans-mono", 42, name, bicubic)
    assert len(one.shade) == (one.box[0] + 2 * MARGIN_X) * FINE * one.column
    return one.shade.reshape(-1, one.column)


def test_solid_or_shaded() -> None:
    assert set(np.unique(columns("S", True))) == {0, 255}
    shaded = columns("S", False)
    assert len(np.unique(shaded)) > 50
    assert shaded.max() == 255


@pytest.mark.parametrize("bicubic", [False, True])
def test_margins_are_blank(bicubic: bool) -> None:
    shade = columns("8", bicubic)
    edge = (MARGIN_Y - 2) * FINE  # the bicubic kernel reaches two pixels beyond the box
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
