"""Sheets on other papers than the competition's."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from lines import dark_finder, dark_lines
from podium.captcha.equations.canvas import paint
from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.line_maps import CELL
from podium.captcha.equations.paper import like_drawn, tilt, turned
from podium.captcha.equations.render import scene_of
from podium.captcha.equations.scene import Scene, box_of

Pixels = np.ndarray
SIZE = (960, 480)


def faded(pixels: Pixels) -> Pixels:
    return (pixels * 0.25 + 150).astype(np.uint8)


def lit_from_one_side(pixels: Pixels) -> Pixels:
    light = np.linspace(0.35, 1.0, pixels.shape[1])[:, None]
    return (pixels * light).astype(np.uint8)


def photographed(pixels: Pixels) -> Pixels:
    """From one side, a little turned, in a shadow, out of focus."""
    h, w, _ = pixels.shape
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    seen = np.array([[40, 60], [w + 20, 30], [w + 50, h + 30], [30, h + 50]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    edge = cv2.BORDER_REPLICATE
    photo = cv2.warpPerspective(pixels, matrix, (w + 80, h + 90), borderMode=edge)
    return lit_from_one_side(cv2.GaussianBlur(photo, (0, 0), 1.0))


PAPERS: dict[str, Callable[[Pixels], Pixels]] = {
    "dark": lambda pixels: 255 - pixels,
    "blackboard": lambda pixels: (40 + (255 - pixels) * 0.6).astype(np.uint8),
    "uneven": lit_from_one_side,
    "faint": faded,
    "turned left": lambda pixels: turned(pixels, -8.0),
    "turned right": lambda pixels: turned(pixels, 8.0),
    "photographed": photographed,
}


def grey_lines() -> Pixels:
    """Three rows of grey blocks on bright paper, and a dark blot."""
    pixels = np.maximum(dark_lines(3, SIZE, at=100), 150)
    pixels[20:32, 20:32] = 20
    return pixels


@pytest.mark.parametrize("paper", PAPERS)
def test_the_lines_are_found_on_every_paper(paper: str) -> None:
    finder = LineFinder(dark_finder())
    _, boxes = finder.lines(PAPERS[paper](grey_lines()))
    assert len(boxes) == 3
    sizes = [(x1 - x0, y1 - y0) for x0, y0, x1, y1 in boxes]
    assert all(abs(wide - 272) < 25 and abs(high - 36) < 12 for wide, high in sizes), sizes


def shown(scene: Scene) -> Pixels:
    """Probabilities (h, w) of a glyph, as a perfect finder has them."""
    glyphs = np.zeros((scene.size[1] // CELL, scene.size[0] // CELL), np.float32)
    for ink in scene.inks:
        x0, y0, x1, y1 = (side // CELL for side in box_of(scene.font, [ink]))
        glyphs[y0 : y1 + 1, x0 : x1 + 1] = 1
    return glyphs


@pytest.mark.parametrize("index", range(12))
def test_sheets_as_they_are_drawn_stay_as_they_are(index: int) -> None:
    scene, _ = scene_of(41, index)
    pixels = paint(scene)
    assert like_drawn(pixels) is pixels
    assert tilt(shown(scene)) == 0.0


@pytest.mark.parametrize("degrees", [-8.0, 5.0, 8.0])
def test_a_tilt_is_seen_and_undone(degrees: float) -> None:
    for index in range(4):
        glyphs = shown(scene_of(41, index)[0])
        seen = tilt(turned(np.dstack([glyphs] * 3), -degrees)[..., 0])
        assert abs(seen - degrees) < 3


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (70, 65)])
def test_sheets_of_one_colour_and_any_size(size: tuple[int, int]) -> None:
    for level in (0, 128, 255):
        pixels = np.full((*size, 3), level, np.uint8)
        assert like_drawn(pixels).shape == pixels.shape
        assert LineFinder(dark_finder()).lines(pixels)[1] == []


def test_photographs_are_sharpened_and_sharp_sheets_are_not() -> None:
    for paper, sharpened in ((lit_from_one_side, False), (photographed, True)):
        pixels = like_drawn(paper(grey_lines()))
        assert (pixels.max() > 250) == sharpened  # bright beside dark
