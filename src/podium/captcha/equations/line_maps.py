"""Maps of lines and glyphs: training examples for the line finder, and boxes from its output."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.canvas import paint
from podium.captcha.equations.render import scene_of
from podium.captcha.equations.scene import Box, Scene, box_of
from podium.captcha.equations.strips import paper_colour

Pixels = NDArray[np.uint8]

CELL = 4  # pixels of a cell of the maps, each way
SHRINK = 2  # pixels, each way, that become one pixel of the network's input
PAPER_LEVEL = 32  # of the paper in the network's input
SIDE_MULTIPLE = 16  # pixels: the sides of pictures are padded to multiples of this
CROP = (512, 320)  # (w, h) of a training example, pixels
_AROUND_A_LINE = 0.75  # probability that an example is cut out around a line
SMALLEST = (24, 12)  # (w, h) of a line, pixels
_MIN_ASPECT = 1.4  # width by height of a line; that of `X=1` is 2
_THRESHOLD = 0.5  # of probabilities
_MIN_INK = 10  # pixels in the outermost rows and columns of a line: fewer are mere specks


def training_example(seed: int, index: int, vary: float = 0.0) -> tuple[Pixels, Pixels]:
    """A crop of picture number `index` as network input (h, w, 3), and its maps (h', w', 2).

    The first map has the boxes of lines, the second those of glyphs; 255 is a covered cell.

    Args:
        seed: of the pictures.
        index: number of the picture.
        vary: probability of a shade, and of grain, as `worn` takes it.
    """
    scene, _ = scene_of(seed, index)
    rng = np.random.default_rng([seed, index])
    centre = rng.random(2) * scene.size
    if rng.random() < _AROUND_A_LINE:
        x0, y0, x1, y1 = scene.boxes[rng.integers(len(scene.boxes))]
        centre = (x0, y0) + rng.random(2) * (x1 - x0, y1 - y0)
    room = np.array(scene.size) - CROP
    x, y = np.clip(centre - np.array(CROP) / 2, 0, room).astype(int).tolist()
    region = x, y, x + CROP[0], y + CROP[1]
    glyphs = [box_of(scene.font, [ink]) for ink in scene.inks]
    maps = np.dstack([_filled(scene.boxes, region), _filled(glyphs, region)])
    return network_input(worn(paint(scene, region), vary, rng)), maps


def worn(pixels: Pixels, vary: float, rng: np.random.Generator) -> Pixels:
    """A crop (h, w, 3), now and then as sheets on other papers are once they are evenly lit.

    Args:
        pixels: as painted.
        vary: probability of a shade, and of grain.
        rng: gives what happens to it.
    """
    shaded, grainy = rng.random(2) < vary
    if shaded:  # of the light that is left
        coarse = rng.normal(0, rng.uniform(2, 10), rng.integers(2, 8, 2)).astype(np.float32)
        light = cv2.resize(coarse, CROP, interpolation=cv2.INTER_CUBIC)
        pixels = cast(Pixels, cv2.add(pixels, cv2.merge([light] * 3), dtype=cv2.CV_8U))
    if grainy:
        grain = rng.normal(0, rng.uniform(5, 30), pixels.shape[:2]).astype(np.float32)
        pixels = cast(Pixels, cv2.add(pixels, cv2.merge([grain] * 3), dtype=cv2.CV_8U))
    return pixels


def training_batch(seed: int, start: int, stop: int, vary: float = 0.0) -> tuple[Pixels, Pixels]:
    """Network inputs (n, h, w, 3) and maps (n, h', w', 2) of several training examples.

    Args:
        seed: of the pictures.
        start: number of the first picture.
        stop: number after the last.
        vary: probability of a shade, and of grain, as `worn` takes it.
    """
    examples = [training_example(seed, index, vary) for index in range(start, stop)]
    inputs, maps = zip(*examples, strict=True)
    return np.stack(inputs), np.stack(maps)


def _filled(boxes: list[Box], region: Box) -> Pixels:
    """The share of each cell of a region that boxes cover, 255 = all."""
    x0, y0, x1, y1 = region
    page = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    for left, top, right, bottom in boxes:
        page[max(top - y0, 0) : max(bottom - y0, 0), max(left - x0, 0) : max(right - x0, 0)] = 255
    size = (page.shape[1] // CELL, page.shape[0] // CELL)
    return cast(Pixels, cv2.resize(page, size, interpolation=cv2.INTER_AREA))


def network_input(pixels: Pixels) -> Pixels:
    """A picture (H, W, 3) as the line finder sees it: (h, w, 3), SHRINK times as small each way.

    Its levels are how much darker than the paper it is; PAPER_LEVEL is the paper itself. First it
    is padded with paper at the right and below, to multiples of SIDE_MULTIPLE pixels.
    """
    paper = paper_colour(pixels)
    below, right = -pixels.shape[0] % SIDE_MULTIPLE, -pixels.shape[1] % SIDE_MULTIPLE
    if below or right:
        edges, colour = (0, below, 0, right), paper.tolist()
        pixels = cast(Pixels, cv2.copyMakeBorder(pixels, *edges, cv2.BORDER_CONSTANT, value=colour))
    levels = np.clip(PAPER_LEVEL + paper - np.arange(256)[:, None], 0, 255).round().astype(np.uint8)
    size = (pixels.shape[1] // SHRINK, pixels.shape[0] // SHRINK)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return cast(Pixels, cv2.LUT(small, levels[None]))


def find_boxes(maps: NDArray[np.float32], size: tuple[int, int]) -> list[Box]:
    """The boxes of lines, from top to bottom, from the maps (h, w, 2) of a picture (w, h).

    The first map, probabilities of a line, tells which glyphs belong together; the second, of a
    glyph, where their ink ends.
    """
    lines = (maps[..., 0] > _THRESHOLD).astype(np.uint8)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=4)
    boxes = [_ink_box(maps[..., 1], labels, k, stats[k].tolist(), size) for k in range(1, n)]
    return sorted((box for box in boxes if box), key=lambda box: box[1] + box[3])


def _ink_box(
    glyphs: NDArray[np.float32],
    labels: Any,
    number: int,
    stats: list[int],
    size: tuple[int, int],
) -> Box | None:
    """The box of the glyphs of one line; None if it is too small for a line.

    Args:
        glyphs: probabilities (h, w) of a glyph.
        labels: the number (h, w) of the line in each cell.
        number: of the line.
        stats: x, y, w, h of the line, cells, and their number.
        size: (w, h) of the picture, pixels.
    """
    x, y, w, h, _ = stats
    if (w + 2) * CELL <= SMALLEST[0] or (h + 2) * CELL <= SMALLEST[1]:
        return None  # noise makes very many of these
    left, top = max(x - 1, 0), max(y - 1, 0)
    part = np.s_[top : y + h + 1, left : x + w + 1]
    near = cv2.dilate((labels[part] == number).astype(np.uint8), np.ones((3, 3), dtype=np.uint8))
    fine = cv2.resize(glyphs[part] * near, None, fx=CELL, fy=CELL, interpolation=cv2.INTER_LINEAR)
    inked = fine > _THRESHOLD
    rows, columns = (np.flatnonzero(inked.sum(axis) >= _MIN_INK) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return None
    wide, high = int(columns[-1] - columns[0]), int(rows[-1] - rows[0])
    if wide < max(SMALLEST[0], _MIN_ASPECT * high) or high < SMALLEST[1]:
        return None
    x0, y0 = left * CELL + int(columns[0]), top * CELL + int(rows[0])
    x1, y1 = left * CELL + int(columns[-1]) + 1, top * CELL + int(rows[-1]) + 1
    return x0, y0, min(x1, size[0]), min(y1, size[1])


def overlap(first: Box, second: Box) -> float:
    """The intersection over union of two boxes, 0 to 1."""
    w = min(first[2], second[2]) - max(first[0], second[0])
    h = min(first[3], second[3]) - max(first[1], second[1])
    common = max(w, 0) * max(h, 0)
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (first, second)]
    return common / (sum(areas) - common)


def all_lines_match(boxes: list[Box], scene: Scene, min_overlap: float = 0.8) -> bool:
    """Whether `boxes` are the lines of a scene, in order and no others.

    Args:
        boxes: the boxes that were found.
        scene: the picture.
        min_overlap: the smallest intersection over union of a box and its line.
    """
    return len(boxes) == len(scene.boxes) and all(
        overlap(box, line) >= min_overlap for box, line in zip(boxes, scene.boxes, strict=True)
    )
