"""What makes a drawn animal a cat or a dog: proportions, drawn from overlapping ranges.

Lengths are in torso lengths for the body and in skull radii for the head. Everything that is not
anatomy (coat, pose, scene, light, camera) is drawn elsewhere, without knowing the animal.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

Animal = Literal["cat", "dog"]


@dataclass(frozen=True)
class Anatomy:
    """One animal's proportions; `_RANGES` gives each class its (low, high) of every field."""

    skull: float  # radius, in torso lengths
    skull_width: float
    cheek: float
    muzzle_length: float
    muzzle_width: float
    muzzle_drop: float
    nose: float
    ear_length: float
    ear_width: float
    ear_point: float  # 1 = triangle, 0 = round tip
    ear_prick: float  # 1 = upright, 0 = hanging
    ear_spread: float  # how far apart and how slanted
    eye: float
    eye_slant: float
    pupil: float  # width over height: 1 = round, 0.2 = slit
    whisker: float
    neck: float
    leg_length: float
    leg_width: float
    chest: float
    waist: float
    tail_length: float
    tail_width: float
    tail_curl: float
    tongue: float  # shown where above 0


_RANGES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    # field: (cat, dog)
    "skull": ((0.17, 0.23), (0.16, 0.25)),
    "skull_width": ((0.95, 1.12), (0.82, 1.05)),
    "cheek": ((0.40, 0.62), (0.30, 0.55)),
    "muzzle_length": ((0.10, 0.34), (0.45, 1.25)),
    "muzzle_width": ((0.32, 0.46), (0.40, 0.62)),
    "muzzle_drop": ((0.28, 0.40), (0.24, 0.42)),
    "nose": ((0.09, 0.14), (0.16, 0.27)),
    "ear_length": ((0.70, 1.10), (0.75, 1.45)),
    "ear_width": ((0.36, 0.50), (0.30, 0.50)),
    "ear_point": ((0.70, 1.00), (0.50, 0.92)),
    "ear_prick": ((0.80, 1.00), (-0.45, 0.82)),
    "ear_spread": ((0.50, 0.66), (0.48, 0.76)),
    "eye": ((0.19, 0.28), (0.11, 0.18)),
    "eye_slant": ((0.10, 0.40), (-0.15, 0.25)),
    "pupil": ((0.18, 0.85), (0.80, 1.00)),
    "whisker": ((0.75, 1.40), (0.00, 0.32)),
    "neck": ((0.10, 0.14), (0.13, 0.19)),
    "leg_length": ((0.34, 0.48), (0.36, 0.66)),
    "leg_width": ((0.055, 0.075), (0.050, 0.090)),
    "chest": ((0.16, 0.21), (0.20, 0.28)),
    "waist": ((0.16, 0.23), (0.14, 0.22)),
    "tail_length": ((0.60, 1.05), (0.20, 0.85)),
    "tail_width": ((0.030, 0.050), (0.032, 0.065)),
    "tail_curl": ((0.0, 2.2), (0.3, 3.6)),
    "tongue": ((-6.0, 0.3), (-0.8, 1.0)),
}


def random_anatomy(animal: Animal, rng: np.random.Generator) -> Anatomy:
    """The proportions of one random `animal`."""
    column = 0 if animal == "cat" else 1
    return Anatomy(**{f.name: rng.uniform(*_RANGES[f.name][column]) for f in fields(Anatomy)})
