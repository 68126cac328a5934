"""Brushes, outlines and colours of the drawn photos."""

from __future__ import annotations

import cv2
import numpy as np

from podium.standin.noise import Field, Vector


def line_coverage(shape: tuple[int, int], points: Vector, width: int) -> Field:
    """Coverage [0, 1] (H, W) of a line.

    Args:
        shape: (H, W).
        points: (N, 2) as x, y in px, which the line runs through.
        width: of the line, in px.
    """
    mask = np.zeros(shape, np.uint8)
    sixteenths = np.rint(np.clip(points, -2000, 2000) * 16).astype(np.int32)
    cv2.polylines(mask, [sixteenths], False, 255, width, cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / np.float32(255)


def bounding_window(shape: tuple[int, ...], points: Vector, margin: float) -> tuple[slice, slice]:
    """Rows and columns of the box around points; may be empty.

    Args:
        shape: (H, W) or (H, W, 3) of the picture, which the box is cut to.
        points: (N, 2) as x, y in px.
        margin: px added on each side.
    """
    limit = np.array(shape[1::-1])
    low = np.clip(np.floor(points.min(axis=0) - margin), 0, limit).astype(int)
    high = np.clip(np.ceil(points.max(axis=0) + margin) + 1, 0, limit).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def paint_over(canvas: Field, cover: Field, paint: Field | Vector) -> None:
    """Paint over a picture, in place.

    Args:
        canvas: (H, W, 3) RGB.
        cover: (H, W) [0, 1], how much the paint hides.
        paint: (3,) a colour, or (H, W, 3) a picture.
    """
    paint = np.asarray(paint, np.float32)
    if paint.ndim == 1:
        paint = np.tile(paint, (canvas.shape[1], 1))  # a whole row: numpy is slow on rows of three
    change = paint - canvas
    change *= three_channels(cover)
    canvas += change


def three_channels(field: Field) -> Field:
    """`field` (H, W) as three equal channels; far faster to multiply with than a broadcast."""
    return np.asarray(cv2.cvtColor(field, cv2.COLOR_GRAY2RGB), dtype=np.float32)


def superellipse(n_points: int, squareness: float) -> Vector:
    """Outline (N, 2) of a unit superellipse: squareness 2 is a circle, 6 a cushion, 1 a diamond."""
    turn = np.linspace(0, 2 * np.pi, n_points, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.asarray(np.sign(ring) * np.abs(ring) ** (2 / squareness))


def rotated(points: Vector, angle: float) -> Vector:
    """`points` (N, 2) rotated about the origin by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[c, s], [-s, c]]))


def muted_colour(rng: np.random.Generator, chroma: float = 16.0) -> Vector:
    """A random household colour (3,), RGB in [0, 255]: any brightness, little saturation."""
    return np.asarray(np.clip(rng.uniform(25, 230) + colour_shift(rng, chroma), 5, 250))


def colour_shift(rng: np.random.Generator, chroma: float) -> Vector:
    """Offsets (3,) in R, G, B: mostly warm against cool, as in lived-in places."""
    return rng.normal(0, chroma) * np.array([1.0, 0.1, -1.0]) + rng.normal(0, chroma / 3, 3)
