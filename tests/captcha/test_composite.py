import numpy as np
import pytest

from podium.captcha.composite import shaded_text, solid_text

FULL = np.full((4, 6), 255, dtype=np.uint8)
INK = np.ones((4, 6), dtype=np.uint8)
LEFT = (0.25 ** np.arange(256)).astype(np.float32)


def test_solid_glyphs_that_overlap_hide_more() -> None:
    share = solid_text((8, 6), [INK, INK], [0, 2], LEFT)
    np.testing.assert_allclose(share[:, 3], [0.25, 0.25, 0.0625, 0.0625, 0.25, 0.25, 1, 1])


def test_shaded_glyphs_by_hand() -> None:
    # strength 255: opacity .75; strength 51 (a fifth): opacity .4, so it adds .08
    opacity = np.zeros(256, dtype=np.float32)
    opacity[255], opacity[51] = 0.75, 0.4
    edge = np.full((4, 6), 51, dtype=np.uint8)
    behind, ink = shaded_text((8, 6), [FULL, edge], [0, 2], opacity)[:, :, 0]
    assert behind.tolist() == [64, 64, 38, 38, 153, 153, 255, 255]  # .25, .25 * .6, .6, 1
    assert ink.tolist() == [191, 191, 135, 135, 20, 20, 0, 0]  # .75, .75 * .6 + .08, .08, 0


@pytest.mark.parametrize(("h", "top", "bottom"), [(6, 0, 6), (10, 2, 8), (11, 2, 8), (4, 0, 4)])
def test_glyphs_stand_in_the_middle_and_are_cut(h: int, top: int, bottom: int) -> None:
    share = solid_text((6, h), [INK], [4], LEFT)
    assert np.argwhere(share == 0.25).min(0).tolist() == [4, top]
    assert np.argwhere(share == 0.25).max(0).tolist() == [5, bottom - 1]
