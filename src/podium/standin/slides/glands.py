"""Normal mucosa: alike tubes side by side, each a single row of alike nuclei about a lumen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import Field, Vector, clouds_by_size, polygon_coverage
from podium.standin.slides.dyes import Layers
from podium.standin.slides.maps import (
    COARSE,
    coarse_shape,
    jittered_grid,
    sample_coarse,
    wavy_circles,
)
from podium.standin.slides.nuclei import EPITHELIUM, lay_nuclei, render_nuclei
from podium.standin.slides.plan import Plan

_CORNERS = 48


@dataclass(frozen=True)
class Mucosa:
    """What the glands of one slide have in common."""

    spacing: float  # px between neighbours
    stretch: float  # 1 = cut across, above 1 = cut aslant
    slant: float
    mucin: float  # [0, 1] share of the wall that is pale


def random_mucosa(rng: np.random.Generator) -> Mucosa:
    """The mucosa of a random slide."""
    return Mucosa(
        spacing=rng.uniform(105, 140),
        stretch=rng.uniform(1.0, 1.9),
        slant=rng.uniform(0, np.pi),
        mucin=rng.uniform(0.2, 0.8),
    )


def add_glands(layers: Layers, plan: Plan, rng: np.random.Generator) -> Field:
    """Paint the glands of the normal tissue; returns their coverage [0, 1] (H, W).

    Args:
        layers: painted on in place.
        plan: where normal tissue is.
        rng: draws the mucosa and each gland.
    """
    mucosa = random_mucosa(rng)
    centres = _centres(plan, mucosa, rng)
    reactive = sample_coarse(clouds_by_size(rng, coarse_shape(plan.shape), 70), centres) > 0.25
    walls = _walls(mucosa, len(centres), rng)
    whole = polygon_coverage(plan.shape, walls + centres[:, None])
    layers.fill(whole, 0.30, 0.50)
    if len(centres):
        _lumens(layers, walls, centres, reactive, mucosa, rng)
        _gaps(layers, walls + centres[:, None])
        _nuclei(layers, walls, centres, reactive, rng)
    return whole


def _turned(points: Vector, mucosa: Mucosa) -> Vector:
    c, s = np.cos(mucosa.slant), np.sin(mucosa.slant)
    return np.asarray(points * [mucosa.stretch, 1] @ np.array([[c, s], [-s, c]]))


def _centres(plan: Plan, mucosa: Mucosa, rng: np.random.Generator) -> Vector:
    """Centres (N, 2) on a bent, slanted lattice, away from edges, tumour, bands and follicles."""
    reach = int(1.5 * max(plan.shape))
    lattice = jittered_grid(rng, (reach, reach), mucosa.spacing, 0.07) - reach / 2
    points = _turned(lattice, mucosa) + np.array(plan.shape[::-1]) / 2
    bend = [clouds_by_size(rng, coarse_shape(plan.shape), 60) for _ in range(2)]
    points += np.stack([sample_coarse(b, points) for b in bend], axis=1) * 0.16 * mucosa.spacing
    inside = ((points > 0) & (points < plan.shape[::-1])).all(axis=1)
    points = points[inside]
    radius = mucosa.spacing / 2 * (1 + mucosa.stretch) / 2
    near = _widened(plan.tumour, radius)
    free = sample_coarse(plan.tissue, points) > (radius * 0.8 + 8) / min(plan.shape)
    free &= ~sample_coarse(near, points)
    free &= sample_coarse(plan.fibrous, points) < 0.35
    free &= sample_coarse(plan.follicles, points) < 0.3
    return np.asarray(points[free])


def _widened(mask: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    reach = 2 * int(radius / COARSE) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc) > 0)


def _walls(mucosa: Mucosa, n_glands: int, rng: np.random.Generator) -> Vector:
    radii = mucosa.spacing / 2 * rng.uniform(0.84, 0.97, n_glands)
    return _turned(wavy_circles(rng, radii, _CORNERS, 0.035), mucosa)


def _lumens(
    layers: Layers,
    walls: Vector,
    centres: Vector,
    reactive: NDArray[np.bool_],
    mucosa: Mucosa,
    rng: np.random.Generator,
) -> None:
    """A pale inner wall, most of it mucin, about an opening."""
    shape = (layers.eosin.shape[0], layers.eosin.shape[1])
    opening = rng.uniform(0.14, 0.42, (len(walls), 1, 1))
    pale = opening + (0.70 - opening) * rng.uniform(0.6, 1.0, opening.shape)
    calm = ~reactive
    mucin = polygon_coverage(shape, (walls * pale + centres[:, None])[calm])
    layers.clear(mucin * np.float32(0.25 + 0.5 * mucosa.mucin))
    waves = wavy_circles(rng, np.ones(len(walls)), _CORNERS, 0.07)
    uneven = np.linalg.norm(waves, axis=-1, keepdims=True)
    layers.clear(
        polygon_coverage(shape, walls * opening * uneven + centres[:, None]) * np.float32(0.96)
    )


def _gaps(layers: Layers, outlines: Vector) -> None:
    """The thin clear line between a gland and the tissue around it."""
    mask = np.zeros(layers.eosin.shape, np.uint8)
    lines = list(np.rint(outlines * 16).astype(np.int32))
    cv2.polylines(mask, lines, True, 130, 2, cv2.LINE_AA, shift=4)
    layers.clear(mask.astype(np.float32) / np.float32(255))


def _nuclei(
    layers: Layers,
    walls: Vector,
    centres: Vector,
    reactive: NDArray[np.bool_],
    rng: np.random.Generator,
) -> None:
    """One row along each wall, upright; two rows and closer where the gland is reactive."""
    stamps = render_nuclei(EPITHELIUM, rng)
    for wall, centre, busy in zip(walls, centres, reactive, strict=True):
        for depth, step in ((0.83, 10.5), (0.64, 12.0))[: 1 + int(busy)]:
            points, upright = _along(wall * depth, step, rng)
            points += rng.normal(0, 0.9, points.shape) + centre
            upright += rng.normal(0, 0.14, len(upright))
            lay_nuclei(layers.nuclei, stamps, points, upright, rng)


def _along(ring: Vector, step: float, rng: np.random.Generator) -> tuple[Vector, Vector]:
    """Points (N, 2) every `step` px along a closed outline, and the outward angle (N,) there."""
    closed = np.concatenate([ring, ring[:1]])
    length = np.concatenate([[0], np.hypot(*np.diff(closed, axis=0).T).cumsum()])
    n_points = max(int(length[-1] / step), 3)
    place = (np.arange(n_points) + rng.random()) * length[-1] / n_points
    points = np.stack([np.interp(place, length, axis) for axis in closed.T], axis=1)
    ahead = np.stack(
        [np.interp((place + 3) % length[-1], length, axis) for axis in closed.T], axis=1
    )
    run = ahead - points
    return points, np.arctan2(run[:, 1], run[:, 0]) + np.pi / 2
