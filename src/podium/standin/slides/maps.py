"""Coarse maps, places on them, and wavy outlines: what everything drawn on a slide shares."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import Shape, Vector

T = TypeVar("T", bound=np.generic)

MPP = 0.5  # micrometres per pixel at level 0: a 20x scan
COARSE = 8  # level-0 pixels along one pixel of the maps that only plan


def coarse_shape(shape: Shape) -> Shape:
    """Return the shape (h, w) of a map of `shape` (H, W) at a COARSE-th of its resolution."""
    return -(-shape[0] // COARSE), -(-shape[1] // COARSE)


def sample_coarse(coarse: NDArray[T], points: Vector) -> NDArray[T]:
    """Values (N,) of a coarse map at level-0 `points` (N, 2), the nearest inside the map."""
    return sample(coarse, points / COARSE)


def sample(field: NDArray[T], points: Vector) -> NDArray[T]:
    """Values (N,) of `field` (H, W) at `points` (N, 2) as x, y; the nearest inside the field."""
    column, row = np.floor(points).astype(np.intp).T
    height, width = field.shape
    return field[row.clip(0, height - 1), column.clip(0, width - 1)]


def jittered_grid(
    rng: np.random.Generator, shape: Shape, spacing: float, jitter: float = 0.5
) -> Vector:
    """Points (N, 2) as x, y on a hexagonal grid, each moved a little.

    Args:
        rng: draws the moves.
        shape: (H, W) of the area they cover.
        spacing: px between neighbours.
        jitter: the most a point moves along x and y, in spacings.
    """
    x = np.arange(spacing / 2, shape[1], spacing)
    y = np.arange(spacing / 2, shape[0], spacing * 0.866)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    grid[1::2, :, 0] += spacing / 2
    points = grid.reshape(-1, 2)
    return np.asarray(points + rng.uniform(-jitter, jitter, points.shape) * spacing)


def wavy_circles(
    rng: np.random.Generator, radii: Vector, n_points: int, rough: float, waves: int = 5
) -> Vector:
    """Closed outlines (N, P, 2) about the origin: circles with random waves.

    Args:
        rng: draws the waves.
        radii: (N,).
        n_points: P, how many points an outline has.
        rough: height of the waves, in radii.
        waves: how many waves are added up; the first goes round twice.
    """
    turn = np.linspace(0, 2 * np.pi, n_points, endpoint=False)
    order = np.arange(2, 2 + waves)
    size = rng.normal(0, rough, (len(radii), waves)) / np.sqrt(order - 1)
    phase = rng.uniform(0, 2 * np.pi, (len(radii), waves))
    waved = np.cos(order[:, None] * turn + phase[..., None]) * size[..., None]
    reach = radii[:, None] * np.maximum(1 + waved.sum(axis=1), 0.25)
    return np.asarray(reach[..., None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1))
