"""What light, lens, sensor and an earlier upload do to a scene."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import Field, blurred, clouds_by_count, line_kernel, resized
from podium.standin.photos.brushes import colour_shift, three_channels


def picture_size(rng: np.random.Generator) -> tuple[int, int]:
    """A random (w, h) in px around 500 x 375, either way up, now and then far smaller."""
    kind = rng.random()
    if kind < 0.45:
        long, short = 500, 375
    elif kind < 0.85:
        long, short = 500, int(rng.integers(300, 500))
    else:
        long = int(rng.integers(160, 500))
        short = int(long * rng.uniform(0.62, 1.0))
    return (long, short) if rng.random() < 0.68 else (short, long)


def photograph(canvas: Field, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The photograph (H, W, 3) uint8 that a hand-held camera takes of `canvas`."""
    shape = (canvas.shape[0], canvas.shape[1])
    canvas = _shaken(_lit(canvas, shape, rng), rng)
    if rng.random() < 0.25:  # taken or stored at a lower resolution
        small = (int(shape[0] * (f := rng.uniform(0.3, 0.8))), int(shape[1] * f))
        canvas = resized(resized(canvas, small, cv2.INTER_AREA), shape, cv2.INTER_CUBIC)
    grain = rng.standard_normal(shape, np.float32) * np.float32(rng.uniform(1, 8))
    canvas = canvas + three_channels(grain)
    return _recompressed(np.rint(np.clip(canvas, 0, 255)).astype(np.uint8), rng)


def _lit(canvas: Field, shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Uneven light, colour cast, contrast, exposure."""
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    fall = 1 + np.float32(rng.normal(0, 0.15)) * x + np.float32(rng.normal(0, 0.15)) * y
    fall = fall - np.float32(rng.uniform(0, 0.25)) * (x**2 + y**2) / 2
    if rng.random() < 0.3:  # dappled shade
        fall = fall * (
            1 + np.float32(0.2) * np.tanh(3 * clouds_by_count(rng, shape, rng.uniform(2, 8)))
        )
    cast = 1 + colour_shift(rng, 0.06)
    contrast, level = rng.uniform(0.6, 1.15), rng.uniform(85, 160)
    canvas = canvas * three_channels(fall)
    canvas *= np.tile(cast * contrast, (shape[1], 1)).astype(np.float32)
    return canvas + np.float32(level - 122 * contrast)


def _shaken(canvas: Field, rng: np.random.Generator) -> Field:
    """Out of focus, shaken, or sharp."""
    kind = rng.random()
    if kind < 0.3:
        return blurred(canvas, rng.uniform(0.5, 2.4))
    if kind < 0.4:
        kernel = line_kernel(int(rng.integers(3, 8)) * 2 + 1, rng.uniform(0, np.pi))
        return np.asarray(cv2.filter2D(canvas, -1, kernel), np.float32)
    return canvas


def _recompressed(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """`pixels` after the JPEG that a web page once made of them."""
    quality = int(rng.integers(35, 96))
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError("OpenCV cannot read the JPEG it has just written")
    return np.ascontiguousarray(decoded[..., ::-1], dtype=np.uint8)
