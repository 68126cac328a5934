import numpy as np

from podium.captcha.equations.canvas import paint
from podium.captcha.equations.render import render_strip, scene_of
from podium.captcha.equations.strips import MARGIN, SIZE, join_lines, lay_out, line_gap, padded_box

W, H = SIZE
GAP = line_gap(H)
PAPER = np.array([200.0, 210.0, 220.0])


def block(w: int, h: int, level: int) -> np.ndarray:
    return np.full((h, w, 3), level, dtype=np.uint8)


def runs(columns: np.ndarray) -> list[tuple[int, int]]:
    """First and last true column of each run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], columns.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_lines_side_by_side_all_to_one_scale() -> None:
    strip = join_lines([block(100, 30, 10), block(200, 60, 20)], PAPER)
    assert strip.shape == (H, W, 3)
    assert runs((strip[H // 2] < 100).all(-1)) == [
        (GAP, GAP + 100),
        (2 * GAP + 100, 2 * GAP + 300),
    ]
    rows = [runs((strip[:, x] < 100).all(-1)) for x in (GAP + 5, 2 * GAP + 105)]
    assert rows == [[(17, 47)], [(MARGIN, H - MARGIN)]]  # in the middle of the height
    assert (strip[0] == PAPER).all()


def test_what_is_too_wide_is_scaled_down() -> None:
    strip = join_lines([block(900, 60, 10), block(900, 60, 10)], PAPER)
    found = runs((strip[H // 2] < 100).all(-1))
    assert len(found) == 2
    assert found[1][1] <= W - GAP
    assert found[0][1] - found[0][0] == found[1][1] - found[1][0] == 363


def test_no_line_leaves_paper() -> None:
    strip = lay_out(block(800, 400, 230), [])
    assert (strip == 230).all()


def test_boxes_are_grown_but_not_off_the_picture() -> None:
    assert padded_box((50, 60, 150, 110), (800, 400)) == (46, 56, 154, 114)
    assert padded_box((0, 2, 800, 399), (800, 400)) == (0, 0, 800, 400)


def test_a_strip_shows_the_lines_of_its_picture() -> None:
    scene, _ = scene_of(9, 0)
    whole = paint(scene)
    strip = lay_out(whole, scene.boxes)
    parts = [paint(scene, padded_box(box, scene.size)) for box in scene.boxes]
    again = join_lines(parts, np.array(scene.paper))
    assert np.abs(strip.astype(int) - again).mean() < 1.5  # but for the guess of the paper
    assert (np.abs(strip.astype(int) - scene.paper).max(-1) > 40).mean() > 0.03
    assert (strip[:, -GAP:] == strip[0, 0]).all()


def test_strips_by_number_are_those_of_the_pictures_but_for_shaken_boxes() -> None:
    for index in range(12):
        pixels, text = render_strip(9, index)
        scene, same = scene_of(9, index)
        assert text == same
        assert pixels.shape == (H, W, 3)
        assert np.array_equal(render_strip(9, index)[0], pixels)
        exact = lay_out(paint(scene), scene.boxes)
        assert not np.array_equal(exact, pixels)
        paper = np.array(scene.paper)
        inks = [(np.abs(one - paper).max(-1) > 30).mean() for one in (pixels, exact)]
        assert 0.75 < inks[0] / inks[1] < 1.3
