"""Where each pixel of a glyph's cell comes from: turned, stretched and warped as Pillow does.

Many glyphs at a time: G glyphs, each a row of every array.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from podium.captcha.glyphs import FINE, MARGIN_X, MARGIN_Y, Table
from podium.captcha.style import Style

TOGETHER = 8  # glyphs whose numbers still fit a processor's cache

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Bends:
    """What happens to G glyphs.

    Attributes:
        degrees: (G,) counterclockwise turn.
        corners: (G, 4) x1, y1, x2, y2, pixels: shifts of the corners.
        stiff: (G,) those that are turned only, neither stretched to their cell nor warped.
    """

    degrees: Floats
    corners: Ints
    stiff: NDArray[np.bool_]


def turn(box: Ints, degrees: Floats) -> tuple[Ints, Floats]:
    """Sizes (G, 2) of pictures `box` (G, 2) after `Image.rotate(expand=True)`, and the way back.

    The matrices (G, 2, 3) lead from a point of the turned picture to the point it shows.
    """
    w, h = box.T
    radians = -np.radians(degrees)
    cos, sin = np.cos(radians), np.sin(radians)
    c, f = (w - cos * w - sin * h) / 2, (h + sin * w - cos * h) / 2
    xs = np.stack([c, cos * w + c, cos * w + sin * h + c, sin * h + c])
    ys = np.stack([f, -sin * w + f, -sin * w + cos * h + f, cos * h + f])
    new_w = np.ceil(xs.max(0)) - np.floor(xs.min(0))
    new_h = np.ceil(ys.max(0)) - np.floor(ys.min(0))
    dx, dy = (new_w - w) / 2, (new_h - h) / 2
    back = [cos, sin, c - cos * dx - sin * dy, -sin, cos, f + sin * dx - cos * dy]
    return (
        np.stack([new_w, new_h], axis=1).astype(np.int64),
        np.stack(back, axis=1).reshape(-1, 2, 3),
    )


def warp(cell: Ints, corners: Ints) -> tuple[Ints, Floats]:
    """Sizes (G, 2) that glyphs are stretched to, and where the warp finds each cell's pixels.

    The numbers (G, 3, 4) are those of `Image.transform(cell, QUAD, ...)`: a + bX + cY + dXY
    leads from a point X, Y of the cell to x, y and 1 of the stretched glyph.
    """
    (w, h), (x1, y1, x2, y2) = cell.T, corners.T
    w2, h2 = w + abs(x1) + abs(x2), h + abs(y1) + abs(y2)
    quads = [
        _bilinear(x1, -x1, w2 + x2, w2 - x2, w, h),
        _bilinear(y1, h2 - y2, h2 + y2, -y1, w, h),
        np.broadcast_to(_STILL[2], (len(cell), 4)),
    ]
    return np.stack([w2, h2], axis=1), np.stack(quads, axis=1)


def _bilinear(nw: Ints, sw: Ints, se: Ints, ne: Ints, w: Ints, h: Ints) -> Floats:
    return np.stack([nw, (ne - nw) / w, (sw - nw) / h, (se - sw - ne + nw) / (w * h)], axis=1)


_STILL = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])


def bent(table: Table, character: Ints, font: Ints, bends: Bends, style: Style) -> list[Bytes]:
    """Colour strengths (w, h), 255 = full, of G glyphs after what `bends` does to them.

    Args:
        table: the glyphs of `style`.
        character: (G,) rows of the table.
        font: (G,) columns of the table.
        bends: what happens to them.
        style: the look; where it is not bicubic, stretching repeats pixels.
    """
    cell = table.cell[character, font]
    turned, back = turn(table.box[character, font], bends.degrees)
    stretched, quads = warp(cell, bends.corners)
    stiff = bends.stiff[:, None]
    cell, stretched = np.where(stiff, turned, cell), np.where(stiff, turned, stretched)
    ways = np.where(stiff[:, None], _STILL, quads).astype(np.float32)
    scale = turned / stretched
    fine = _to_samples(back, scale if style.bicubic else np.ones_like(scale))
    column = table.column[character, font].astype(np.int32)[:, None]
    shades = [table.glyphs[row][one].shade for row, one in _pairs(character, font)]
    for rows in _alike(cell):
        size = cell[rows[0], 0].item(), cell[rows[0], 1].item()
        at = _stretched_pixels(ways[rows], size)
        if not style.bicubic:  # stretching took the nearest pixel of the turned glyph
            at[:, :2] = np.floor((at[:, :2] + 0.5) * scale[rows, :, None])
        found = (fine[rows] @ at).astype(np.int32)
        flat = found[:, 0] * column[rows] + found[:, 1]
        for row, index in zip(rows.tolist(), flat, strict=True):
            shades[row] = shades[row].take(index, mode="clip").reshape(size)
    return shades


def _pairs(first: Ints, second: Ints) -> Iterator[tuple[int, int]]:
    return zip(first.tolist(), second.tolist(), strict=True)


def _alike(cell: Ints) -> Iterator[Ints]:
    """Row numbers of glyphs whose cells have one size, a few at a time."""
    keys = cell[:, 0] * 4096 + cell[:, 1]
    order = np.argsort(keys, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
        for start in range(0, len(group), TOGETHER):
            yield group[start : start + TOGETHER]


def _stretched_pixels(quads: NDArray[np.float32], cell: tuple[int, int]) -> NDArray[np.float32]:
    """(n, 3, w * h): x, y and 1 of the pixel of the stretched glyph that the warp takes.

    Each glyph is a product of its own: one product for all could round otherwise as n changes,
    and a picture would depend on its neighbours.
    """
    at: NDArray[np.float32] = quads @ _grid(cell)
    return np.floor(at, out=at)


@lru_cache(maxsize=4096)
def _grid(cell: tuple[int, int]) -> NDArray[np.float32]:
    """1, x, y and xy (4, w * h) at the pixel centres of a cell, column by column."""
    x, y = np.meshgrid(np.arange(cell[0]) + 0.5, np.arange(cell[1]) + 0.5, indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * y]).reshape(4, -1).astype(np.float32)


def _to_samples(back: Floats, scale: Floats) -> NDArray[np.float32]:
    """(G, 2, 3): from pixel numbers (x, y, 1) of the stretched glyph to its fine samples."""
    to = back.copy()
    to[:, :, :2] *= scale[:, None]
    to[:, :, 2] += to[:, :, :2].sum(2) / 2 + (MARGIN_X, MARGIN_Y)
    return (to * FINE).astype(np.float32)
