"""What happens to a drawn picture before somebody reads it: scans, JPEG, noise, lines, clouds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.sampling import SampledPictures, random_integers

Pixels = NDArray[np.uint8]
Rng = np.random.Generator
Finish = Callable[[Pixels, float], Pixels]
_DARK = 0.2  # of finished pictures that become light on dark
_LEGIBLE = 60  # level: darker ink is drawn fainter, and a finish would wipe it out


def chosen_finishes(
    names: Sequence[str], share: float, uniform: NDArray[np.float64]
) -> list[Finish | None]:
    """The finish of each picture, None for none.

    Args:
        names: of the finishes, equally likely.
        share: of pictures that get one, above 0.
        uniform: a number (B,) in [0, 1) for each picture.
    """
    numbers = random_integers(uniform / share, len(names))
    return [partial(_finished, names[n]) if n < len(names) else None for n in numbers.tolist()]


def legible(sampled: SampledPictures, finished: Sequence[bool]) -> SampledPictures:
    """Sampled pictures with ink that is strong enough where they are `finished` (B,)."""
    lowest = np.where(np.array(finished), _LEGIBLE, 0)[:, None]
    return replace(sampled, ink=np.maximum(sampled.ink, lowest))


def _finished(name: str, pixels: Pixels, number: float) -> Pixels:
    """Pixels (H, W, 3) with a finish whose random choices come from `number` in [0, 1)."""
    rng = np.random.Generator(np.random.PCG64(int(number * 2**53)))
    dark = rng.random() < _DARK
    out = FINISHES[name](pixels, rng)
    return cast(Pixels, cv2.bitwise_not(out) if dark else out)


def _binarised(pixels: Pixels, rng: Rng) -> Any:
    """Black on white, cut at a share of the way from the paper to the ink."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    below = cv2.calcHist([grey], [0], None, [256], [0, 256]).cumsum(dtype=np.float64) / grey.size
    ink, paper = np.searchsorted(below, [0.03, 0.5]).tolist()
    cut = paper + (ink - paper) * rng.uniform(0.3, 0.6)
    return cv2.merge([cv2.threshold(grey, cut, 255, cv2.THRESH_BINARY)[1]] * 3)


def _strokes(pixels: Pixels, rng: Rng) -> Any:
    """Strokes a pixel bolder or thinner."""
    if rng.random() < 0.6:
        return cv2.erode(pixels, _SQUARE)
    return cv2.addWeighted(pixels, 0.5, cv2.dilate(pixels, _SQUARE), 0.5, 0)


_SQUARE = np.ones((2, 2), np.uint8)


def _compressed(pixels: Pixels, rng: Rng) -> Any:
    """Shrunk and enlarged again, and then a JPEG of low quality."""
    h, w, _ = pixels.shape
    scale = rng.uniform(0.45, 1.0)
    small = cv2.resize(pixels, (int(w * scale), int(h * scale)), interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
    coded = cv2.imencode(".jpg", blurred, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 50))])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)


def _faint(pixels: Pixels, rng: Rng) -> Any:
    """A tenth to four tenths of the contrast, on paper of any level."""
    scale = rng.uniform(0.1, 0.4)
    lift = rng.uniform(0, 255 * (1 - scale))
    return cv2.convertScaleAbs(pixels, alpha=scale, beta=lift)


def _noisy(pixels: Pixels, rng: Rng) -> Any:
    """Single pixels of black and white, or grain."""
    if rng.random() < 0.5:
        out, share = pixels.copy(), rng.uniform(0.01, 0.03)
        n = int(share * pixels.shape[0] * pixels.shape[1])
        where = rng.integers(0, pixels.shape[0] * pixels.shape[1], n)
        out.reshape(-1, 3)[where] = rng.integers(0, 2, (n, 1)) * 255
        return out
    grain = rng.integers(-12, 13, pixels.shape[:2], np.int16) * rng.uniform(0.4, 1.5)
    return cv2.add(pixels, cv2.merge([grain] * 3), dtype=cv2.CV_8U)


def _lines(pixels: Pixels, rng: Rng) -> Any:
    """One to three bent lines across the picture, in any colour."""
    h, w, _ = pixels.shape
    out = pixels.copy()
    n = int(rng.integers(1, 4))
    ends = rng.random((n, 3, 2)) * [[0.3, 1], [1, 1], [0.3, 1]] + [[0, 0], [0, 0], [0.7, 0]]
    curves = (_BEND @ ends * (w, h)).astype(np.int32)
    colours, widths = rng.integers(0, 220, (n, 3)).tolist(), (1 + (rng.random(n) < 0.2)).tolist()
    for curve, colour, width in zip(curves, colours, widths, strict=True):
        cv2.polylines(out, [curve], False, colour, width)
    return out


_T = np.linspace(0, 1, 9)[:, None]
_BEND = np.concatenate([(1 - _T) ** 2, 2 * _T * (1 - _T), _T**2], axis=1)  # Bezier, 3 points


def _clouded(pixels: Pixels, rng: Rng) -> Any:
    """Coloured clouds of light over paper and ink."""
    h, w, _ = pixels.shape
    coarse = rng.uniform(0.65, 1.0, (int(rng.integers(2, 5)), int(rng.integers(2, 9)), 3))
    light = cv2.resize(coarse.astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    return cv2.multiply(pixels, light, dtype=cv2.CV_8U)


FINISHES: dict[str, Callable[[Pixels, Rng], Any]] = {
    "binarised": _binarised,
    "strokes": _strokes,
    "compressed": _compressed,
    "faint": _faint,
    "noisy": _noisy,
    "lines": _lines,
    "clouded": _clouded,
}
