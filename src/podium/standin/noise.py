"""Random textures, blurs and polygons that all drawings share."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]  # (H, W), or (H, W, 3) where there are colours, RGB
Vector = NDArray[np.float64]
Shape = tuple[int, int]  # (H, W)


def blurred(field: Field, sigma: float) -> Field:
    """`field` (H, W) or (H, W, 3) after a Gaussian blur of `sigma` px."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), max(sigma, 0.05)), dtype=np.float32)


def resized(field: Field, shape: Shape, interpolation: int = cv2.INTER_LINEAR) -> Field:
    """`field` stretched to another size.

    Args:
        field: (h, w) or (h, w, 3).
        shape: (H, W) of the result.
        interpolation: OpenCV's code for it.
    """
    return np.asarray(cv2.resize(field, shape[::-1], interpolation=interpolation), np.float32)


def clouds_by_size(
    rng: np.random.Generator, shape: Shape, bump_px: float, octaves: int = 2
) -> Field:
    """Soft noise (H, W), mean about 0, spread about 1.

    Args:
        rng: draws the noise.
        shape: (H, W).
        bump_px: width of the largest bumps.
        octaves: how many layers of noise, each half as wide and 0.6 times as high.
    """
    total, variance = np.zeros(shape, np.float32), 0.0
    for octave in range(octaves):
        step = max(bump_px / 2**octave, 1.0)
        grid = (int(shape[0] / step) + 3, int(shape[1] / step) + 3)
        total += _bumps(rng, grid, shape) * np.float32(0.6**octave)
        variance += 0.36**octave
    return total / np.float32(0.75 * np.sqrt(variance))


def clouds_by_count(rng: np.random.Generator, shape: Shape, n_bumps: float) -> Field:
    """Soft noise (H, W), mean about 0, spread about 1, in three octaves.

    Args:
        rng: draws the noise.
        shape: (H, W).
        n_bumps: how many of the largest bumps lie along the longer side.
    """
    total = np.zeros(shape, np.float32)
    for octave in range(3):
        per_px = n_bumps * 2**octave / max(shape)
        grid = (int(shape[0] * per_px) + 2, int(shape[1] * per_px) + 2)
        total += _bumps(rng, grid, shape, 0.6**octave)
    return total


def _bumps(rng: np.random.Generator, grid: Shape, shape: Shape, height: float = 1.0) -> Field:
    """White noise on a coarse `grid`, stretched smoothly to `shape`."""
    coarse = rng.standard_normal(grid, dtype=np.float32) * np.float32(height)
    return resized(coarse, shape, cv2.INTER_CUBIC)


def grain_noise(rng: np.random.Generator, shape: Shape, sigma: float) -> Field:
    """Fine noise (H, W), mean 0, spread 1.

    Args:
        rng: draws the noise.
        shape: (H, W).
        sigma: how coarse it is, in px.
    """
    fine = blurred(rng.standard_normal(shape, dtype=np.float32), sigma)
    return fine * np.float32(2 * np.sqrt(np.pi) * sigma)


def hair_noise(rng: np.random.Generator, shape: Shape, length: int, angle: float) -> Field:
    """Hair-like noise (H, W), mean 0, spread 1: white noise smeared along lines.

    Args:
        rng: draws the noise.
        shape: (H, W).
        length: of the hairs, in px.
        angle: of the hairs, in radians.
    """
    noise = rng.standard_normal(shape, dtype=np.float32)
    smeared = np.asarray(cv2.filter2D(noise, -1, line_kernel(length, angle)), dtype=np.float32)
    return smeared / np.float32(smeared.std() + 1e-6)


def line_kernel(length: int, angle: float) -> Field:
    """Kernel (length, length) that averages along a line at `angle` radians."""
    kernel = np.zeros((length, length), np.float32)
    reach = (length - 1) / 2
    step = np.array([np.cos(angle), np.sin(angle)]) * reach
    start, end = np.rint(reach - step).astype(int), np.rint(reach + step).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
    return kernel / kernel.sum()


def polygon_coverage(shape: Shape, outlines: Iterable[Vector]) -> Field:
    """Coverage [0, 1] (H, W) of polygons, each (N, 2) in px; edges antialiased, overlaps united."""
    mask = np.zeros(shape, np.uint8)
    limit = max(4000, 2 * max(shape))  # OpenCV's whole numbers overflow far outside
    for outline in outlines:
        sixteenths = np.rint(np.clip(outline, -limit, limit) * 16).astype(np.int32)
        cv2.fillPoly(mask, [sixteenths], 255, cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / np.float32(255)
