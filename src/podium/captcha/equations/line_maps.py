"""Maps of where lines and glyphs lie: what a line finder is taught, and the boxes it means."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.canvas import paint
from podium.captcha.equations.render import scene_of
from podium.captcha.equations.scene import Box, Scene, box_of
from podium.captcha.equations.strips import paper_of

Pixels = NDArray[np.uint8]

CELL = 4  # pixels of a cell of the maps, each way
SHRINK = 2  # pixels that become one before the finder looks at them
SAME = 32  # level of the paper
GRAIN = 16  # the finder takes sides that are multiples of this many pixels
CROP = (512, 320)  # (w, h) of what is cut out to learn from, pixels
_ON_A_LINE = 0.75  # how often it is cut out around a line
SMALLEST = (24, 12)  # (w, h) of a line, pixels
_WIDER = 1.4  # than high is a line at least; `X=1` is twice as wide
_LIKELY = 0.5
_INKED = 10  # pixels in the first and the last row and column of a line at least: no mere specks


def lesson(seed: int, index: int) -> tuple[Pixels, Pixels]:
    """A part of picture number `index`, shrunk (h, w, 3), and its maps (h', w', 2), 255 = all.

    The first map has the boxes of lines, the second those of their glyphs.
    """
    scene, _ = scene_of(seed, index)
    rng = np.random.default_rng([seed, index])
    middle = rng.random(2) * scene.size
    if rng.random() < _ON_A_LINE:
        x0, y0, x1, y1 = scene.boxes[rng.integers(len(scene.boxes))]
        middle = (x0, y0) + rng.random(2) * (x1 - x0, y1 - y0)
    room = np.array(scene.size) - CROP
    x, y = np.clip(middle - np.array(CROP) / 2, 0, room).astype(int).tolist()
    region = x, y, x + CROP[0], y + CROP[1]
    glyphs = [box_of(scene.font, [ink]) for ink in scene.inks]
    maps = np.dstack([_filled(scene.boxes, region), _filled(glyphs, region)])
    return shrunk(paint(scene, region)), maps


def lessons(seed: int, start: int, stop: int) -> tuple[Pixels, Pixels]:
    """Lessons number `start` to `stop` - 1: parts (n, h, w, 3) and maps (n, h', w', 2)."""
    found = [lesson(seed, index) for index in range(start, stop)]
    return np.stack([pixels for pixels, _ in found]), np.stack([maps for _, maps in found])


def _filled(boxes: list[Box], region: Box) -> Pixels:
    """Boxes filled with 255 in a region, one value for each cell."""
    x0, y0, x1, y1 = region
    page = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    for left, top, right, bottom in boxes:
        page[max(top - y0, 0) : max(bottom - y0, 0), max(left - x0, 0) : max(right - x0, 0)] = 255
    size = (page.shape[1] // CELL, page.shape[0] // CELL)
    return cast(Pixels, cv2.resize(page, size, interpolation=cv2.INTER_AREA))


def shrunk(pixels: Pixels) -> Pixels:
    """How much darker than the paper a picture (H, W, 3) is, each way SHRINK times as small.

    Levels below the paper, and SAME for the paper itself. Paper is added at the right and below,
    up to a multiple of GRAIN pixels.
    """
    paper = paper_of(pixels)
    more = (-pixels.shape[0] % GRAIN, -pixels.shape[1] % GRAIN)
    if any(more):
        edges, colour = (0, more[0], 0, more[1]), paper.tolist()
        pixels = cast(Pixels, cv2.copyMakeBorder(pixels, *edges, cv2.BORDER_CONSTANT, value=colour))
    levels = np.clip(SAME + paper - np.arange(256)[:, None], 0, 255).round().astype(np.uint8)
    size = (pixels.shape[1] // SHRINK, pixels.shape[0] // SHRINK)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return cast(Pixels, cv2.LUT(small, levels[None]))


def boxes_of(maps: NDArray[np.float32], size: tuple[int, int]) -> list[Box]:
    """The lines that maps (h, w, 2) of probabilities show on a picture (w, h), top to bottom.

    The first map says which glyphs belong together, the second where their ink ends.
    """
    together = (maps[..., 0] > _LIKELY).astype(np.uint8)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(together, connectivity=4)
    found = [_around(maps[..., 1], labels == k, stats[k].tolist(), size) for k in range(1, n)]
    return sorted((box for box in found if box), key=lambda box: box[1] + box[3])


def _around(
    glyphs: NDArray[np.float32], line: NDArray[np.bool_], stats: list[int], size: tuple[int, int]
) -> Box | None:
    """The box of the glyphs of one line; None if there are hardly any."""
    x, y, w, h, _ = stats
    left, top = max(x - 1, 0), max(y - 1, 0)
    part = np.s_[top : y + h + 1, left : x + w + 1]
    near = cv2.dilate(line[part].astype(np.uint8), np.ones((3, 3), dtype=np.uint8))
    fine = cv2.resize(glyphs[part] * near, None, fx=CELL, fy=CELL, interpolation=cv2.INTER_LINEAR)
    inked = fine > _LIKELY
    rows, columns = (np.flatnonzero(inked.sum(axis) >= _INKED) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return None
    wide, high = int(columns[-1] - columns[0]), int(rows[-1] - rows[0])
    if wide < max(SMALLEST[0], _WIDER * high) or high < SMALLEST[1]:
        return None
    x0, y0 = left * CELL + int(columns[0]), top * CELL + int(rows[0])
    x1, y1 = left * CELL + int(columns[-1]) + 1, top * CELL + int(rows[-1]) + 1
    return x0, y0, min(x1, size[0]), min(y1, size[1])


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    w = min(one[2], other[2]) - max(one[0], other[0])
    h = min(one[3], other[3]) - max(one[1], other[1])
    both = max(w, 0) * max(h, 0)
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (one, other)]
    return both / (sum(areas) - both)


def all_found(found: list[Box], scene: Scene, least: float = 0.8) -> bool:
    """Whether these are the lines of a scene, in order and nothing else."""
    return len(found) == len(scene.boxes) and all(
        overlap(one, other) >= least for one, other in zip(found, scene.boxes, strict=True)
    )
