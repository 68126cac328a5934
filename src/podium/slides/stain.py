"""How strongly a slide is stained, and its pixels as if it were stained as those learnt from.

Mean and spread of optical densities are brought to those of the reference, channel by channel
(Reinhard et al. 2001, doi:10.1109/38.946629, whose colour space is another).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.slides.reader import Pixels
from podium.slides.tissue import Mask

_LEAST_SPREAD = 0.02  # of optical densities: less is a picture of one colour


@dataclass(frozen=True)
class Stain:
    """Optical densities of the tissue of a slide.

    Attributes:
        mean: of red, green and blue.
        spread: their standard deviations.
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]


def _densities(values: NDArray[np.floating]) -> NDArray[np.float64]:
    return -np.log((values + 1) / 256)


def stain_of(thumbnail: Pixels, tissue: Mask) -> Stain:
    """The stain of RGB pixels (h, w, 3) with tissue {0, 1} (h, w); of all where there is none."""
    inside = thumbnail[tissue > 0] if tissue.any() else thumbnail.reshape(-1, 3)
    densities = _densities(inside.astype(np.float64))
    return Stain(tuple(densities.mean(axis=0).tolist()), tuple(densities.std(axis=0).tolist()))


def mean_stain(stains: Sequence[Stain]) -> Stain:
    """The mean of the stains of several slides."""
    means, spreads = (np.mean([getattr(one, name) for one in stains], axis=0).tolist()
                      for name in ("mean", "spread"))  # fmt: skip
    return Stain(tuple(means), tuple(spreads))


def restained(pixels: Pixels, own: Stain, reference: Stain) -> Pixels:
    """Pixels (..., 3) of a slide as if it were stained like the reference.

    Args:
        pixels: RGB, uint8.
        own: the stain of the slide; one without spread is left as it is.
        reference: the stain of the slides learnt from.
    """
    if min(own.spread) < _LEAST_SPREAD:
        return pixels
    densities = _densities(np.arange(256.0))[:, None]
    factors = np.divide(reference.spread, own.spread)
    changed = (densities - own.mean) * factors + reference.mean
    table = np.rint(np.clip(256 * np.exp(-changed) - 1, 0, 255)).astype(np.uint8)
    return np.stack([table[pixels[..., k], k] for k in range(3)], axis=-1)
