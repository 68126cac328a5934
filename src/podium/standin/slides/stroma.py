"""Connective tissue: wavy pink fibres, loose or dense, cracked and frayed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from podium.standin.noise import Field, Shape, blurred, clouds_by_size, resized
from podium.standin.slides.layers import Layers
from podium.standin.slides.maps import COARSE, coarse_shape
from podium.standin.slides.plan import Plan


@dataclass(frozen=True)
class Fibres:
    """A field of fibres: how thick at each pixel, and which way they run."""

    pixels: Field  # (H, W), mean 0, spread 1
    angle: Field  # coarse, radians


def random_fibres(rng: np.random.Generator, shape: Shape) -> Fibres:
    """Noise smeared along one direction and bent by soft waves."""
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
    """Loose tissue everywhere, dense and cracked where the plan is fibrous."""
    dense = resized(plan.fibrous, plan.shape)
    loose = np.float32(0.62) + np.float32(0.12) * fibres.pixels
    firm = np.float32(1.0) + np.float32(0.16) * fibres.pixels
    cracks = np.clip(-fibres.pixels - (1.45 - 0.3 * dense), 0, 0.6) * np.float32(1.6)
    layers.eosin[:] = np.clip(loose + dense * (firm - loose), 0.15, 1.5) * (1 - cracks)
    layers.eosin[:] *= layers.grain
    layers.diffuse[:] = np.float32(0.10) * layers.grain * (1 - cracks)


def tissue_coverage(plan: Plan, fibres: Fibres, rng: np.random.Generator) -> Field:
    """Coverage [0, 1] (H, W) of tissue, frayed along its fibres."""
    away = resized(plan.tissue, plan.shape) * np.float32(min(plan.shape))
    away += clouds_by_size(rng, plan.shape, 40, 3) * np.float32(11) + fibres.pixels * np.float32(2)
    return np.clip(blurred(away, 1) / 3 + 0.5, 0, 1).astype(np.float32)
