"""Small blood vessels: a thin wall with flat nuclei, an opening, red cells."""

from __future__ import annotations

import numpy as np

from podium.standin.noise import Field, Vector, polygon_coverage
from podium.standin.slides.layers import Layers
from podium.standin.slides.maps import jittered_grid, sample, sample_coarse, wavy_circles
from podium.standin.slides.nuclei import ENDOTHELIUM, lay_nuclei, render_nuclei
from podium.standin.slides.plan import Plan

_RED_CELL_PX = 6.5  # radius; 6.5 micrometres across


def add_vessels(layers: Layers, plan: Plan, taken: Field, rng: np.random.Generator) -> Field:
    """Paint vessels where nothing is `taken` (H, W) [0, 1]; returns their coverage (H, W)."""
    points = jittered_grid(rng, plan.shape, 260, 0.5)
    free = (sample(taken, points) < 0.1) & (sample_coarse(plan.tissue, points) > 0.02)
    free &= sample_coarse(plan.follicles, points) < 0.1
    points = points[free & (rng.random(len(points)) < 0.6)]
    if not len(points):
        return np.zeros_like(taken)
    radii = 16 * np.exp(rng.normal(0, 0.45, len(points)))
    walls = wavy_circles(rng, radii + 4, 32, 0.12)
    stretch = np.exp(rng.normal(0, 0.35, (len(points), 1, 1)))
    walls = walls * np.concatenate([stretch, 1 / stretch], axis=2)
    whole = polygon_coverage(plan.shape, walls + points[:, None])
    layers.fill(whole, 0.12, 0.85)
    inside = walls * (radii / (radii + 5))[:, None, None]
    opening = polygon_coverage(plan.shape, inside + points[:, None])
    layers.clear(opening * np.float32(0.95))
    _blood(layers, opening, rng)
    _lining(layers, walls, points, rng)
    return whole


def _blood(layers: Layers, opening: Field, rng: np.random.Generator) -> None:
    shape = (opening.shape[0], opening.shape[1])
    cells = jittered_grid(rng, shape, 1.7 * _RED_CELL_PX, 0.4)
    cells = cells[(sample(opening, cells) > 0.5) & (rng.random(len(cells)) < 0.5)]
    discs = wavy_circles(rng, np.full(len(cells), _RED_CELL_PX), 12, 0.08) + cells[:, None]
    layers.fill(polygon_coverage(shape, discs) * opening, 0.0, 1.25)


def _lining(layers: Layers, walls: Vector, points: Vector, rng: np.random.Generator) -> None:
    """Flat nuclei along the walls, at every fourth corner."""
    corners = walls[:, ::8]
    run = np.roll(walls, -1, axis=1)[:, ::8] - corners
    turns = np.arctan2(run[..., 1], run[..., 0]).ravel()
    places = (corners + points[:, None]).reshape(-1, 2)
    lay_nuclei(layers.nuclei, render_nuclei(ENDOTHELIUM, rng), places, turns, rng)
