import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import chisquare

from podium.captcha.equations.canvas import paint
from podium.captcha.equations.grammar import Equations
from podium.captcha.equations.render import render, scene_of
from podium.captcha.equations.scene import FONTS, HEIGHTS, WIDTHS, Scene
from podium.captcha.equations.typeset import BAR, extent, glyph, typeset
from podium.captcha.fonts import load_font
from podium.core.errors import EnvironmentFault

SCENES = [scene_of(5, index) for index in range(600)]


def bare(scene: Scene) -> Scene:
    """The same text on clean paper."""
    return replace(
        scene, grain=0.0, strays=scene.strays[:0], speckles=scene.speckles[:0], paper=(255,) * 3
    )


def ink_box(pixels: np.ndarray) -> list[int]:
    y, x = np.nonzero((255 - pixels.astype(int)).max(-1) > 40)
    return [x.min(), y.min(), x.max() + 1, y.max() + 1]


def test_a_picture_depends_on_seed_and_index_only() -> None:
    first, text = render(3, 7)
    render(3, 8)
    again, same = render(3, 7)
    assert text == same
    assert np.array_equal(first, again)
    for other in ((3, 8), (4, 7)):
        assert render(*other)[1] != text


def test_sizes_and_fonts_are_equally_likely() -> None:
    scenes = [scene for scene, _ in SCENES]
    for values, options in (
        ([scene.size[0] for scene in scenes], WIDTHS),
        ([scene.size[1] for scene in scenes], HEIGHTS),
        ([scene.font for scene in scenes], FONTS),
    ):
        assert chisquare([values.count(one) for one in options]).pvalue > 1e-4


def test_some_pluses_are_turned_into_crosses() -> None:
    turns = [one.degrees for scene, _ in SCENES for one in scene.inks if one.character == "+"]
    share = np.mean(np.array(turns) > 25)
    assert 0.24 < share < 0.36
    assert (
        np.abs([one.degrees for s, _ in SCENES for one in s.inks if one.character == "*"]).max()
        < 15
    )


def test_lines_lie_inside_in_order_and_apart() -> None:
    for scene, text in SCENES:
        assert len(scene.boxes) == len(text.split(";"))
        for x0, y0, x1, y1 in scene.boxes:
            assert 0 <= x0 < x1 <= scene.size[0]
            assert 0 <= y0 < y1 <= scene.size[1]
        for above, below in pairwise(scene.boxes):
            assert below[1] - above[3] >= 5


@pytest.mark.parametrize("index", range(12))
def test_boxes_are_those_of_the_ink(index: int) -> None:
    scene, _ = SCENES[index]
    pixels = paint(bare(scene))
    assert np.abs(np.array(ink_box(pixels)) - _around(scene.boxes)).max() <= 1
    for box in [*scene.boxes, scene.fraction]:
        x0, y0, x1, y1 = box
        edges = [pixels[y0:y1, x] for x in (x0, x0 + 1, x1 - 2, x1 - 1)]
        edges += [pixels[y, x0:x1] for y in (y0, y0 + 1, y1 - 2, y1 - 1)]
        dark = [(255 - edge.astype(int)).max() > 25 for edge in edges]
        assert all(any(dark[k : k + 2]) for k in (0, 2, 4, 6))


def _around(boxes: list) -> np.ndarray:
    found = np.array(boxes)
    return np.concatenate([found[:, :2].min(0), found[:, 2:].max(0)])


def test_a_fraction_stands_alone_in_its_box() -> None:
    for scene, text in SCENES[:100]:
        x0, y0, x1, y1 = scene.fraction
        inside = [
            one.character
            for one in scene.inks[-len(text.split(";")[-1]) :]
            if x0 <= one.centre[0] <= x1
        ]
        above, below = re.search(r"(.)/(\d+)", text).groups()
        assert inside == [above, BAR, *below]
        assert y1 - y0 > scene.boxes[0][3] - scene.boxes[0][1]


@pytest.mark.parametrize("index", [0, 3, 4])
def test_a_region_is_cut_out_of_the_whole(index: int) -> None:
    scene, _ = SCENES[index]
    whole = paint(scene)
    x0, y0, x1, y1 = scene.boxes[-1]
    region = (
        max(x0 - 9, 0),
        max(y0 - 9, 0),
        min(x1 + 9, scene.size[0]),
        min(y1 + 9, scene.size[1]),
    )
    part = paint(scene, region)
    there = whole[region[1] : region[3], region[0] : region[2]]
    assert np.abs(part.astype(int) - there).max() <= 1
    assert np.mean(part != there) < 1e-3


def test_every_font_has_every_character() -> None:
    for font in FONTS:
        nothing = bytes(load_font(font, 48).getmask("\uffff"))
        for character in Equations().alphabet:
            assert bytes(load_font(font, 48).getmask(character)) != nothing
            assert glyph(font, character).coverage.max() == 255


def test_typeset_by_hand() -> None:
    placed = typeset("7*流/86-5", "noto-sans-sc", 0.06)
    assert [one.character for one in placed] == ["7", "*", "流", BAR, "8", "6", "-", "5"]
    upper, bar, lower = placed[2].box, placed[3].box, placed[4].box
    assert upper[3] < bar[1] < bar[3] < lower[1]
    assert bar[3] - bar[1] == pytest.approx(0.06)
    assert bar[0] < min(upper[0], lower[0])
    assert placed[1].box[2] < bar[0]
    assert placed[6].box[0] > bar[2]
    x0, y0, x1, y1 = extent(placed)
    assert (x0, x1) == (placed[0].box[0], placed[-1].box[2])
    assert (y0, y1) == (upper[1], max(one.box[3] for one in placed))


def test_a_missing_font_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.captcha.fonts.find_spec", lambda name: None)
    load_font.cache_clear()
    glyph.cache_clear()
    with pytest.raises(EnvironmentFault, match=r"pip install 'mplfonts==0\.0\.11'"):
        render(1, 1)
