"""Changes to train pictures while a reader learns, so that it bears looks that it never saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.fit import paper_of
from podium.training.train_step import Batch

Pixels = NDArray[np.uint8]
Rng = np.random.Generator
Change = Callable[[Pixels, Rng], Any]


def varied_batches(
    batches: Iterator[Batch], share: float, seed: int, start: int
) -> Iterator[Batch]:
    """Batches in which a share of the pictures is changed, by a number of its own each.

    Args:
        batches: pixels (B, H, W, 3) uint8 and labels (B, K).
        share: of the pictures, by lot.
        seed: of the changes.
        start: how many pictures were seen before the first batch.
    """
    for pixels, labels in batches:
        out = np.empty_like(pixels)
        for row, picture in enumerate(pixels):
            rng = np.random.default_rng([seed, start + row, 1])
            change = CHANGES[rng.integers(len(CHANGES))] if rng.random() < share else None
            out[row] = change(picture, rng) if change else picture
        start += len(pixels)
        yield out, labels


def squeezed(pixels: Pixels, rng: Rng) -> Any:
    """Pixels (H, W, 3) narrower and lower, somewhere on paper of their own colour."""
    h, w, _ = pixels.shape
    wide, high = rng.uniform(_NARROWEST, 1), rng.uniform(_LOWEST, 1)
    left, top = rng.random() * (1 - wide) * w, rng.random() * (1 - high) * h
    matrix = np.array([[wide, 0, left], [0, high, top]])
    paper = paper_of(pixels).tolist()
    # several pixels become one: blurred before, or thin strokes would be lost
    smooth = cv2.GaussianBlur(pixels, (0, 0), 0.4 / wide)
    return cv2.warpAffine(smooth, matrix, (w, h), borderValue=paper)


def compressed(pixels: Pixels, rng: Rng) -> Any:
    """Pixels (H, W, 3) as JPEG of any quality."""
    quality = int(rng.integers(*_QUALITY))
    coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)


def blurred(pixels: Pixels, rng: Rng) -> Any:
    """Pixels (H, W, 3) out of focus, or sharpened."""
    soft = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(*_BLUR))
    return soft if rng.random() < 0.7 else cv2.addWeighted(pixels, 2.0, soft, -1.0, 0)


def binarised(pixels: Pixels, rng: Rng) -> Any:
    """Pixels (H, W, 3) black on white, cut between their two main levels (Otsu 1979)."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1]
    ink, paper = cv2.mean(grey, dark)[0], cv2.mean(grey, 1 - dark)[0]
    cut = ink + (paper - ink) * rng.uniform(*_CUT)
    return cv2.merge([cv2.threshold(grey, cut, 255, cv2.THRESH_BINARY)[1]] * 3)


_NARROWEST, _LOWEST = 0.65, 0.75  # of the picture
_QUALITY = (10, 80)
_BLUR = (0.5, 1.4)  # pixels
_CUT = (0.35, 0.8)  # of the way from the ink to the paper
CHANGES: tuple[Change, ...] = (squeezed, squeezed, compressed, blurred, binarised)
