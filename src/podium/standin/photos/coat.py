"""The coat: fur colours and patterns, drawn without knowing the animal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import Vector
from podium.standin.photos.solid import Part

_FURS = np.array(
    [
        [42, 38, 38],
        [92, 90, 92],
        [150, 146, 142],
        [112, 76, 48],
        [72, 50, 38],
        [196, 136, 78],
        [214, 186, 146],
        [232, 226, 216],
        [164, 118, 74],
    ],
    dtype=np.float64,
)
_WHITE = np.array([228.0, 222.0, 214.0])
_PINK = np.array([206.0, 150.0, 142.0])
_TONGUE = np.array([206.0, 98.0, 104.0])
_PATTERNS = ("plain", "tabby", "patches", "spots", "points", "brindle")


@dataclass(frozen=True)
class Coat:
    """One animal's fur: two colours, how they are laid out, and how shaggy it is."""

    base: Vector
    second: Vector
    pattern: str
    white: frozenset[Part]  # parts left white
    belly: float  # height below which the torso is white, in torso lengths
    nose: Vector
    collar: Vector
    shag: float  # spread of the outline, in torso lengths
    waves: Vector  # (K, 4): frequency in x, y, z, and phase


def random_coat(rng: np.random.Generator) -> Coat:
    """A coat of random colours and pattern."""
    base, second = _FURS[rng.choice(len(_FURS), 2, replace=False)] * rng.uniform(0.85, 1.1)
    parts = (Part.MUZZLE, Part.PAW, Part.LIMB, Part.INNER_EAR)
    waves = np.column_stack([rng.normal(0, 1, (5, 3)), rng.uniform(0, 6.3, 5)])
    pattern = str(rng.choice(_PATTERNS))
    if pattern in ("tabby", "brindle"):  # stripes are a darker tone of the ground
        second = base * rng.uniform(0.35, 0.7)
    return Coat(
        base=base,
        second=second,
        pattern=pattern,
        white=frozenset(part for part in parts if rng.random() < 0.25),
        belly=rng.uniform(-0.6, 0.45),
        nose=np.array([34.0, 28.0, 30.0]) if rng.random() < 0.6 else _PINK * rng.uniform(0.5, 0.9),
        collar=rng.uniform(20, 230, 3),
        shag=rng.uniform(0.002, 0.02),
        waves=waves,
    )


def fur_colours(coat: Coat, points: Vector, part: NDArray[np.uint8]) -> Vector:
    """Fur colours (N, 3) at points of the animal's surface.

    Args:
        coat: its colours and pattern.
        points: (N, 3), in the animal's frame.
        part: (N,) uint8, the `Part` of the body each point is on.
    """
    mix = _mix(coat, points, part)[:, None]
    colour = coat.base + mix * (coat.second - coat.base)
    white = np.isin(part, [int(p) for p in coat.white])
    white |= (part == Part.TORSO) & (points[:, 1] < coat.belly + 0.04 * _swirl(coat, points, 9.0))
    colour[white] = _WHITE
    for bare, paint in (
        (Part.NOSE, coat.nose),
        (Part.TONGUE, _TONGUE),
        (Part.COLLAR, coat.collar),
    ):
        colour[part == bare] = paint
    colour[part == Part.EAR] *= 0.88
    inner = (part == Part.INNER_EAR) & ~white
    colour[inner] = 0.5 * colour[inner] + 0.5 * _PINK
    return np.asarray(colour)


def _swirl(coat: Coat, points: Vector, frequency: float) -> Vector:
    """Smooth noise (N,) around 0 in three dimensions: a sum of plane waves."""
    waves = coat.waves.astype(np.float32)  # halves the time of the sines
    x, y, z = points.T.astype(np.float32) * np.float32(frequency)
    total = np.zeros(len(points), np.float32)
    for a, b, c, phase in waves:
        total += np.sin(a * x + b * y + c * z + phase)
    return total / np.sqrt(len(waves) / 2)


def _mix(coat: Coat, points: Vector, part: NDArray[np.uint8]) -> Vector:
    """Share (N,) of the second colour."""
    if coat.pattern == "tabby":
        along = points[:, 2] * 42 + points[:, 1] * 14 + 1.6 * _swirl(coat, points, 6.0)
        return _soft(np.sin(along), 0.2)
    if coat.pattern == "brindle":
        return _soft(np.sin(points[:, 2] * 70 + 3 * _swirl(coat, points, 11.0)), 0.0) * 0.7
    if coat.pattern == "patches":
        return _soft(_swirl(coat, points, 5.0), 0.2, 12)
    if coat.pattern == "spots":
        return _soft(_swirl(coat, points, 18.0), 0.7, 6)
    if coat.pattern == "points":
        dark = np.isin(part, [Part.EAR, Part.MUZZLE, Part.PAW, Part.TAIL, Part.LIMB])
        return np.where(dark, 1.0, 0.08)
    return np.zeros(len(points))


def _soft(wave: Vector, threshold: float, sharp: float = 5.0) -> Vector:
    return np.asarray(1 / (1 + np.exp(-sharp * (wave - threshold))))
