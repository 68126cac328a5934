"""Random textures and brushes that the drawn scene, coat and camera share."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]  # (H, W) or (H, W, 3), RGB where there are colours
Vector = NDArray[np.float64]


def blurred(field: Field, sigma: float) -> Field:
    """`field` after a Gaussian blur of `sigma` px."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), max(sigma, 0.05)), dtype=np.float32)


def resized(field: Field, shape: tuple[int, int]) -> Field:
    """`field` stretched to `shape` = (H, W), cubic."""
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def clouds(rng: np.random.Generator, shape: tuple[int, int], cells: float) -> Field:
    """Soft noise (H, W) around 0 with a spread near 1; `cells` bumps along the longer side."""
    total = np.zeros(shape, np.float32)
    for octave in range(3):
        n_cells = cells * 2**octave / max(shape)
        grid = (int(shape[0] * n_cells) + 2, int(shape[1] * n_cells) + 2)
        coarse = rng.standard_normal(grid, dtype=np.float32) * np.float32(0.6**octave)
        total += resized(coarse, shape)
    return total


def strands(rng: np.random.Generator, shape: tuple[int, int], length: int, angle: float) -> Field:
    """Hair-like noise (H, W), mean 0, spread 1: white noise smeared over `length` px at `angle`."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    smeared = np.asarray(cv2.filter2D(noise, -1, streak(length, angle)), dtype=np.float32)
    return smeared / np.float32(smeared.std() + 1e-6)


def streak(length: int, angle: float) -> Field:
    """Kernel (length, length) that averages along a line at `angle` radians."""
    kernel = np.zeros((length, length), np.float32)
    reach = (length - 1) / 2
    step = np.array([np.cos(angle), np.sin(angle)]) * reach
    start, end = np.rint(reach - step).astype(int), np.rint(reach + step).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
    return kernel / kernel.sum()


def stencil(shape: tuple[int, int], *outlines: Vector) -> Field:
    """Coverage [0, 1] (H, W) of polygons, each (N, 2) in px, edges antialiased."""
    mask = np.zeros(shape, np.uint8)
    for outline in outlines:
        sixteenths = np.rint(np.clip(outline, -4000, 4000) * 16).astype(np.int32)
        cv2.fillPoly(mask, [sixteenths], 255, cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / np.float32(255)


def ruled(shape: tuple[int, int], points: Vector, width: int) -> Field:
    """Coverage [0, 1] (H, W) of the line through `points` (N, 2), `width` px thick."""
    mask = np.zeros(shape, np.uint8)
    sixteenths = np.rint(np.clip(points, -2000, 2000) * 16).astype(np.int32)
    cv2.polylines(mask, [sixteenths], False, 255, width, cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / np.float32(255)


def around(shape: tuple[int, ...], points: Vector, margin: float) -> tuple[slice, slice]:
    """Rows and columns of the box around `points` (N, 2), cut to `shape`; may be empty."""
    limit = np.array(shape[1::-1])
    low = np.clip(np.floor(points.min(axis=0) - margin), 0, limit).astype(int)
    high = np.clip(np.ceil(points.max(axis=0) + margin) + 1, 0, limit).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def lay(canvas: Field, cover: Field, paint: Field | Vector) -> None:
    """Paint over `canvas` (H, W, 3) in place where `cover` (H, W) is above 0."""
    paint = np.asarray(paint, np.float32)
    if paint.ndim == 1:
        paint = np.tile(paint, (canvas.shape[1], 1))  # a whole row: numpy is slow on rows of three
    change = paint - canvas
    change *= thrice(cover)
    canvas += change


def thrice(field: Field) -> Field:
    """`field` (H, W) as three equal channels; far faster to multiply with than a broadcast."""
    return np.asarray(cv2.cvtColor(field, cv2.COLOR_GRAY2RGB), dtype=np.float32)


def rounded(n_points: int, squareness: float) -> Vector:
    """Outline (N, 2) of a unit superellipse: squareness 2 is a circle, 6 a cushion, 1 a diamond."""
    turn = np.linspace(0, 2 * np.pi, n_points, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.asarray(np.sign(ring) * np.abs(ring) ** (2 / squareness))


def turned(points: Vector, angle: float) -> Vector:
    """`points` (N, 2) rotated about the origin by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[c, s], [-s, c]]))


def muted(rng: np.random.Generator, chroma: float = 16.0) -> Vector:
    """A random household colour, RGB in [0, 255]: any brightness, little saturation."""
    return np.asarray(np.clip(rng.uniform(25, 230) + tint(rng, chroma), 5, 250))


def tint(rng: np.random.Generator, chroma: float) -> Vector:
    """Offsets in R, G, B: mostly warm against cool, as in lived-in places."""
    return rng.normal(0, chroma) * np.array([1.0, 0.1, -1.0]) + rng.normal(0, chroma / 3, 3)
