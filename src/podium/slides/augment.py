"""Tiles and their masks changed together, and stains varied, as a function of (seed, step)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.color import hed_from_rgb, rgb_from_hed

from podium.core.params import TrainSegmenter
from podium.training.loop import Augment
from podium.training.runtime import keras, tf

Floats = NDArray[np.float32]


def augment_of(settings: TrainSegmenter) -> Augment:
    """The augmentation that the section train_segmenter asks for."""

    def augment(pixels: Any, masks: Any, number: int) -> tuple[Any, Any]:
        rng = np.random.default_rng([settings.seed, number, 1])
        n, side = pixels.shape[0], pixels.shape[1]
        moves = transforms(n, side, settings, rng)
        pixels = keras.ops.image.affine_transform(pixels, moves, "bilinear", "reflect")
        masks = keras.ops.image.affine_transform(
            tf.cast(masks, tf.float32), moves, "nearest", "reflect"
        )
        if settings.stain_jitter:
            pixels = restained(pixels, *stains(n, settings.stain_jitter, rng))
        return pixels, masks

    return augment


def transforms(n: int, side: int, settings: TrainSegmenter, rng: np.random.Generator) -> Floats:
    """Transforms (n, 8) about the centre of tiles, output to input.

    Turns reach up to `rotate` of half a circle either way, scales 1 +- `zoom`; half of the tiles
    are in_scope if `flip`.
    """
    turn = rng.uniform(-np.pi, np.pi, n) * settings.rotate
    scale = 1 + rng.uniform(-settings.zoom, settings.zoom, n)
    mirror = np.where(settings.flip & (rng.random(n) < 0.5), -1.0, 1.0)
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    middle = (side - 1) / 2
    a, b, d, e = cos * mirror, -sin, sin * mirror, cos
    c, f = middle - middle * (a + b), middle - middle * (d + e)
    zero = np.zeros(n)
    return np.stack([a, b, c, d, e, f, zero, zero], axis=1).astype(np.float32)


def stains(n: int, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Matrices (n, 3, 3) and shifts (n, 1, 1, 3) of optical densities in RGB.

    In the frame of haematoxylin, eosin and DAB (Ruifrok & Johnston 2001) each dye is taken times
    1 +- `strength`, plus or minus as much of a tenth (Tellez et al. 2018, arXiv 1808.05896).
    """
    scale = 1 + rng.uniform(-strength, strength, (n, 1, 3))
    shift = rng.uniform(-strength, strength, (n, 1, 3)) / 10
    matrices = (hed_from_rgb[None] * scale) @ rgb_from_hed
    return matrices.astype(np.float32), (shift @ rgb_from_hed)[:, None].astype(np.float32)


def restained(pixels: Any, matrices: Floats, shifts: Floats) -> Any:
    """Pixels (N, H, W, 3) of 0 to 255 with other amounts of dye."""
    density = -tf.math.log((tf.clip_by_value(pixels, 0.0, 255.0) + 1) / 256)
    changed = tf.einsum("nhwc,ncd->nhwd", density, matrices) + shifts
    return tf.clip_by_value(256 * tf.exp(-changed) - 1, 0.0, 255.0)
