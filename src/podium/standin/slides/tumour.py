"""Carcinoma: nests and fused glands without order, large unlike nuclei turned every way."""

from __future__ import annotations

import numpy as np

from podium.standin.noise import Field, Vector, clouds_by_size, polygon_coverage, resized
from podium.standin.slides.dyes import Layers
from podium.standin.slides.maps import (
    coarse_shape,
    jittered_grid,
    sample,
    sample_coarse,
    wavy_circles,
)
from podium.standin.slides.nuclei import CARCINOMA, lay_nuclei, render_nuclei
from podium.standin.slides.plan import Plan


def add_tumour(layers: Layers, plan: Plan, rng: np.random.Generator) -> Field:
    """Paint the tumour inside its outlines; returns the coverage [0, 1] (H, W) of its nests.

    A soft random field, the pattern, makes it solid where high, glandular in the middle, and a
    scatter of single cells where low.

    Args:
        layers: painted on in place.
        plan: where the tumour is.
        rng: draws the pattern and each nest.
    """
    if not plan.outlines:
        return np.zeros(plan.shape, np.float32)
    extent = polygon_coverage(plan.shape, plan.outlines)
    pattern = clouds_by_size(rng, coarse_shape(plan.shape), 60) + np.float32(rng.normal(0, 0.6))
    centres, radii = _places(plan, pattern, rng)
    nests = polygon_coverage(plan.shape, wavy_circles(rng, radii, 40, 0.20) + centres[:, None])
    nests = np.maximum(nests, _sheets(plan, pattern, rng)) * extent
    layers.fill(nests, rng.uniform(0.12, 0.24), rng.uniform(0.42, 0.58))
    lumens = polygon_coverage(plan.shape, _slits(centres, radii, rng)) * nests
    layers.clear(lumens * np.float32(0.95))
    stamps = render_nuclei(CARCINOMA, rng)
    singles = _singles(layers, plan, pattern, rng)
    points = jittered_grid(rng, plan.shape, 22.5, 0.5)
    crowd = points[sample(nests * (1 - lumens), points) > 0.5]
    for places in (singles, crowd):
        lay_nuclei(layers.nuclei, stamps, places, rng.uniform(0, np.pi, len(places)), rng)
    return nests


def _places(plan: Plan, pattern: Field, rng: np.random.Generator) -> tuple[Vector, Vector]:
    """Centres (N, 2) and radii (N,) of glands that crowd, fuse and differ in size."""
    points = jittered_grid(rng, plan.shape, 112, 0.42)
    inside = sample_coarse(plan.tumour, points)
    kind = sample_coarse(pattern, points)
    points = points[inside & (kind < 0.5) & (kind > -1.0)]
    return points, 46 * np.exp(rng.normal(0, 0.32, len(points)))


def _sheets(plan: Plan, pattern: Field, rng: np.random.Generator) -> Field:
    """Solid growth [0, 1] (H, W), parted by septa."""
    ridge = np.abs(clouds_by_size(rng, plan.shape, 130, 3))
    solid = resized(np.clip((pattern - 0.4) * 5, 0, 1).astype(np.float32), plan.shape)
    return np.asarray(np.clip((ridge - 0.26) * 9, 0, 1) * solid, np.float32)


def _slits(centres: Vector, radii: Vector, rng: np.random.Generator) -> Vector:
    """Openings (M, 24, 2): none, one or several in a gland, of any shape and off its middle."""
    which = np.repeat(np.arange(len(radii)), rng.integers(0, 6, len(radii)))
    shape = wavy_circles(rng, radii[which] * rng.uniform(0.08, 0.30, len(which)), 24, 0.22)
    shape *= np.exp(rng.normal(0, 0.4, (len(which), 1, 2)))
    away = rng.normal(0, 0.38, (len(which), 2)) * radii[which][:, None]
    return np.asarray(shape + (centres[which] + away)[:, None])


def _singles(layers: Layers, plan: Plan, pattern: Field, rng: np.random.Generator) -> Vector:
    """Centres (N, 2) of cells on their own, some pushed aside by a drop of mucin: signet rings."""
    points = jittered_grid(rng, plan.shape, 27, 0.5)
    inside = sample_coarse(plan.tumour, points)
    points = points[inside & (sample_coarse(pattern, points) < -0.8)]
    drops = points[rng.random(len(points)) < 0.5]
    turn = rng.uniform(0, 2 * np.pi, len(drops))
    beside = drops + 13 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    discs = wavy_circles(rng, rng.uniform(8, 14, len(drops)), 20, 0.06) + beside[:, None]
    layers.clear(polygon_coverage(plan.shape, discs) * np.float32(0.7))
    return points
