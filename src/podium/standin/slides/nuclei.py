"""Nuclei as stamps: a few hundred of each kind are rendered once per slide and laid down.

Sizes after Alberts et al., Molecular Biology of the Cell, and routine H&E at 20x: lymphocyte 6-7
micrometres, resting epithelium 5 x 8, fibroblast 2 x 12, carcinoma 7-14 and unlike each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import Field, Vector
from podium.standin.slides.maps import MPP

N_STAMPS = 192
_TONE = 0.10  # how much a kind's darkness differs between slides, as the sigma of its logarithm


@dataclass(frozen=True)
class Kind:
    """What the nuclei of one cell type have in common."""

    long_um: float
    wide_um: float
    spread: float  # of the size, as the sigma of its logarithm
    uneven: float  # of the outline
    dark: float  # haematoxylin, 1 = a resting epithelial nucleus
    dark_spread: float
    clearing: float  # how much paler the inside is than the rim
    nucleolus: float  # how dark


EPITHELIUM = Kind(8.2, 5.0, 0.09, 0.04, 1.05, 0.14, 0.35, 0.0)
LYMPHOCYTE = Kind(6.6, 5.9, 0.10, 0.05, 1.12, 0.18, 0.12, 0.0)
FIBROBLAST = Kind(12.0, 2.2, 0.18, 0.04, 0.95, 0.15, 0.0, 0.0)
ENDOTHELIUM = Kind(6.0, 1.8, 0.15, 0.03, 0.95, 0.15, 0.0, 0.0)
CARCINOMA = Kind(10.5, 7.6, 0.23, 0.07, 0.72, 0.28, 0.60, 0.7)


@dataclass(frozen=True)
class Stamps:
    """`N_STAMPS` nuclei of one kind, by angle: stamp k lies at about pi * k / N_STAMPS."""

    pixels: Field  # (N, S, S), haematoxylin relative to the kind's
    dark: float  # haematoxylin of the slide's nuclei of this kind
    dark_spread: float


def render_nuclei(kind: Kind, rng: np.random.Generator) -> Stamps:
    """Stamps of random nuclei of a kind, turned evenly through half a circle."""
    size = np.exp(rng.normal(0, kind.spread, (N_STAMPS, 2)))
    half = size * [kind.long_um / 2 / MPP, kind.wide_um / 2 / MPP]
    reach = int(np.ceil(half.max() * (1 + 2 * kind.uneven))) + 2
    offset = np.arange(-reach, reach + 1, dtype=np.float32)
    x, y = np.meshgrid(offset, offset)
    turn = (np.pi * (np.arange(N_STAMPS) + 0.5) / N_STAMPS)[:, None, None]
    u = x * np.cos(turn) + y * np.sin(turn)
    v = y * np.cos(turn) - x * np.sin(turn)
    around = np.arctan2(v / half[:, 1, None, None], u / half[:, 0, None, None])
    radius = np.hypot(u / half[:, 0, None, None], v / half[:, 1, None, None])
    for wave in (2, 3, 4):
        shift = rng.uniform(0, 2 * np.pi, (N_STAMPS, 1, 1))
        bump = rng.normal(0, kind.uneven, (N_STAMPS, 1, 1))
        radius = radius * (1 + bump * np.cos(wave * around + shift))
    edge = half.mean(axis=1)[:, None, None]
    cover = np.clip((1 - radius) * edge * 0.8 + 0.5, 0, 1)
    dark = kind.dark * np.exp(rng.normal(0, _TONE))
    pixels = (cover * _chromatin(kind, radius, rng)).astype(np.float32)
    return Stamps(pixels, float(dark), kind.dark_spread)


def _chromatin(
    kind: Kind, radius: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Haematoxylin inside a nucleus: a darker rim, mottling, now and then a nucleolus."""
    clearing = kind.clearing * rng.uniform(0, 1.6, (N_STAMPS, 1, 1))
    grain = rng.standard_normal(radius.shape)
    grain = grain + np.roll(grain, 1, 1) + np.roll(grain, 1, 2) + np.roll(grain, (1, 1), (1, 2))
    rim = np.clip(radius, 0, 1) ** 3
    inside = 1 - clearing * (1 - rim) + 0.06 * grain
    return np.asarray(inside + kind.nucleolus * _nucleoli(radius.shape[1], rng))


def _nucleoli(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A dark spot [0, 1] (N, S, S) near the middle of three stamps in five."""
    spot = size / 2 + rng.normal(0, size / 14, (2, N_STAMPS, 1, 1))
    place = np.arange(size)
    away = (place[:, None] - spot[0]) ** 2 + (place - spot[1]) ** 2
    return np.asarray(np.exp(-away / 3.0) * (rng.random((N_STAMPS, 1, 1)) < 0.6))


def lay_nuclei(
    layer: Field, stamps: Stamps, points: Vector, angles: Vector, rng: np.random.Generator
) -> None:
    """Lay one nucleus per point on `layer` (H, W) in place; where two overlap the darker shows.

    Args:
        layer: haematoxylin held in nuclei.
        stamps: the kind of nucleus.
        points: (N, 2) centres as x, y in px of `layer`.
        angles: (N,) of the long axes, radians.
        rng: draws each nucleus' strength and which of the like-turned stamps it gets.
    """
    side = stamps.pixels.shape[1]
    nearest = np.floor(angles % np.pi / np.pi * N_STAMPS).astype(np.intp)
    which = (nearest + rng.integers(-3, 4, len(angles))) % N_STAMPS
    strength = stamps.dark * np.exp(rng.normal(0, stamps.dark_spread, len(angles)))
    corners = np.rint(points - side // 2).astype(np.intp)
    seen = ((corners > -side) & (corners < layer.shape[::-1])).all(axis=1)
    places = zip(
        corners[seen].tolist(), which[seen], strength[seen].astype(np.float32), strict=True
    )
    for (x, y), k, dark in places:
        top, left = max(-y, 0), max(-x, 0)  # what a border cuts off
        window = layer[y + top : y + side, x + left : x + side]
        stamp = stamps.pixels[k, top : top + window.shape[0], left : left + window.shape[1]]
        np.maximum(window, stamp * dark, out=window)
