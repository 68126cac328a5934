"""What a network must beat: a colour threshold that knows nothing of tissue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2hed
from skimage.filters import threshold_otsu

from podium.slides.heat import View

Mask = NDArray[np.bool_]


def dark_threshold(view: View) -> float:
    """Otsu's threshold of haematoxylin over the tissue of a slide's thumbnail."""
    dye = rgb2hed(view.thumbnail)[..., 0]
    inside = dye[view.tissue > 0] if view.tissue.any() else dye.ravel()
    return float(threshold_otsu(inside)) if np.ptp(inside) else float("inf")


def dark(pixels: NDArray[np.uint8], threshold: float) -> Mask:
    """Where (h, w) RGB pixels (h, w, 3) hold more haematoxylin than `threshold`."""
    return np.asarray(rgb2hed(pixels)[..., 0] > threshold)
