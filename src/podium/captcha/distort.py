"""Where each pixel of a glyph's cell comes from: turned, stretched and warped as Pillow does.

Many glyphs at a time: G glyphs, each a row of every array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.glyphs import FINE, MARGIN_X, MARGIN_Y, Glyph, Table, keys
from podium.captcha.style import Style

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


def bent(
    table: Table, character: Ints, font: Ints, bends: Bends, style: Style
) -> list[NDArray[Any]]:
    """Colour strengths (w, h), 255 = full, of G glyphs after what `bends` does to them.

    Args:
        table: the glyphs of `style`.
        character: (G,) rows of the table.
        font: (G,) columns of the table.
        bends: what happens to them.
        style: the look; where it is not bicubic, stretching repeats pixels.
    """
    turned, back = turn(table.box[character, font], bends.degrees)
    cell = table.cell[character, font]
    stretched, quads = warp(cell, bends.corners)
    glyphs = [table.glyphs[row][one] for row, one in _pairs(character, font)]
    if style.bicubic:
        return _bicubic_glyphs(glyphs, turned, back, cell, stretched, quads)
    stiff = bends.stiff[:, None]
    cell, stretched = np.where(stiff, turned, cell), np.where(stiff, turned, stretched)
    ways = np.where(stiff[:, None], _STILL, quads).astype(np.float32)
    scale = turned / stretched
    fine = _to_samples(back)
    column = table.column[character, font].astype(np.int32)[:, None]
    shades = [one.shade for one in glyphs]
    for rows in _alike(cell):
        size = cell[rows[0], 0].item(), cell[rows[0], 1].item()
        at = _stretched_pixels(ways[rows], size)
        at[:, :2] = np.floor((at[:, :2] + 0.5) * scale[rows, :, None])  # the nearest turned pixel
        found = (fine[rows] @ at).astype(np.int32)
        flat = found[:, 0] * column[rows] + found[:, 1]
        for row, index in zip(rows.tolist(), flat, strict=True):
            shades[row] = shades[row].take(index, mode="clip").reshape(size)
    return shades


def _bicubic_glyphs(
    glyphs: Sequence[Glyph], turned: Ints, back: Floats, cell: Ints, stretched: Ints, quads: Floats
) -> list[NDArray[Any]]:
    """Coverage (w, h) of G cells: glyphs turned, then stretched, then warped, pixel by pixel."""
    ways, matrices, sizes = quads.astype(np.float32), _between_pixels(back), turned.tolist()
    shapes = stretched + 2  # a blank pixel all around: what lies outside
    framed, shapes = shapes.astype(np.float32), shapes.tolist()
    shades: list[NDArray[Any]] = [_NOTHING] * len(glyphs)
    for rows in _alike(cell):
        size = cell[rows[0], 0].item(), cell[rows[0], 1].item()
        at = _stretched_pixels(ways[rows], size)[:, :2]
        at += 1
        np.maximum(at, 0, out=at)
        np.minimum(at, framed[rows, :, None] - 1, out=at)
        at[:, 0] *= framed[rows, 1:]
        flat = (at[:, 0] + at[:, 1]).astype(np.int64)
        for row, index in zip(rows.tolist(), flat, strict=True):
            picture = _turned(glyphs[row], matrices[row], sizes[row])
            picture = _stretched(picture, *shapes[row])
            shades[row] = picture.take(index, mode="clip").reshape(size)
    return shades


_NOTHING = np.zeros((0, 0), dtype=np.float32)


def _between_pixels(back: Floats) -> Floats:
    """`back` (G, 2, 3) between pixel numbers, x and y exchanged, into boxes with a frame of one."""
    out = back[:, ::-1, [1, 0, 2]]
    out[:, :, 2] += (out[:, :, 0] + out[:, :, 1] + 1) / 2
    return out


def _turned(glyph: Glyph, matrix: Floats, size: list[int]) -> Coverage:
    """A glyph (w, h) turned as Pillow does: linear, its outermost pixels kept up to their edge."""
    to = (size[1], size[0])
    picture = cv2.warpAffine(glyph.shade, matrix, to, None, _LINEAR)
    inside = cv2.warpAffine(_box(glyph.box), matrix, to, None, _NEAREST)
    return cast(Coverage, cv2.multiply(picture, inside, picture))


_LINEAR = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
_NEAREST = cv2.WARP_INVERSE_MAP | cv2.INTER_NEAREST


@lru_cache(maxsize=1024)
def _box(box: tuple[int, int]) -> Coverage:
    """One inside the box, zero on its frame."""
    return np.pad(np.ones(box, dtype=np.float32), 1)


def _stretched(picture: Coverage, w: int, h: int) -> Coverage:
    """Coverage (w, h) at another size, as Pillow's bicubic resize: across, clipped, then down.

    The outermost pixels of the new size are a blank frame.
    """
    across, down = _weights(picture.shape[0], w)[0], _weights(picture.shape[1], h)[1]
    wide = across @ picture
    np.maximum(wide, 0, out=wide)
    return cast(Coverage, wide @ down)


@lru_cache(maxsize=8192)
def _weights(n_pixels: int, framed: int) -> tuple[Coverage, Coverage]:
    """Weights (framed, n) that resize n pixels to framed - 2 with a frame, and their transpose."""
    weights = np.pad(bicubic(n_pixels, framed - 2), ((1, 1), (0, 0)))
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


def _to_samples(back: Floats) -> NDArray[np.float32]:
    """(G, 2, 3): from pixel numbers (x, y, 1) of the turned glyph to its fine samples."""
    to = back.copy()
    to[:, :, 2] += to[:, :, :2].sum(2) / 2 + (MARGIN_X, MARGIN_Y)
    return (to * FINE).astype(np.float32)
