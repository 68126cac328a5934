"""Glyphs rotated, stretched to their cells and warped, pixel by pixel as Pillow does.

G glyphs at a time: each is a row of every array. Pictures of glyphs have columns first: (w, h).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.glyphs import FINE, Glyph, Table, cubic_kernel

GROUP = 16  # glyphs whose numbers still fit a processor's cache

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Coverage = NDArray[np.float32]


@dataclass(frozen=True)
class Distortions:
    """How G glyphs are distorted.

    Attributes:
        degrees: (G,) counterclockwise rotation.
        corners: (G, 4) shifts x1, y1, x2, y2 of the corners, pixels.
        rigid: (G,) whether it is rotated only, neither stretched to its cell nor warped.
    """

    degrees: Floats
    corners: Ints
    rigid: NDArray[np.bool_]


def rotation(box: Ints, degrees: Floats) -> tuple[Ints, Floats]:
    """Sizes (G, 2) of pictures `box` (G, 2) after `Image.rotate(expand=True)`, and its inverse.

    The inverse, matrices (G, 2, 3), maps a point of the rotated picture to its source.
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
    inverse = [cos, sin, c - cos * dx - sin * dy, -sin, cos, f + sin * dx - cos * dy]
    return (
        np.stack([new_w, new_h], axis=1).astype(np.int64),
        np.stack(inverse, axis=1).reshape(-1, 2, 3),
    )


def warp(cell: Ints, corners: Ints) -> tuple[Ints, Floats]:
    """Sizes (G, 2) that glyphs are stretched to, and the warp from their cells to them.

    The warp (G, 3, 4) has the coefficients of `Image.transform(cell, QUAD, ...)`: a + bX + cY +
    dXY maps a point X, Y of the cell to x, y and 1 of the stretched glyph. `cell` is (G, 2), w
    and h; `corners` is (G, 4), as in `Distortions`.
    """
    (w, h), (x1, y1, x2, y2) = cell.T, corners.T
    w2, h2 = w + abs(x1) + abs(x2), h + abs(y1) + abs(y2)
    quads = [
        _bilinear(x1, -x1, w2 + x2, w2 - x2, w, h),
        _bilinear(y1, h2 - y2, h2 + y2, -y1, w, h),
        np.broadcast_to(_IDENTITY[2], (len(cell), 4)),
    ]
    return np.stack([w2, h2], axis=1), np.stack(quads, axis=1)


def _bilinear(nw: Ints, sw: Ints, se: Ints, ne: Ints, w: Ints, h: Ints) -> Floats:
    return np.stack([nw, (ne - nw) / w, (sw - nw) / h, (se - sw - ne + nw) / (w * h)], axis=1)


_IDENTITY = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])


def ink_masks(
    table: Table, character: Ints, font: Ints, distortions: Distortions, blank_below: Floats
) -> list[Bytes]:
    """Masks (w, h), 1 = ink, of G distorted glyphs, after the Pillow of today.

    They are rotated, stretched and warped one after the other, each time pixel by pixel.

    Args:
        table: the glyphs of a bicubic style.
        character: (G,) rows of the table.
        font: (G,) columns of the table.
        distortions: of the G glyphs.
        blank_below: (G,) coverage, 255 = all, up to which a pixel stays blank.
    """
    rotated, inverse = rotation(table.box[character, font], distortions.degrees)
    cell = table.cell[character, font]
    stretched, quads = warp(cell, distortions.corners)
    glyphs = [table.glyphs[row][column] for row, column in _pairs(character, font)]
    matrices, sizes, shapes = _to_halves(inverse), rotated[:, ::-1].tolist(), stretched.tolist()
    levels = blank_below.tolist()
    quads[:, :2, 0] -= 0.5  # rounded to the nearest pixel then means: the pixel it lies in
    warps = quads[:, :2].astype(np.float32)
    masks = [_NOTHING] * len(glyphs)
    for rows in _groups(cell):
        size = cell[rows[0], 0].item(), cell[rows[0], 1].item()
        sources = (warps[rows] @ _grid(size)).reshape(-1, 2, *size)
        for row, (x, y) in zip(rows.tolist(), sources, strict=True):
            picture = _stretch(_rotate(glyphs[row], matrices[row], sizes[row]), shapes[row])
            ink = np.greater(picture, levels[row]).view(np.uint8)
            masks[row] = cast(Bytes, cv2.remap(ink, y, x, cv2.INTER_NEAREST))
    return masks


def colour_strengths(
    table: Table, character: Ints, font: Ints, distortions: Distortions
) -> list[Bytes]:
    """Colour strengths (w, h), 255 = full, of G distorted glyphs, after an early Pillow.

    Stretching and warping repeat pixels; rotation samples the FINE glyphs instead.

    Args:
        table: the glyphs of a style that is not bicubic.
        character: (G,) rows of the table.
        font: (G,) columns of the table.
        distortions: of the G glyphs.
    """
    rotated, inverse = rotation(table.box[character, font], distortions.degrees)
    cell = table.cell[character, font]
    stretched, quads = warp(cell, distortions.corners)
    rigid = distortions.rigid[:, None]
    cell, stretched = np.where(rigid, rotated, cell), np.where(rigid, rotated, stretched)
    warps = np.where(rigid[:, None], _IDENTITY, quads).astype(np.float32)
    scale, fine = (rotated / stretched)[..., None], _to_fine(inverse)
    glyphs = [table.glyphs[row][column] for row, column in _pairs(character, font)]
    strengths = [_NOTHING] * len(glyphs)
    for rows in _groups(cell):
        size = cell[rows[0], 0].item(), cell[rows[0], 1].item()
        points = np.floor(warps[rows] @ _grid(size))  # pixels of the stretched glyph
        points[:, :2] = np.floor((points[:, :2] + 0.5) * scale[rows])  # of the rotated one
        sources = (fine[rows] @ points).reshape(-1, 2, *size)
        for row, (x, y) in zip(rows.tolist(), sources, strict=True):
            strengths[row] = cast(Bytes, cv2.remap(glyphs[row].shade, y, x, cv2.INTER_NEAREST))
    return strengths


_NOTHING = np.zeros((0, 0), dtype=np.uint8)


def _rotate(glyph: Glyph, matrix: Floats, size: list[int]) -> Coverage:
    """A glyph (w, h) rotated as Pillow does: linear, outermost pixels kept up to their edge."""
    picture = cv2.warpAffine(glyph.shade, matrix, size, None, _LINEAR)
    cv2.threshold(picture, 0, 0, cv2.THRESH_TOZERO, picture)
    return cast(Coverage, picture)


_LINEAR = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR


def _stretch(picture: Coverage, size: list[int]) -> Coverage:
    """Coverage at another size by Pillow's bicubic resize: across, clipped, then down."""
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
    """Weights (T, N) of Pillow's bicubic resize from N to T pixels; wider when it shrinks."""
    ratio = n_pixels / target
    centre = (np.arange(target)[:, None] + 0.5) * ratio
    weights = cubic_kernel((np.arange(n_pixels) + 0.5 - centre) / max(ratio, 1.0))
    weights /= weights.sum(1, keepdims=True)
    return weights.astype(np.float32)


def _pairs(first: Ints, second: Ints) -> Iterator[tuple[int, int]]:
    return zip(first.tolist(), second.tolist(), strict=True)


def _groups(cell: Ints) -> Iterator[Ints]:
    """Row numbers of glyphs whose cells have the same size, at most GROUP at a time."""
    keys = cell[:, 0] * 4096 + cell[:, 1]
    order = np.argsort(keys, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
        for start in range(0, len(group), GROUP):
            yield group[start : start + GROUP]


@lru_cache(maxsize=4096)
def _grid(cell: tuple[int, int]) -> NDArray[np.float32]:
    """1, x, y and xy (4, w * h) at the pixel centres of a cell, column by column."""
    x, y = np.meshgrid(np.arange(cell[0]) + 0.5, np.arange(cell[1]) + 0.5, indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * y]).reshape(4, -1).astype(np.float32)


def _to_halves(inverse: Floats) -> Floats:
    """`inverse` (G, 2, 3) from pixels to half pixels, with x and y exchanged.

    OpenCV counts rows first, and our columns are its rows. Half pixels have a frame of one.
    """
    out = 2 * inverse[:, ::-1, [1, 0, 2]]
    out[:, :, 2] += (out[:, :, 0] + out[:, :, 1]) / 2 + 1
    return out


def _to_fine(inverse: Floats) -> NDArray[np.float32]:
    """(G, 2, 3): from pixel numbers (x, y, 1) of the rotated glyph to its nearest fine sample."""
    out = inverse.copy()
    out[:, :, 2] += out[:, :, :2].sum(2) / 2
    out *= FINE
    out[:, :, 2] -= 0.5
    return out.astype(np.float32)
