"""Fur over a relief: coloured by the coat, shaded by the light, frayed at the outline."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import Field, Vector, blurred, clouds_by_count, hair_noise
from podium.standin.photos.brushes import paint_over, three_channels
from podium.standin.photos.coat import Coat, fur_colours
from podium.standin.photos.solid import FAR, Relief, View


@dataclass(frozen=True)
class Light:
    """Where light comes from (picture frame, towards the lamp) and how much is left in shade."""

    towards: Vector
    ambient: float


def random_light(rng: np.random.Generator) -> Light:
    """A random lamp, window or sun in front of the scene, mostly from above."""
    towards = np.array([rng.normal(0, 0.7), rng.uniform(-1.2, 0.2), rng.uniform(0.3, 1.2)])
    return Light(towards / np.linalg.norm(towards), rng.uniform(0.3, 0.7))


def paint_fur(
    canvas: Field, relief: Relief, view: View, coat: Coat, light: Light, rng: np.random.Generator
) -> None:
    """Paint an animal's relief over a picture, in place: coloured, shaded, frayed at its outline.

    Args:
        canvas: (H, W, 3) RGB.
        relief: depth and body part (H, W) of what is seen of the animal.
        view: from the animal's frame to the picture.
        coat: colours of the fur.
        light: of the scene.
        rng: draws the hairs.
    """
    unit = float(np.linalg.norm(view.turn[0]))
    window = _box(relief.depth > FAR, margin=int(coat.shag * unit * 2) + 3)
    depth, part = relief.depth[window], relief.part[window]
    seen = depth > FAR
    fur = np.zeros((*depth.shape, 3), np.float32)
    rows, columns = np.nonzero(seen)
    spots = np.column_stack([columns + window[1].start, rows + window[0].start, depth[seen]])
    fur[seen] = fur_colours(coat, view.unplace(spots), part[seen])
    hair = hair_noise(rng, depth.shape, 9, rng.normal(1.57, 0.5))
    fur *= three_channels(_shade(depth, seen, unit, light) * (1 + np.float32(0.09) * hair))
    cover = blurred(seen.astype(np.float32), 0.7)
    fur = _spread(fur, seen)
    fur, cover = _frayed(fur, cover, hair, coat.shag * unit, rng)
    paint_over(canvas[window], cover, fur)


def _box(seen: NDArray[np.bool_], margin: int) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return (
        slice(max(rows[0] - margin, 0), rows[-1] + margin + 1),
        slice(max(columns[0] - margin, 0), columns[-1] + margin + 1),
    )


def _shade(depth: Field, seen: NDArray[np.bool_], unit: float, light: Light) -> Field:
    """Brightness (H, W): Lambert's law on softened depth, darker in hollows."""
    weight = seen.astype(np.float32)
    depth = np.where(seen, depth, 0).astype(np.float32)
    fine = _masked_blur(depth, weight, 0.012 * unit + 0.6)
    slope_y, slope_x = np.gradient(fine)
    towards = light.towards
    lit = towards[2] - towards[0] * slope_x - towards[1] * slope_y
    lit = np.maximum(lit / np.sqrt(1 + slope_x**2 + slope_y**2), 0)
    hollow = np.clip((_masked_blur(depth, weight, 0.06 * unit + 1) - fine) / (0.2 * unit), 0, 0.5)
    shade = light.ambient + (1.15 - light.ambient) * lit - hollow
    return np.asarray(np.maximum(shade, 0.08), np.float32)


def _masked_blur(field: Field, weight: Field, sigma: float) -> Field:
    """Mean of `field` around each pixel over the pixels with weight; wide blurs at low size."""
    step = max(1, int(sigma / 3))
    size = (max(field.shape[1] // step, 1), max(field.shape[0] // step, 1))
    both = np.stack([field * weight, weight], axis=-1)
    small = np.asarray(cv2.resize(both, size, interpolation=cv2.INTER_AREA), np.float32)
    soft = blurred(small, sigma / step)
    mean = soft[..., 0] / np.maximum(soft[..., 1], 1e-4)
    full = field.shape[::-1]
    return np.asarray(cv2.resize(mean, full, interpolation=cv2.INTER_LINEAR), np.float32)


def _spread(fur: Field, seen: NDArray[np.bool_]) -> Field:
    """`fur` continued past its outline, so that fraying never pulls in black."""
    weight = seen.astype(np.float32)
    soft = blurred(fur, 2.5) / three_channels(np.maximum(blurred(weight, 2.5), 1e-3))
    soft[seen] = fur[seen]
    return soft


def _frayed(
    fur: Field, cover: Field, hair: Field, reach: float, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Both fields pulled about by up to `reach` px, so that outlines look like fur."""
    shape = cover.shape
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    drift = clouds_by_count(rng, shape, max(shape) / max(2.5 * reach, 4))
    x += np.float32(0.35 * reach) * drift
    y += np.float32(0.3 * reach) * (hair + drift)
    both = np.dstack([fur, cover])
    pulled = np.asarray(cv2.remap(both, x, y, cv2.INTER_LINEAR), np.float32)
    return pulled[..., :3], pulled[..., 3]
