"""How much dye each pixel of a slide holds: in nuclei, around them, and eosin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from podium.standin.noise import Field


@dataclass(frozen=True)
class Layers:
    """Dye (H, W) each, 1 = well stained; painted on in place."""

    nuclei: Field  # haematoxylin in nuclei
    diffuse: Field  # haematoxylin elsewhere
    eosin: Field
    grain: Field  # fine texture around 1 that cytoplasm and fibres share

    def fill(self, cover: Field, diffuse: float, eosin: float) -> None:
        """Replace both diffuse dyes where `cover` (H, W) [0, 1] says."""
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
