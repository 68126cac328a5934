"""Cells between the fibres: fibroblasts, lymphocytes on their own and crowded in follicles."""

from __future__ import annotations

import numpy as np

from podium.standin.noise import Field, Vector, clouds_by_size
from podium.standin.slides.layers import Layers
from podium.standin.slides.maps import coarse_shape, jittered_grid, sample, sample_coarse
from podium.standin.slides.nuclei import (
    FIBROBLAST,
    LYMPHOCYTE,
    lay_nuclei,
    render_nuclei,
)
from podium.standin.slides.plan import Plan

_RIM = 0.004  # of the shorter side: cells keep this far from the edge of the tissue


def add_stroma_cells(
    layers: Layers, plan: Plan, angle: Field, taken: Field, rng: np.random.Generator
) -> None:
    """Lay the cells of the stroma on `layers` in place.

    Args:
        layers: painted on in place.
        plan: where bands are fibrous and follicles lie.
        angle: coarse, radians; which way the fibres run.
        taken: (H, W) [0, 1], above 0.5 where an epithelium or a vessel leaves no room.
        rng: draws places.
    """
    points = _free(jittered_grid(rng, plan.shape, 21), plan, taken)
    draw = rng.random(len(points))
    spindle = points[draw < 0.26]
    turns = sample_coarse(angle, spindle) + rng.normal(0, 0.25, len(spindle))
    lay_nuclei(layers.nuclei, render_nuclei(FIBROBLAST, rng), spindle, turns, rng)
    crowd = sample_coarse(clouds_by_size(rng, coarse_shape(plan.shape), 22), points)
    share = np.clip(0.26 + 0.30 * crowd, 0, 1) * (1 - 0.8 * sample_coarse(plan.fibrous, points))
    close = _free(jittered_grid(rng, plan.shape, 12.5, 0.4), plan, taken)
    held = sample_coarse(plan.follicles, close) > rng.uniform(0.1, 0.9, len(close))
    places: Vector = np.concatenate([points[draw > 1 - share], close[held]])
    turns = rng.uniform(0, np.pi, len(places))
    lay_nuclei(layers.nuclei, render_nuclei(LYMPHOCYTE, rng), places, turns, rng)


def _free(points: Vector, plan: Plan, taken: Field) -> Vector:
    return points[(sample(taken, points) < 0.5) & (sample_coarse(plan.tissue, points) > _RIM)]
