"""Random fields and polygons that everything drawn on a slide shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]  # (H, W)
Vector = NDArray[np.float64]
Shape = tuple[int, int]
T = TypeVar("T", bound=np.generic)

MPP = 0.5  # micrometres per pixel at level 0: a 20x scan
COARSE = 8  # level-0 pixels along one pixel of the maps that only plan


def blurred(field: Field, sigma: float) -> Field:
    """`field` after a Gaussian blur of `sigma` px."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), dtype=np.float32)


def resized(field: Field, shape: Shape) -> Field:
    """`field` stretched to `shape` = (H, W), linear."""
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def clouds(rng: np.random.Generator, shape: Shape, bump_px: float, octaves: int = 2) -> Field:
    """Soft noise (H, W), mean about 0, spread about 1; its largest bumps are `bump_px` wide."""
    total, weight = np.zeros(shape, np.float32), 0.0
    for octave in range(octaves):
        step = max(bump_px / 2**octave, 1.0)
        grid = (int(shape[0] / step) + 3, int(shape[1] / step) + 3)
        coarse = rng.standard_normal(grid, dtype=np.float32)
        size = (shape[1], shape[0])
        fine = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
        total += np.asarray(fine, np.float32) * np.float32(0.6**octave)
        weight += 0.36**octave
    return total / np.float32(0.75 * np.sqrt(weight))


def grained(rng: np.random.Generator, shape: Shape, sigma: float) -> Field:
    """Fine noise (H, W), mean 0, spread 1, about as coarse as `sigma` px."""
    fine = blurred(rng.standard_normal(shape, dtype=np.float32), sigma)
    return fine * np.float32(2 * np.sqrt(np.pi) * sigma)


def planned(shape: Shape) -> Shape:
    """The shape of the coarse map that covers `shape`."""
    return -(-shape[0] // COARSE), -(-shape[1] // COARSE)


def sampled(coarse: NDArray[T], points: Vector) -> NDArray[T]:
    """Values (N,) of a coarse map at level-0 `points` (N, 2), the nearest inside the map."""
    return at(coarse, points / COARSE)


def at(field: NDArray[T], points: Vector) -> NDArray[T]:
    """Values (N,) of `field` (H, W) at `points` (N, 2) as x, y; the nearest inside the field."""
    column, row = np.floor(points).astype(np.intp).T
    height, width = field.shape
    return field[row.clip(0, height - 1), column.clip(0, width - 1)]


def filled(shape: Shape, outlines: Iterable[Vector]) -> Field:
    """Coverage [0, 1] (H, W) of polygons, each (N, 2) in px; edges antialiased, overlaps united."""
    mask = np.zeros(shape, np.uint8)
    for outline in outlines:
        sixteenths = np.rint(outline * 16).astype(np.int32)
        cv2.fillPoly(mask, [sixteenths], 255, cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / np.float32(255)


def scattered(
    rng: np.random.Generator, shape: Shape, spacing: float, jitter: float = 0.5
) -> Vector:
    """Points (N, 2) as x, y on a hexagonal grid, each moved by up to `jitter` of its `spacing`."""
    x = np.arange(spacing / 2, shape[1], spacing)
    y = np.arange(spacing / 2, shape[0], spacing * 0.866)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    grid[1::2, :, 0] += spacing / 2
    points = grid.reshape(-1, 2)
    return np.asarray(points + rng.uniform(-jitter, jitter, points.shape) * spacing)


def rings(
    rng: np.random.Generator, radii: Vector, n_points: int, rough: float, waves: int = 5
) -> Vector:
    """Closed outlines (N, n_points, 2) about the origin: circles of `radii` with `rough` waves."""
    turn = np.linspace(0, 2 * np.pi, n_points, endpoint=False)
    order = np.arange(2, 2 + waves)
    size = rng.normal(0, rough, (len(radii), waves)) / np.sqrt(order - 1)
    phase = rng.uniform(0, 2 * np.pi, (len(radii), waves))
    waved = np.cos(order[:, None] * turn + phase[..., None]) * size[..., None]
    reach = radii[:, None] * np.maximum(1 + waved.sum(axis=1), 0.25)
    return np.asarray(reach[..., None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1))
