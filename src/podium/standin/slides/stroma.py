"""Connective tissue: wavy pink fibres, the cells between them, small blood vessels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from podium.standin.noise import (
    Field,
    Shape,
    Vector,
    blurred,
    clouds_by_size,
    polygon_coverage,
    resized,
)
from podium.standin.slides.dyes import Layers
from podium.standin.slides.maps import (
    COARSE,
    coarse_shape,
    jittered_grid,
    sample,
    sample_coarse,
    wavy_circles,
)
from podium.standin.slides.nuclei import (
    ENDOTHELIUM,
    FIBROBLAST,
    LYMPHOCYTE,
    lay_nuclei,
    render_nuclei,
)
from podium.standin.slides.plan import Plan

_RIM = 0.004  # of the shorter side: cells keep this far from the edge of the tissue
_RED_CELL_PX = 6.5  # radius; 6.5 micrometres across


@dataclass(frozen=True)
class Fibres:
    """A field of fibres: how thick at each pixel, and which way they run."""

    pixels: Field  # (H, W), mean 0, spread 1
    angle: Field  # coarse, radians


def random_fibres(rng: np.random.Generator, shape: Shape) -> Fibres:
    """Fibres on `shape` = (H, W): noise smeared along one direction and bent by soft waves."""
    slant = rng.uniform(0, np.pi)
    c, s = float(np.cos(slant)), float(np.sin(slant))
    coarse = coarse_shape(shape)
    y, x = np.mgrid[: coarse[0], : coarse[1]].astype(np.float32) * COARSE
    across = y * c - x * s + clouds_by_size(rng, coarse, 70, 2) * np.float32(60)
    along = x * c + y * s
    reach = int(1.5 * max(shape))
    strands = np.zeros((reach, reach), np.float32)
    for thick, long, weight in ((3, 24, 0.8), (6, 50, 0.8), (14, 110, 0.8)):
        wool = rng.standard_normal((reach // thick, reach // long), dtype=np.float32)
        strands += resized(wool, (reach, reach)) * np.float32(weight)
    pixels = cv2.remap(
        strands,
        resized(along + reach / 4, shape),
        resized(across + reach / 4, shape),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    fall = np.gradient(across)
    return Fibres(
        np.asarray(pixels, np.float32) / np.float32(pixels.std()),
        np.arctan2(-fall[1], fall[0]).astype(np.float32),
    )


def add_stroma(layers: Layers, plan: Plan, fibres: Fibres) -> None:
    """Paint loose tissue everywhere, dense and cracked where the plan is fibrous.

    Args:
        layers: painted on in place.
        plan: where bands are fibrous.
        fibres: of the slide.
    """
    dense = resized(plan.fibrous, plan.shape)
    loose = np.float32(0.62) + np.float32(0.12) * fibres.pixels
    firm = np.float32(1.0) + np.float32(0.16) * fibres.pixels
    cracks = np.clip(-fibres.pixels - (1.45 - 0.3 * dense), 0, 0.6) * np.float32(1.6)
    layers.eosin[:] = np.clip(loose + dense * (firm - loose), 0.15, 1.5) * (1 - cracks)
    layers.eosin[:] *= layers.grain
    layers.diffuse[:] = np.float32(0.10) * layers.grain * (1 - cracks)


def tissue_coverage(plan: Plan, fibres: Fibres, rng: np.random.Generator) -> Field:
    """Coverage [0, 1] (H, W) of tissue, frayed along its fibres.

    Args:
        plan: where tissue is.
        fibres: of the slide.
        rng: draws the fraying.
    """
    away = resized(plan.tissue, plan.shape) * np.float32(min(plan.shape))
    away += clouds_by_size(rng, plan.shape, 40, 3) * np.float32(11) + fibres.pixels * np.float32(2)
    return np.clip(blurred(away, 1) / 3 + 0.5, 0, 1).astype(np.float32)


def add_stroma_cells(
    layers: Layers, plan: Plan, angle: Field, taken: Field, rng: np.random.Generator
) -> None:
    """Paint the cells of the stroma.

    Args:
        layers: painted on in place.
        plan: where bands are fibrous and follicles lie.
        angle: (h, w) coarse, radians; which way the fibres run.
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
    crowded = sample_coarse(plan.follicles, close) > rng.uniform(0.1, 0.9, len(close))
    places: Vector = np.concatenate([points[draw > 1 - share], close[crowded]])
    turns = rng.uniform(0, np.pi, len(places))
    lay_nuclei(layers.nuclei, render_nuclei(LYMPHOCYTE, rng), places, turns, rng)


def _free(points: Vector, plan: Plan, taken: Field) -> Vector:
    return points[(sample(taken, points) < 0.5) & (sample_coarse(plan.tissue, points) > _RIM)]


def add_vessels(layers: Layers, plan: Plan, taken: Field, rng: np.random.Generator) -> Field:
    """Paint small vessels, a thin wall about red cells; returns their coverage [0, 1] (H, W).

    Args:
        layers: painted on in place.
        plan: where tissue is.
        taken: (H, W) [0, 1], above 0 where there is no room.
        rng: draws places and sizes.
    """
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
