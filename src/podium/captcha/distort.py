"""Where each pixel of a glyph's cell comes from: turned, stretched and warped as Pillow does.

Many glyphs at a time: G glyphs, each a row of every array.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.glyphs import FINE, Glyph, Table, keys

TOGETHER = 16  # glyphs whose numbers still fit a processor's cache

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Coverage = NDArray[np.float32]


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


def inked(table: Table, character: Ints, font: Ints, bends: Bends, faintest: Floats) -> list[Bytes]:
    """Where the ink lies: (w, h), 1 or 0, of G glyphs after what `bends` does to them.

    Args:
        table: the glyphs of a bicubic style.
        character: (G,) rows of the table.
        font: (G,) columns of the table.
        bends: what happens to them: turned, stretched and warped, each time pixel by pixel.
        faintest: (G,) shade, 255 = all, up to which a pixel stays blank.
    """
    turned, back = turn(table.box[character, font], bends.degrees)
    cell = table.cell[character, font]
    stretched, quads = warp(cell, bends.corners)
    glyphs = [table.glyphs[row][one] for row, one in _pairs(character, font)]
    matrices, sizes, shapes = _to_halves(back), turned[:, ::-1].tolist(), stretched.tolist()
    levels = faintest.tolist()
    quads[:, :2, 0] -= 0.5  # rounded to the nearest pixel then means: the pixel it lies in
    ways = quads[:, :2].astype(np.float32)
    masks = [_NOTHING] * len(glyphs)
    for rows in _alike(cell):
        size = cell[rows[0], 0].item(), cell[rows[0], 1].item()
        at = (ways[rows] @ _grid(size)).reshape(-1, 2, *size)
        for row, (x, y) in zip(rows.tolist(), at, strict=True):
            picture = _stretched(_turned(glyphs[row], matrices[row], sizes[row]), shapes[row])
            ink = np.greater(picture, levels[row]).view(np.uint8)
            masks[row] = cast(Bytes, cv2.remap(ink, y, x, cv2.INTER_NEAREST))
    return masks


def shaded(table: Table, character: Ints, font: Ints, bends: Bends) -> list[Bytes]:
    """Colour strengths (w, h), 255 = full, of G glyphs after what `bends` does to them.

    Stretching and warping repeat pixels; turning takes fine samples, which do not.

    Args:
        table: the glyphs of a style that is not bicubic.
        character: (G,) rows of the table.
        font: (G,) columns of the table.
        bends: what happens to them.
    """
    turned, back = turn(table.box[character, font], bends.degrees)
    cell = table.cell[character, font]
    stretched, quads = warp(cell, bends.corners)
    stiff = bends.stiff[:, None]
    cell, stretched = np.where(stiff, turned, cell), np.where(stiff, turned, stretched)
    ways = np.where(stiff[:, None], _STILL, quads).astype(np.float32)
    scale, fine = (turned / stretched)[..., None], _to_fine(back)
    glyphs = [table.glyphs[row][one] for row, one in _pairs(character, font)]
    shades = [_NOTHING] * len(glyphs)
    for rows in _alike(cell):
        size = cell[rows[0], 0].item(), cell[rows[0], 1].item()
        at = np.floor(ways[rows] @ _grid(size))  # the pixel of the stretched glyph
        at[:, :2] = np.floor((at[:, :2] + 0.5) * scale[rows])  # of the turned one
        found = (fine[rows] @ at).reshape(-1, 2, *size)
        for row, (x, y) in zip(rows.tolist(), found, strict=True):
            shades[row] = cast(Bytes, cv2.remap(glyphs[row].shade, y, x, cv2.INTER_NEAREST))
    return shades


_NOTHING = np.zeros((0, 0), dtype=np.uint8)


def _turned(glyph: Glyph, matrix: Floats, size: list[int]) -> Coverage:
    """A glyph (w, h) turned as Pillow does: linear, its outermost pixels kept up to their edge."""
    picture = cv2.warpAffine(glyph.shade, matrix, size, None, _LINEAR)
    cv2.threshold(picture, 0, 0, cv2.THRESH_TOZERO, picture)
    return cast(Coverage, picture)


_LINEAR = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR


def _stretched(picture: Coverage, size: list[int]) -> Coverage:
    """Coverage at another size, as Pillow's bicubic resize: across, clipped, then down."""
    across = _weights(picture.shape[0], size[0])[0]
    down = _weights(picture.shape[1], size[1])[1]
    wide = across @ picture
    cv2.threshold(wide, 0, 0, cv2.THRESH_TOZERO, wide)
    return cast(Coverage, wide @ down)


@lru_cache(maxsize=8192)
def _weights(n_pixels: int, target: int) -> tuple[Coverage, Coverage]:
    """Weights (target, n) that resize n pixels, and their transpose."""
    weights = bicubic(n_pixels, target)
    return weights, np.ascontiguousarray(weights.T)


def bicubic(n_pixels: int, target: int) -> NDArray[np.float32]:
    """Weights (target, n) of Pillow's bicubic resize, its kernel wider where pixels get fewer."""
    ratio = n_pixels / target
    centre = (np.arange(target)[:, None] + 0.5) * ratio
    weights = keys((np.arange(n_pixels) + 0.5 - centre) / max(ratio, 1.0))
    weights /= weights.sum(1, keepdims=True)
    return weights.astype(np.float32)


def _pairs(first: Ints, second: Ints) -> Iterator[tuple[int, int]]:
    return zip(first.tolist(), second.tolist(), strict=True)


def _alike(cell: Ints) -> Iterator[Ints]:
    """Row numbers of glyphs whose cells have one size, a few at a time."""
    keys = cell[:, 0] * 4096 + cell[:, 1]
    order = np.argsort(keys, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
        for start in range(0, len(group), TOGETHER):
            yield group[start : start + TOGETHER]


@lru_cache(maxsize=4096)
def _grid(cell: tuple[int, int]) -> NDArray[np.float32]:
    """1, x, y and xy (4, w * h) at the pixel centres of a cell, column by column."""
    x, y = np.meshgrid(np.arange(cell[0]) + 0.5, np.arange(cell[1]) + 0.5, indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * y]).reshape(4, -1).astype(np.float32)


def _to_halves(back: Floats) -> Floats:
    """`back` (G, 2, 3) from numbers of pixels to those of half pixels, x and y exchanged.

    OpenCV counts rows first, and our columns are its rows. Half pixels have a frame of one.
    """
    out = 2 * back[:, ::-1, [1, 0, 2]]
    out[:, :, 2] += (out[:, :, 0] + out[:, :, 1]) / 2 + 1
    return out


def _to_fine(back: Floats) -> NDArray[np.float32]:
    """(G, 2, 3): from pixel numbers (x, y, 1) of the turned glyph to its nearest fine sample."""
    to = back.copy()
    to[:, :, 2] += to[:, :, :2].sum(2) / 2
    to *= FINE
    to[:, :, 2] -= 0.5
    return to.astype(np.float32)
