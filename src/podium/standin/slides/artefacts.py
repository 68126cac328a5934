"""What goes wrong between knife and scanner, wherever the tumour may be."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import (
    Field,
    Shape,
    Vector,
    blurred,
    clouds_by_size,
    polygon_coverage,
    resized,
)
from podium.standin.slides.maps import COARSE, coarse_shape, wavy_circles

_PENS = np.array(  # optical density of red, green, blue
    [[1.5, 0.45, 1.0], [1.7, 0.9, 0.25], [1.6, 1.6, 1.5]]  # green, blue, black
)
_FOLD, _BLUR, _PEN, _BUBBLES, _DUST = 0.35, 0.35, 0.35, 0.3, 0.7  # share of slides with them


def cut_thickness(shape: Shape, rng: np.random.Generator) -> Field:
    """How thick (H, W) the cut is, around 1: a slope from side to side, and soft waves."""
    coarse = coarse_shape(shape)
    y, x = np.meshgrid(np.linspace(-1, 1, coarse[0]), np.linspace(-1, 1, coarse[1]), indexing="ij")
    slope = rng.normal(0, 0.07) * x + rng.normal(0, 0.07) * y
    waves = clouds_by_size(rng, coarse, 70) * np.float32(0.05)
    return resized((1 + slope + waves).astype(np.float32), shape)


def with_fold(dyes: tuple[Field, Field], rng: np.random.Generator) -> tuple[Field, Field]:
    """The dyes (H, W), now and then doubled along a stripe where the tissue lies over itself."""
    if rng.random() > _FOLD:
        return dyes
    shape = (dyes[0].shape[0], dyes[0].shape[1])
    away, across = _stripe(shape, rng)
    half = rng.uniform(14, 40)
    cover = np.clip((half - np.abs(resized(away, shape))) / 4 + 0.5, 0, 1).astype(np.float32)
    shift = np.hstack([np.eye(2), 2 * half * across[:, None]])
    size = (shape[1], shape[0])
    first, second = (layer + cover * cv2.warpAffine(layer, shift, size) for layer in dyes)
    return np.asarray(first, np.float32), np.asarray(second, np.float32)


def _stripe(shape: Shape, rng: np.random.Generator) -> tuple[Field, Vector]:
    """Distance (coarse, level-0 px) from a wavy line with two ends; the direction across it."""
    coarse = coarse_shape(shape)
    y, x = np.mgrid[: coarse[0], : coarse[1]].astype(np.float32) * COARSE
    slant = rng.uniform(0, np.pi)
    across = np.array([-np.sin(slant), np.cos(slant)])
    middle = np.array(shape[::-1]) * rng.uniform(0.3, 0.7, 2)
    along = (x - middle[0]) * across[1] - (y - middle[1]) * across[0]
    aside = (x - middle[0]) * across[0] + (y - middle[1]) * across[1]
    aside += clouds_by_size(rng, coarse, 60) * np.float32(22)
    beyond = np.abs(along) - rng.uniform(0.12, 0.4) * min(shape)
    return (np.abs(aside) + np.maximum(beyond, 0) * 0.3).astype(np.float32), across


def add_blur(light: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Put a patch of `light` (H, W, 3) out of focus, now and then, in place."""
    if rng.random() > _BLUR:
        return
    height, width = light.shape[:2]
    reach = int(rng.uniform(0.08, 0.2) * min(height, width))
    y, x = int(rng.uniform(0.25, 0.75) * height), int(rng.uniform(0.25, 0.75) * width)
    rows, columns = slice(max(y - reach, 0), y + reach), slice(max(x - reach, 0), x + reach)
    window = light[rows, columns]
    shape = (window.shape[0], window.shape[1])
    outline = wavy_circles(rng, np.array([0.7 * reach]), 40, 0.08)[0] + np.array(shape[::-1]) / 2
    cover = resized(
        blurred(resized(polygon_coverage(shape, [outline]), coarse_shape(shape)), 4), shape
    )
    soft = cv2.GaussianBlur(window, (0, 0), rng.uniform(1.6, 3.6))
    window += cover[..., None] * (soft - window)


def add_pen(light: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Draw marker strokes on the glass over `light` (H, W, 3), now and then, in place."""
    if rng.random() > _PEN:
        return
    shape = (light.shape[0], light.shape[1])
    ink = _PENS[rng.integers(len(_PENS))] * rng.uniform(0.7, 1.3)
    cover = np.zeros(coarse_shape(shape), np.uint8)
    for _ in range(rng.integers(1, 4)):
        stroke = _stroke(shape, rng) / COARSE
        width = int(rng.uniform(28, 80) / COARSE)
        points = [np.rint(stroke * 16).astype(np.int32)]
        cv2.polylines(cover, points, False, 255, width, cv2.LINE_AA, shift=4)
    wet = cover.astype(np.float32) / np.float32(255)
    wet *= np.clip(1 + clouds_by_size(rng, coarse_shape(shape), 9) * np.float32(0.2), 0.3, 1.5)
    density = resized(blurred(wet, 0.6), shape)
    rows = density.max(axis=1) > 0.004
    for channel in range(3):
        light[rows, :, channel] *= np.exp(-density[rows] * np.float32(ink[channel]))


def _stroke(shape: Shape, rng: np.random.Generator) -> Vector:
    """Points (N, 2) of a hand's arc somewhere along a side of the slide."""
    limits = np.array(shape[::-1])
    centre = limits * rng.uniform(0.2, 0.8, 2)
    start, sweep = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.8)
    turn = start + np.linspace(0, sweep, 40)
    reach = min(shape) * rng.uniform(0.36, 0.55) * (1 + 0.03 * np.sin(turn * rng.uniform(3, 7)))
    return np.asarray(centre + reach[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1))


def add_bubbles(light: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Trap air under the cover slip of `light` (H, W, 3), now and then, in place."""
    if rng.random() > _BUBBLES:
        return
    height, width = light.shape[:2]
    for _ in range(rng.integers(1, 5)):
        radius = rng.uniform(14, 60)
        x, y = rng.uniform(radius, width - radius), rng.uniform(radius, height - radius)
        rows, columns = (
            slice(max(int(c - 1.3 * radius), 0), int(c + 1.3 * radius)) for c in (y, x)
        )
        down, right = np.mgrid[rows.start : rows.stop, columns.start : columns.stop]
        window = light[rows, columns]
        down, right = down[: len(window)], right[:, : window.shape[1]]
        down, right = down[:, : window.shape[1]], right[: len(window)]
        away = np.hypot(down - y, right - x) - radius
        rim = 0.75 * np.exp(-((away / 3.0) ** 2)) - 0.12 * np.exp(-(((away + 7) / 3.0) ** 2))
        window *= (1 - rim).astype(np.float32)[..., None]


def add_dust(light: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Specks on the glass of `light` (H, W, 3) in place."""
    if rng.random() > _DUST:
        return
    shape = (light.shape[0], light.shape[1])
    n_specks = int(rng.integers(3, 14))
    specks = wavy_circles(rng, rng.uniform(2, 9, n_specks), 12, 0.25)
    for speck in specks + (rng.uniform(0, 1, (n_specks, 2)) * shape[::-1])[:, None]:
        low, high = np.floor(speck.min(axis=0)).astype(int), np.ceil(speck.max(axis=0)).astype(int)
        window = light[max(low[1], 0) : high[1] + 1, max(low[0], 0) : high[0] + 1]
        cover = polygon_coverage((window.shape[0], window.shape[1]), [speck - low.clip(0)])
        window *= 1 - rng.uniform(0.2, 0.8) * cover[..., None]
