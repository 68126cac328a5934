"""Sheets on other paper than the competition's, made like it: dark, unevenly lit, faint, tilted.

Sheets that are like the competition's already stay as they are, to the byte.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Levels = NDArray[np.float32]

PAPER = 230.0  # level of the paper of sheets that were unevenly lit
_EVERY, _SAMPLES = 4, 16  # pixels between samples; samples of a block of paper, each way
_DARKEST, _SPREAD = 190.0, 14.0  # levels: paper as it is drawn is brighter, and more even
_FAINT, _STRONG = 110.0, 200.0  # levels from paper to the darkest specks: less becomes the second
_FEW, _SOME = 1e-4, 1e-3  # shares of pixels: the darkest specks and steepest edges; ink
_STEEP = 1.0  # a pixel's step at the steepest edge, of the way from paper to ink: less is blurred
_BLUR, _SHARPER = 1.2, 2.0  # pixels; how much of the difference from the blurred is added
_EDGE = 40.0  # levels between neighbouring blocks, at a sheet's edge
_SMALL, _STEP = 4, 0.1  # samples of a small block, each way; of log-light, at a sheet's edge
_LEAST_SHEET = 0.3  # share of the picture
_RIM = 9  # pixels: half of them are taken off a sheet on each side
_FINE = 8  # samples of a block whose light is told, each way
_WHOLE, _REACH = 0.98, 3.0  # share of a block on the sheet; blocks from which others take its light
_N_INKED = 8  # blocks with the most ink that tell which side of the paper it is on


def like_drawn(pixels: Pixels) -> Pixels:
    """A sheet (H, W, 3) as if on bright, even paper in dark ink; the same object where it is so."""
    if _is_light_on_dark(levels := _levels(pixels)):
        pixels, levels = cast(Pixels, cv2.bitwise_not(pixels)), 255 - levels[::-1]
    low, level, high = np.quantile(levels[_MIDDLE], [0.02, 0.5, 0.98])
    if high - low > _SPREAD or level < _DARKEST:
        inside = _sheet(pixels)
        pixels = _evenly_lit(_evenly_lit(pixels, inside), inside)
        pixels[inside < 1] = np.median(pixels[inside > 0][::_EVERY], axis=0)
        pixels, level = _sharpened(pixels), PAPER
    return _strengthened(pixels, float(level))


_QUANTILES = (0.08, 0.5, 0.92)
_INK, _MIDDLE, _BRIGHT = range(3)  # of these


def _levels(pixels: Pixels) -> Levels:
    """Quantiles (3, h, w) of the grey levels in blocks of a sheet (H, W, 3)."""
    blocks = _blocks(pixels, _SAMPLES)
    ranks = [int(share * (blocks.shape[-1] - 1)) for share in _QUANTILES]
    levels = np.moveaxis(blocks[..., ranks], -1, 0).astype(np.float32)
    levels[_MIDDLE] = cv2.medianBlur(levels[_MIDDLE], 3)  # blocks full of ink stand alone
    return levels


def _blocks(pixels: Pixels, side: int) -> Pixels:
    """Grey levels (h, w, side * side), sorted, of every fourth pixel of blocks of a sheet."""
    grey = cv2.cvtColor(np.ascontiguousarray(pixels[::_EVERY, ::_EVERY]), cv2.COLOR_RGB2GRAY)
    below, right = (-length % side for length in grey.shape)
    grey = np.pad(grey, ((0, below), (0, right)), "symmetric")
    h, w = grey.shape[0] // side, grey.shape[1] // side
    blocks = grey.reshape(h, side, w, side).swapaxes(1, 2).reshape(h, w, -1)
    return cast(Pixels, np.sort(blocks, axis=-1))


def _is_light_on_dark(levels: Levels) -> bool:
    """Whether ink is brighter than the paper where there is most of it; levels (3, h, w)."""
    paper, square = levels[_MIDDLE], np.ones((3, 3), np.uint8)
    same = cv2.dilate(paper, square) - cv2.erode(paper, square) < _EDGE
    sides = paper - levels[_INK], levels[_BRIGHT] - paper
    dark, bright = (np.sort(side[same])[-_N_INKED:].sum() for side in sides)
    return bool(bright > dark)


def _evenly_lit(pixels: Pixels, inside: Pixels) -> Pixels:
    """Pixels (H, W, 3) divided by the level of the paper around them.

    Args:
        pixels: of the sheet, and of what lies around it.
        inside: (H, W), 1 where the sheet is.
    """
    (h, w, _), side = pixels.shape, _EVERY * _FINE
    blocks = _blocks(pixels, _FINE)
    middle = blocks[..., int(0.4 * blocks.shape[-1]) : int(0.6 * blocks.shape[-1])]
    paper = cv2.medianBlur(np.maximum(middle.mean(-1, dtype=np.float32), 16), 5)
    size = paper.shape[1] * side, paper.shape[0] * side
    page = cv2.copyMakeBorder(inside, 0, size[1] - h, 0, size[0] - w, cv2.BORDER_REPLICATE)
    whole = cv2.resize(page.astype(np.float32), paper.shape[::-1], interpolation=cv2.INTER_AREA)
    known = (whole > _WHOLE).astype(np.float32)
    near: list[Any] = [cv2.GaussianBlur(part, (0, 0), _REACH) for part in (paper * known, known)]
    paper = np.where(known > 0, paper, near[0] / np.maximum(near[1], 1e-6))
    light = cv2.resize(np.maximum(paper, 16), size)[:h, :w]
    return cast(Pixels, cv2.multiply(pixels, cv2.merge([PAPER / light] * 3), dtype=cv2.CV_8U))


def _sheet(pixels: Pixels) -> Pixels:
    """1 (H, W) where a photographed sheet (H, W, 3) lies on a table; without a table 1 everywhere.

    The sheet is the largest part without a sudden step of the light, and ends within the picture.
    """
    inside = np.ones(pixels.shape[:2], dtype=np.uint8)
    blocks = _blocks(pixels, _SMALL)
    level = np.log(cv2.medianBlur(blocks[..., _SMALL * _SMALL // 2], 3).astype(np.float32) + 8)
    steps = cv2.morphologyEx(level, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8))
    n, parts, stats, _ = cv2.connectedComponentsWithStats((steps < _STEP).astype(np.uint8))
    if n < 2:
        return inside
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    x, y, wide, high, area = stats[largest].tolist()
    rows, columns = level.shape
    at_edge = [x <= 1, y <= 1, x + wide >= columns - 1, y + high >= rows - 1]
    if sum(at_edge) > 1 or area < _LEAST_SHEET * level.size:
        return inside
    points = np.argwhere(parts == largest)[:, ::-1].astype(np.float32)
    corners = (cv2.convexHull(points) + 0.5) * _EVERY * _SMALL
    inside[:] = 0
    cv2.fillConvexPoly(inside, corners.astype(np.int32), 1)
    return cast(Pixels, cv2.erode(inside, np.ones((_RIM, _RIM), np.uint8)))


def _sharpened(pixels: Pixels) -> Pixels:
    """Evenly lit pixels (H, W, 3) with edges as steep as drawn ones; others as they are."""
    if pixels.shape[1] < 2:
        return pixels
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    steepest = _highest(cv2.absdiff(grey[:, 1:], grey[:, :-1]), _FEW)
    if steepest > _STEEP * _highest(cv2.subtract(np.full_like(grey, PAPER), grey), _SOME):
        return pixels
    soft = cv2.GaussianBlur(pixels, (0, 0), _BLUR)
    return cast(Pixels, cv2.addWeighted(pixels, 1 + _SHARPER, soft, -_SHARPER, 0))


def _highest(levels: Any, share: float) -> int:
    """The level that a share of the pixels (h, w) is above."""
    counts = cv2.calcHist([np.ascontiguousarray(levels)], [0], None, [256], [0, 256])
    return int(np.argmax(counts.cumsum() >= (1 - share) * levels.size))


def _strengthened(pixels: Pixels, paper: float) -> Pixels:
    """Faint pixels (H, W, 3) with more contrast; others as they are."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    reach = paper - (255 - _highest(cv2.bitwise_not(grey), _FEW))
    if not 0 < reach < _FAINT:
        return pixels
    scale = _STRONG / reach
    return cast(Pixels, cv2.convertScaleAbs(pixels, alpha=scale, beta=PAPER - scale * paper))


def tilt(glyphs: Levels) -> float:
    """Degrees by which lines rise to the right, from probabilities (h, w) of a glyph; 0 for few.

    Seen along a line, its glyphs fall together in few rows (a projection profile).
    """
    inked = (glyphs > _GLYPH).astype(np.uint8)
    n_lines, lines = cv2.connectedComponents(cv2.dilate(inked, np.ones((1, _BETWEEN), np.uint8)))
    y, x = np.nonzero(inked)
    if n_lines < 2:
        return 0.0
    start = lines[y, x] * 4 * max(glyphs.shape)  # of the rows of each line: none shares its rows
    sharpness = [_sharpness(x, y + start, degrees) for degrees in _TILTS.tolist()]
    best = int(np.argmax(sharpness))
    clear = sharpness[best] > _CLEARLY * sharpness[len(_TILTS) // 2]
    return float(_TILTS[best]) if clear and abs(_TILTS[best]) >= _LEAST_TILT else 0.0


def _sharpness(x: NDArray[np.int64], y: NDArray[np.int64], degrees: float) -> float:
    rows = np.rint(y + np.tan(np.radians(degrees)) * x).astype(np.int64)
    counts = np.unique(rows, return_counts=True)[1]
    return float(np.square(counts, dtype=np.float64).sum())


def turned(pixels: Pixels, degrees: float) -> Pixels:
    """A sheet (H, W, 3) turned clockwise, on paper large enough for all of it.

    Args:
        pixels: of the sheet.
        degrees: of the turn.
    """
    h, w, _ = pixels.shape
    cos, sin = abs(np.cos(np.radians(degrees))), abs(np.sin(np.radians(degrees)))
    wide, high = int(np.ceil(w * cos + h * sin)), int(np.ceil(h * cos + w * sin))
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), -degrees, 1.0)
    matrix[:, 2] += (wide - w) / 2, (high - h) / 2
    paper = np.median(pixels[::7, ::7].reshape(-1, 3), axis=0).tolist()
    return cast(Pixels, cv2.warpAffine(pixels, matrix, (wide, high), borderValue=paper))


_TILTS = np.arange(-15, 15.1, 0.5)  # degrees that are tried
_LEAST_TILT, _CLEARLY = 2.0, 1.15  # degrees, and how much sharper, of a sheet that is turned
_GLYPH, _BETWEEN = 0.5, 9  # probability; cells between glyphs of a line, at most
