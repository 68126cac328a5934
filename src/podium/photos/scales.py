"""Deviations by which features are standardised, safe where few pictures are learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEAST = 0.5  # of the median deviation of the extractor's features


def floored(deviation: NDArray[np.float64], widths: Sequence[int] = ()) -> NDArray[np.float64]:
    """Return the deviations, raised where they are far below those of the same extractor.

    A feature that hardly varies over a few train pictures is large on others once it is divided by
    its deviation, and drowns those that say something.

    Args:
        deviation: of each feature (D, ...).
        widths: features of each extractor, in their order; none given: all are of one.
    """
    raised = np.array(deviation, dtype=np.float64)
    ends = np.cumsum(widths or [len(raised)])
    for part in np.split(raised, ends)[: len(ends)]:  # views
        np.maximum(part, LEAST * np.median(part, axis=0), out=part)
    return np.where(raised > 1e-6, raised, 1.0)
