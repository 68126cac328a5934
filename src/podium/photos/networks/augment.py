"""Random changes of pictures, each a function of (seed, epoch, row) and of nothing else."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.core.params import NetworkAugment, PhotoNetwork

Pixels = NDArray[np.uint8]
Rng = np.random.Generator
LUMINANCE = np.array([0.299, 0.587, 0.114])


def row_rng(seed: int, epoch: int, row: int) -> Rng:
    """Return the random numbers of one row in one epoch.

    Args:
        seed: of the network.
        epoch: from 0.
        row: its number among the train rows.
    """
    return np.random.default_rng([seed, epoch, row])


def augmented(pixels: Pixels, settings: NetworkAugment, rng: Rng) -> Pixels:
    """Return a picture (S, S, 3) turned, moved, slanted, scaled, mirrored and recoloured.

    Args:
        pixels: RGB.
        settings: how far each may go.
        rng: drawn from: always the same number of times.
    """
    side = len(pixels)
    move, colour = affine(side, settings, rng), colours(settings.colour, rng)
    if not np.array_equal(move, np.eye(2, 3)):
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        border = cv2.BORDER_REFLECT_101
        warped = cv2.warpAffine(pixels, move, (side, side), flags=flags, borderMode=border)
        pixels = warped.astype(np.uint8, copy=False)
    if settings.colour:
        pixels = cv2.transform(pixels, colour).astype(np.uint8, copy=False)
    return pixels


def affine(side: int, settings: NetworkAugment, rng: Rng) -> NDArray[np.float64]:
    """Return a random affine map (2, 3) of pixels about the centre, output to input.

    Args:
        side: of the picture, pixels.
        settings: how far it goes.
        rng: drawn from.
    """
    turn, right, down, shear, zoom, wide, high = rng.uniform(-1, 1, 7)
    mirror = rng.random(2) < 0.5
    turn *= np.radians(settings.rotate)
    scale = (1 + settings.zoom * zoom) * (1 + settings.zoom / 3 * np.array([wide, high]))
    if settings.flip != "none" and mirror[0]:
        scale[0] = -scale[0]
    if settings.flip == "both" and mirror[1]:
        scale[1] = -scale[1]
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, settings.shear * shear], [0, 1]])
    linear = linear * scale
    middle = np.full(2, (side - 1) / 2)
    shift = settings.shift * side * np.array([right, down])
    return np.column_stack([linear, middle - linear @ middle + shift])


def colours(strength: float, rng: Rng) -> NDArray[np.float64]:
    """Return a random linear map (3, 4) of RGB: brightness, contrast and saturation."""
    bright, contrast, saturation = strength * rng.uniform(-1, 1, 3)
    mixed = (1 + saturation) * np.eye(3) - saturation * np.tile(LUMINANCE, (3, 1))
    offset = 128 * (-contrast + bright)
    return np.column_stack([(1 + contrast) * mixed, np.full(3, offset)])


def mixed(
    first: tuple[Pixels, NDArray[np.float32]],
    second: tuple[Pixels, NDArray[np.float32]],
    settings: PhotoNetwork,
    rng: Rng,
) -> tuple[Pixels, NDArray[np.float32]]:
    """Return a picture (S, S, 3) and its target (C,), mixed of two by mixup or cutmix.

    mixup (Zhang et al. 2017) is a weighted mean, cutmix (Yun et al. 2019) puts a box of the second
    into the first.

    Args:
        first: pixels and target.
        second: likewise.
        settings: which of both, and how much.
        rng: drawn from.
    """
    share = float(rng.beta(settings.mix_alpha, settings.mix_alpha))
    if settings.mix == "mixup":
        pixels = cv2.addWeighted(first[0], share, second[0], 1 - share, 0.0)
    else:
        side = len(first[0])
        half = np.sqrt(1 - share) * side / 2
        centre = rng.uniform(0, side, 2)
        low = np.clip(np.rint(centre - half), 0, side).astype(int)
        high = np.clip(np.rint(centre + half), 0, side).astype(int)
        box = slice(low[0], high[0]), slice(low[1], high[1])
        pixels = first[0].copy()
        pixels[box] = second[0][box]
        share = 1 - float(np.prod(high - low)) / side**2
    target = (share * first[1] + (1 - share) * second[1]).astype(np.float32)
    return pixels.astype(np.uint8, copy=False), target
