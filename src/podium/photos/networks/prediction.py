"""What a network says of pictures: the mean over views of what its outputs mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.photos.crossval import Floats
from podium.photos.networks.predictor import views_of
from podium.photos.networks.targets import Targets, values_of

Pixels = NDArray[np.uint8]


def predict(
    forward: Callable[[Pixels], NDArray[Any]],
    pixels: Pixels,
    views: str,
    kind: str,
    targets: Targets,
) -> Floats:
    """Return probabilities or numbers (N, K), means over the views of each picture.

    Args:
        forward: pixels (N, S, S, 3) to logits or standardised numbers (N, K).
        pixels: (N, S, S, 3).
        views: plain, flip, or crops.
        kind: classes, labels or number.
        targets: mean and scale of numbers.
    """
    each = [values_of(kind, forward(view), targets) for view in views_of(pixels, views)]
    return np.asarray(np.mean(each, axis=0))
