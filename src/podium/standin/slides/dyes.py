"""Haematoxylin and eosin: how much of each a slide holds, and the light that passes them.

After Beer and Lambert, light that passes a stain of optical density D keeps exp(-D) of itself, so
densities of stains add and their colours multiply. Stain directions vary around those of Macenko et
al. 2009 (A method for normalizing histology slides for quantitative analysis, table 1) as
laboratories do.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import Field, Vector

_HAEMATOXYLIN = np.array([0.60, 0.70, 0.36])  # optical density of red, green, blue
_EOSIN = np.array([0.14, 0.83, 0.52])


@dataclass(frozen=True)
class Layers:
    """Dye (H, W) each, 1 = well stained; painted on in place."""

    nuclei: Field  # haematoxylin in nuclei
    diffuse: Field  # haematoxylin elsewhere
    eosin: Field
    grain: Field  # fine texture around 1 that cytoplasm and fibres share

    def fill(self, cover: Field, diffuse: float, eosin: float) -> None:
        """Replace both diffuse dyes.

        Args:
            cover: (H, W) [0, 1], how much of them is replaced.
            diffuse: amount of haematoxylin.
            eosin: amount of eosin.
        """
        for layer, amount in ((self.diffuse, diffuse), (self.eosin, eosin)):
            layer += cover * (np.float32(amount) * self.grain - layer)

    def clear(self, cover: Field) -> None:
        """Take the diffuse dyes away where `cover` (H, W) [0, 1] says."""
        left = 1 - cover
        np.multiply(self.diffuse, left, out=self.diffuse)
        np.multiply(self.eosin, left, out=self.eosin)

    def dyes(self) -> tuple[Field, Field]:
        """Haematoxylin and eosin (H, W); a nucleus holds little of what lies around it."""
        around = 1 - np.minimum(self.nuclei * np.float32(1.3), 1) * np.float32(0.6)
        return self.nuclei + self.diffuse * around, self.eosin * around


@dataclass(frozen=True)
class Stain:
    """One patient's staining: optical density (3,) of one unit of each dye, and the bare glass."""

    haematoxylin: Vector
    eosin: Vector
    glass: Vector  # RGB [0, 255] where there is nothing


def random_stain(rng: np.random.Generator) -> Stain:
    """The staining of a random patient."""
    blue = _HAEMATOXYLIN + rng.normal(0, 0.035, 3)
    pink = _EOSIN + rng.normal(0, 0.05, 3) * [0.6, 1, 1.3]
    blue *= rng.uniform(1.15, 1.75) / np.linalg.norm(blue)
    pink *= rng.uniform(0.50, 0.85) / np.linalg.norm(pink)
    glass = rng.uniform(236, 247) + rng.normal(0, 1.5, 3)
    return Stain(blue.clip(0.01), pink.clip(0.01), glass.clip(225, 252))


def transmitted_light(stain: Stain, haematoxylin: Field, eosin: Field) -> NDArray[np.float32]:
    """The light (H, W, 3), RGB in [0, 255], that passes two dyes.

    Args:
        stain: optical density of the dyes.
        haematoxylin: (H, W), how much of it.
        eosin: (H, W), how much of it.
    """
    light = np.empty((*eosin.shape, 3), np.float32)
    for channel in range(3):
        density = cv2.addWeighted(
            haematoxylin,
            -float(stain.haematoxylin[channel]),
            eosin,
            -float(stain.eosin[channel]),
            float(np.log(stain.glass[channel])),
        )
        light[..., channel] = cv2.exp(density)
    return light
