import time

import numpy as np
import pytest

from podium.captcha.equations.canvas import paint
from podium.captcha.equations.line_maps import (
    CELL,
    CROP,
    PAPER_LEVEL,
    SHRINK,
    SIDE_MULTIPLE,
    all_lines_match,
    find_boxes,
    network_input,
    overlap,
    training_batch,
    training_example,
    worn,
)
from podium.captcha.equations.render import scene_of
from podium.captcha.equations.scene import Scene, box_of


def truth(scene: Scene) -> np.ndarray:
    """The maps of a finder that is always right."""
    w, h = scene.size
    maps = np.zeros((h, w, 2), dtype=np.float32)
    for level, boxes in enumerate((scene.boxes, [box_of(scene.font, [i]) for i in scene.inks])):
        for x0, y0, x1, y1 in boxes:
            maps[y0:y1, x0:x1, level] = 1
    return maps.reshape(h // CELL, CELL, w // CELL, CELL, 2).mean((1, 3))


def test_right_maps_mean_the_right_boxes() -> None:
    for index in range(150):
        scene, _ = scene_of(6, index)
        found = find_boxes(truth(scene), scene.size)
        assert all_lines_match(found, scene, min_overlap=0.85)


def test_specks_in_the_maps_are_no_lines() -> None:
    maps = np.zeros((100, 200, 2), dtype=np.float32)
    maps[20:22, 30:33] = 1
    assert find_boxes(maps, (800, 400)) == []
    maps[50:60, 40:100, 0] = 1  # a line without glyphs
    assert find_boxes(maps, (800, 400)) == []
    maps[52:58, 45:90, 1] = 1
    assert find_boxes(maps, (800, 400)) == [(180, 208, 360, 232)]
    maps[80:90, 20:33] = 1  # hardly wider than high
    assert len(find_boxes(maps, (800, 400))) == 1
    maps[80:90, 20:36] = 1
    assert len(find_boxes(maps, (800, 400))) == 2


def test_a_box_ends_at_the_edge_of_the_picture() -> None:
    maps = np.ones((10, 30, 2), dtype=np.float32)
    assert find_boxes(maps, (118, 39)) == [(0, 0, 118, 39)]


def test_overlap_by_hand() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0


def test_lines_too_many_too_few_or_out_of_order_are_not_all() -> None:
    scene = next(scene for scene, _ in (scene_of(1, k) for k in range(9)) if len(scene.boxes) == 3)
    first, second, third = scene.boxes
    assert all_lines_match([first, second, third], scene)
    for wrong in ([first, second], [second, first, third], [first, second, third, third], []):
        assert not all_lines_match(wrong, scene)
    x0, y0, x1, y1 = third
    assert not all_lines_match([first, second, (x0, y0, x0 + 7 * (x1 - x0) // 10, y1)], scene)


@pytest.mark.parametrize("size", [(800, 400), (801, 399), (90, 33)])
def test_a_picture_is_seen_as_darker_than_its_paper(size: tuple[int, int]) -> None:
    w, h = size
    pixels = np.full((h, w, 3), (210, 220, 250), dtype=np.uint8)
    pixels[8:24, 8:24] = (110, 220, 90)
    seen = network_input(pixels)
    assert seen.shape[0] * SHRINK % SIDE_MULTIPLE == seen.shape[1] * SHRINK % SIDE_MULTIPLE == 0
    assert seen.shape[0] * SHRINK - h < SIDE_MULTIPLE > seen.shape[1] * SHRINK - w
    assert (seen[8, 8] == (PAPER_LEVEL + 100, PAPER_LEVEL, PAPER_LEVEL + 160)).all()
    assert (seen[-1, -1] == PAPER_LEVEL).all()


def test_specks_on_the_edge_grow_no_streaks() -> None:
    pixels = np.full((33, 90, 3), 220, dtype=np.uint8)
    pixels[-1, 20:24] = pixels[12:14, -1] = 0
    assert pixels.shape[0] % SIDE_MULTIPLE == 1
    seen = network_input(pixels)
    assert (seen[17:] == PAPER_LEVEL).all()
    assert (seen[:, 45:] == PAPER_LEVEL).all()


def test_training_examples_are_parts_of_pictures_with_their_maps() -> None:
    pixels, maps = training_batch(3, 10, 22)
    w, h = CROP
    assert pixels.shape == (12, h // SHRINK, w // SHRINK, 3)
    assert maps.shape == (12, h // CELL, w // CELL, 2)
    assert np.array_equal(training_example(3, 15)[0], pixels[5])
    assert 0.4 < (maps[..., 0].max((1, 2)) == 255).mean() <= 1  # most show a line
    assert (maps[..., 1].astype(int) <= maps[..., 0].astype(int) + 60).all()  # glyphs lie on lines
    dark = (
        pixels.reshape(12, h // CELL, 2, w // CELL, 2, 3).max((2, 4, 5)).astype(int) - PAPER_LEVEL
    )
    on, off = dark[maps[..., 1] == 255], dark[maps[..., 0] == 0]
    assert on.mean() > off.mean() + 25


def test_maps_fit_the_picture_they_were_cut_from() -> None:
    scene, _ = scene_of(3, 10)
    whole = truth(scene)
    assert whole.shape[:2] == tuple(side // CELL for side in paint(scene).shape[:2])


def test_noise_is_looked_through_in_no_time() -> None:
    """8,000 x 8,000 px of noise: 200,000 specks, each of which took a look at the whole map."""
    maps = np.random.default_rng(0).random((2000, 2000, 2)).astype(np.float32)
    start = time.process_time()
    find_boxes(maps, (8000, 8000))
    assert time.process_time() - start < 10


def test_some_training_examples_are_shaded_or_grainy() -> None:
    pixels = np.full((CROP[1], CROP[0], 3), 220, dtype=np.uint8)
    kinds = {"plain": 0, "shaded": 0, "grainy": 0}
    for number in range(60):
        out = worn(pixels, 0.2, np.random.default_rng(number)).astype(int)[..., 0]
        grainy = np.abs(np.diff(out, axis=1)).mean() > 2
        kinds["grainy" if grainy else "shaded" if out.std() > 0.3 else "plain"] += 1
    assert kinds["plain"] > 25
    assert min(kinds["shaded"], kinds["grainy"]) > 3
