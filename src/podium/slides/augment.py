"""Augmentation of tiles and their masks: affine, of stain and of light, by (seed, step)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.color import hed_from_rgb, rgb_from_hed

from podium.core.params import TrainSegmenter
from podium.training.loop import Augment
from podium.training.runtime import keras, tf


def augmentation(settings: TrainSegmenter) -> Augment:
    """The augmentation that the section train_segmenter asks for.

    It takes float32 pixels (N, H, W, 3) of 0 to 255, masks {0, 1} (N, H, W, 1) and the number of
    the step, and returns both changed.
    """

    def augment(pixels: Any, masks: Any, number: int) -> tuple[Any, Any]:
        rng = np.random.default_rng([settings.seed, number, 1])
        n, side = pixels.shape[0], pixels.shape[1]
        moves = affine_transforms(n, side, settings, rng)
        pixels = keras.ops.image.affine_transform(pixels, moves, "bilinear", "reflect")
        masks = keras.ops.image.affine_transform(
            tf.cast(masks, tf.float32), moves, "nearest", "reflect"
        )
        if settings.stain_jitter:
            pixels = restain(pixels, *stain_changes(n, settings.stain_jitter, rng))
        if settings.brightness:
            pixels = relight(pixels, *light_changes(n, settings.brightness, rng))
        return pixels, masks

    return augment


def affine_transforms(
    n: int, side: int, settings: TrainSegmenter, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Transforms (n, 8) about the centre of tiles, output to input, as Keras takes them.

    Args:
        n: how many.
        side: of a tile, pixels.
        settings: turns reach up to `rotate` of half a circle either way, scales 1 +- `zoom`;
            half of the tiles are mirrored if `flip`.
        rng: drawn from.
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


def stain_changes(
    n: int, strength: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Matrices (n, 3, 3) and shifts (n, 1, 1, 3) that change optical densities of RGB.

    In the frame of haematoxylin, eosin and DAB (Ruifrok & Johnston 2001) each dye is multiplied
    and shifted at random (Tellez et al. 2018, arXiv 1808.05896).

    Args:
        n: how many.
        strength: factors lie within 1 +- `strength`, shifts within +- a tenth of it.
        rng: drawn from.
    """
    scale = 1 + rng.uniform(-strength, strength, (n, 1, 3))
    shift = rng.uniform(-strength, strength, (n, 1, 3)) / 10
    matrices = (hed_from_rgb[None] * scale) @ rgb_from_hed
    return matrices.astype(np.float32), (shift @ rgb_from_hed)[:, None].astype(np.float32)


def restain(pixels: Any, matrices: NDArray[np.float32], shifts: NDArray[np.float32]) -> Any:
    """Pixels with other amounts of dye.

    Args:
        pixels: float32 (N, H, W, 3) of 0 to 255.
        matrices: (N, 3, 3), by which optical densities of RGB are multiplied.
        shifts: (N, 1, 1, 3), which are added to them.

    Returns:
        Pixels of the same shape and range.
    """
    density = -tf.math.log((tf.clip_by_value(pixels, 0.0, 255.0) + 1) / 256)
    changed = tf.einsum("nhwc,ncd->nhwd", density, matrices) + shifts
    return tf.clip_by_value(256 * tf.exp(-changed) - 1, 0.0, 255.0)


def light_changes(
    n: int, strength: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factors (n, 1, 1, 3) and shifts (n, 1, 1, 1) of pixels, as another lamp or scanner gives.

    Args:
        n: how many.
        strength: contrast lies within 1 +- `strength`, the shift within +- 128 times it, the
            colour of the light within 1 +- half of it.
        rng: drawn from.
    """
    contrast = 1 + rng.uniform(-strength, strength, (n, 1, 1, 1))
    colour = 1 + rng.uniform(-strength, strength, (n, 1, 1, 3)) / 2
    shift = 128 * rng.uniform(-strength, strength, (n, 1, 1, 1))
    return (contrast * colour).astype(np.float32), shift.astype(np.float32)


def relight(pixels: Any, factors: NDArray[np.float32], shifts: NDArray[np.float32]) -> Any:
    """Pixels under another light; middle grey stays where only the contrast changes.

    Args:
        pixels: float32 (N, H, W, 3) of 0 to 255.
        factors: (N, 1, 1, 3), by which their distance from middle grey is multiplied.
        shifts: (N, 1, 1, 1), which are added.

    Returns:
        Pixels of the same shape and range.
    """
    return tf.clip_by_value((pixels - 128.0) * factors + 128.0 + shifts, 0.0, 255.0)
