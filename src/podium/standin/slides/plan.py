"""Where everything lies on one slide: tissue, tumour, fibrous bands, lymph follicles.

Maps here are coarse (one value per `COARSE` level-0 pixels); outlines are in level-0 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import Field, Shape, Vector, blurred, clouds_by_size
from podium.standin.slides.maps import COARSE, coarse_shape

Mask = NDArray[np.bool_]

_TUMOUR_SHARE = (0.25, 0.65)  # of the tissue on a slide that has a tumour
_SMALLEST = 0.015  # area of one piece of tumour, in squares of the slide's shorter side
_FIBROUS = 0.35  # from here on there are no glands
_INSET = 40  # level-0 px by which a tumour's outline stays inside the tissue


@dataclass(frozen=True)
class Plan:
    """One slide before anything is painted."""

    shape: Shape  # (H, W) at level 0
    tissue: Field  # coarse; above 0 inside, growing by 1 over the slide's shorter side
    tumour: Mask  # coarse
    outlines: list[Vector]  # (N, 2) each, whole level-0 pixels as x, y, closed
    fibrous: Field  # coarse [0, 1]: bands without glands
    follicles: Field  # coarse [0, 1]: lymphocytes lie close where it is high


def tissue_labels(plan: Plan) -> NDArray[np.uint8]:
    """A coarse mask (h, w) of labels: 0 none, 1 tumour, 2 follicle, 3 mucosa, that is glands."""
    labels = np.zeros(plan.tissue.shape, dtype=np.uint8)
    inside = plan.tissue > 0
    labels[inside & (plan.fibrous < _FIBROUS)] = 3
    labels[inside & (plan.follicles > 0.5)] = 2
    labels[plan.tumour] = 1
    return labels


def random_plan(rng: np.random.Generator, side: int, has_tumour: bool) -> Plan:
    """A random plan.

    Args:
        rng: draws it.
        side: about how many level-0 pixels the slide is wide and high.
        has_tumour: whether there is a tumour on it.
    """
    shape = (int(side * rng.uniform(0.88, 1.12)), int(side * rng.uniform(0.88, 1.12)))
    tissue = _islands(rng, coarse_shape(shape))
    outlines = _tumour_outlines(rng, tissue, shape) if has_tumour else []
    tumour = _covered(outlines, tissue.shape)
    bands = clouds_by_size(rng, coarse_shape(shape), 110)
    fibrous = np.clip((bands - 1.05) * 4, 0, 1).astype(np.float32)
    return Plan(shape, tissue, tumour, outlines, fibrous, _follicles(rng, tissue, tumour))


def _islands(rng: np.random.Generator, shape: Shape) -> Field:
    """One to three pieces of tissue side by side with wavy edges, as a height above the edge."""
    side, n_islands = min(shape), int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15]))
    slant = rng.uniform(0, np.pi)
    along = np.array([np.cos(slant), np.sin(slant)])
    across = np.array([-along[1], along[0]])
    middle = np.array([shape[1], shape[0]]) / 2 + rng.normal(0, 0.04, 2) * side
    broad = 0.45 if n_islands == 1 else 0.42 / n_islands
    height = np.full(shape, -1.0, np.float32)
    for island in range(n_islands):
        place = middle + across * side * (island - (n_islands - 1) / 2) * 0.9 / n_islands
        long, wide = rng.uniform(0.40, 0.56), rng.uniform(0.70, 0.95) * broad
        height = np.maximum(height, _dome(shape, place, along, long * side, wide * side))
    waves = clouds_by_size(rng, shape, 0.22 * side, 4) * np.float32(0.042 / n_islands**0.5)
    return np.asarray(height + waves, np.float32)


def _dome(shape: Shape, place: Vector, along: Vector, long: float, wide: float) -> Field:
    """Height of an ellipse about `place` with half axes `long` and `wide` (coarse px)."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    u = (x - place[0]) * along[0] + (y - place[1]) * along[1]
    v = (y - place[1]) * along[0] - (x - place[0]) * along[1]
    reach = np.sqrt((u / long) ** 2 + (v / wide) ** 2)
    return np.asarray((1 - reach) * wide / min(shape), np.float32)


def _tumour_outlines(rng: np.random.Generator, tissue: Field, shape: Shape) -> list[Vector]:
    """Smooth outlines that together cover a random share of the tissue."""
    side = min(tissue.shape)
    inside = tissue > 0
    spot = rng.choice(np.argwhere(tissue > np.quantile(tissue[inside], 0.4)))
    y, x = np.mgrid[: tissue.shape[0], : tissue.shape[1]]
    away = np.hypot(x - spot[1], y - spot[0]) / side
    waves = clouds_by_size(rng, coarse_shape(shape), 0.3 * side) * np.float32(0.16)
    height = waves - away.astype(np.float32)
    core = blurred(tissue, 2) > 0.5 * _INSET / (COARSE * side)
    ranked = np.sort(height[core])[::-1]
    n_pixels = int(rng.uniform(*_TUMOUR_SHARE) * inside.sum())
    tumour = ((height >= ranked[min(n_pixels, len(ranked) - 1)]) & core).astype(np.float32)
    smooth = blurred(tumour, 3) > 0.5
    contours, _ = cv2.findContours(
        smooth.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    contours = sorted(contours, key=cv2.contourArea, reverse=True)
    large = [c for c in contours if cv2.contourArea(c) > _SMALLEST * side**2]
    return [_eased(np.asarray(c[:, 0], np.float64), shape) for c in large or contours[:1]]


def _eased(chain: Vector, shape: Shape) -> Vector:
    """A pixel chain (N, 2) on the coarse map as a rounded polygon at level 0."""
    reach = 4
    ring = np.concatenate([chain[-reach:], chain, chain[:reach]])
    kernel = np.hanning(2 * reach + 3)[1:-1]
    eased = np.stack([np.convolve(axis, kernel / kernel.sum(), "valid") for axis in ring.T], axis=1)
    points = np.rint((eased + 0.5) * COARSE)[::3]
    return np.asarray(points.clip(0, [shape[1] - 1, shape[0] - 1]))


def _covered(outlines: list[Vector], shape: tuple[int, ...]) -> Mask:
    mask = np.zeros(shape, np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [np.rint(outline / COARSE).astype(np.int32)], 1)
    return mask > 0


def _follicles(rng: np.random.Generator, tissue: Field, tumour: Mask) -> Field:
    """Round crowds of lymphocytes about places in normal tissue, as in any inflamed stomach."""
    total = np.zeros(tissue.shape, np.float32)
    room = np.argwhere((tissue > 0.03) & ~tumour)
    for y, x in rng.choice(room, int(rng.integers(3, 7))).tolist() if len(room) else []:
        size = int(rng.uniform(9, 24))
        axes = (size, int(size * rng.uniform(0.6, 1)))
        cv2.ellipse(total, (x, y), axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    shape = (tissue.shape[0], tissue.shape[1])
    uneven = blurred(total, 3) + clouds_by_size(rng, shape, 12) * np.float32(0.12)
    return np.clip((uneven - 0.3) * 3, 0, 1).astype(np.float32)
