"""Clutter behind the animal and obstacles in front of it: everyday shapes, shaded."""

from __future__ import annotations

import numpy as np

from podium.standin.noise import Field, Vector, polygon_coverage
from podium.standin.photos.brushes import (
    bounding_window,
    muted_colour,
    paint_over,
    rotated,
    superellipse,
)

_SKIN = np.array([[224.0, 178, 150], [190, 138, 106], [120, 82, 62]])


def add_object(canvas: Field, rng: np.random.Generator, largest: float) -> None:
    """Put a random object somewhere on a picture, in place.

    Args:
        canvas: (H, W, 3) RGB.
        rng: draws kind, place, colour and turn.
        largest: the most of the picture's short side it may take, as a share.
    """
    make = (_box, _pad, _bottle, _spike, _stalk, _cable)[rng.integers(6)]
    outline = make(rng) * min(canvas.shape[:2]) * rng.uniform(0.08, largest)
    place = rng.uniform(0, 1, 2) * np.array(canvas.shape[1::-1])
    _lay_shaded(canvas, rotated(outline, rng.normal(0, 0.5)) + place, muted_colour(rng, 22), rng)


def _box(rng: np.random.Generator) -> Vector:
    half = rng.uniform(0.3, 1, 2)
    return np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half


def _pad(rng: np.random.Generator) -> Vector:
    return superellipse(40, rng.uniform(1.6, 7)) * rng.uniform(0.4, 1, 2)


def _bottle(rng: np.random.Generator) -> Vector:
    belly, neck, shoulder = rng.uniform(0.2, 0.5), rng.uniform(0.08, 0.15), rng.uniform(-0.5, 0)
    right = np.array([[neck, -1], [neck, shoulder - 0.1], [belly, shoulder + 0.1], [belly, 1]])
    return np.concatenate([right, right[::-1] * [-1, 1]])


def _spike(rng: np.random.Generator) -> Vector:
    """Triangles, so that a pointed corner alone says nothing about ears."""
    return np.array(
        [[-rng.uniform(0.2, 0.6), 1], [rng.normal(0, 0.2), -1], [rng.uniform(0.2, 0.6), 1]]
    )


def _stalk(rng: np.random.Generator) -> Vector:
    """A long leaf."""
    t = np.linspace(-1, 1, 14)
    half, bend = rng.uniform(0.08, 0.3) * (1 - t**2), rng.normal(0, 0.3) * t**2
    edge = np.column_stack([bend + half, t])
    return np.concatenate([edge, np.column_stack([bend - half, t])[::-1]]) * 1.4


def _cable(rng: np.random.Generator) -> Vector:
    t = np.linspace(-1, 1, 24)
    line = np.column_stack([2.2 * t, rng.normal(0, 0.5) * np.sin(t * rng.uniform(1, 5))])
    return np.concatenate([line, line[::-1] + [0, rng.uniform(0.02, 0.1)]])


def _lay_shaded(canvas: Field, outline: Vector, colour: Vector, rng: np.random.Generator) -> None:
    """Fill `outline` with a colour that runs from light to dark across it."""
    window = bounding_window(canvas.shape, outline, margin=1)
    height, width = canvas[window].shape[:2]
    if not height or not width:
        return
    outline = outline - [window[1].start, window[0].start]
    run = np.linspace(-1, 1, height)[:, None] * rng.normal(0, 0.15)
    run = run + np.linspace(-1, 1, width)[None, :] * rng.normal(0, 0.2)
    paint = np.clip((1 + run)[..., None] * colour, 0, 255).astype(np.float32)
    paint_over(canvas[window], polygon_coverage((height, width), [outline]), paint)


def add_obstacle(canvas: Field, rng: np.random.Generator) -> None:
    """Put something between the camera and the animal on `canvas` (H, W, 3), in place."""
    (_grass, _edge, _bars, _arm, _loose)[rng.integers(5)](canvas, rng)


def _grass(canvas: Field, rng: np.random.Generator) -> None:
    height, width = canvas.shape[:2]
    green = np.array([96.0, 112, 60]) * rng.uniform(0.4, 1.5) + rng.normal(0, 20, 3)
    tall = height * rng.uniform(0.1, 0.5)
    for _ in range(rng.integers(15, 50)):
        blade = _stalk(rng) * [tall * 0.16, tall * rng.uniform(0.3, 0.7)]
        foot = np.array([rng.uniform(0, width), height])
        tone = green * rng.uniform(0.7, 1.3)
        _lay_shaded(canvas, rotated(blade, rng.normal(0, 0.3)) + foot, tone, rng)


def _edge(canvas: Field, rng: np.random.Generator) -> None:
    """The rim of a basket, table or blanket, from below or from one side."""
    height, width = canvas.shape[:2]
    depth = rng.uniform(0.1, 0.38)
    wave = 0.02 * np.sin(np.linspace(0, rng.uniform(2, 9), 30))
    t = np.linspace(-0.1, 1.1, 30)
    rim = np.column_stack([t, 1 - depth + wave + rng.normal(0, 0.15) * (t - 0.5)])
    outline = np.concatenate([rim, [[1.2, 1.2], [-0.2, 1.2]]])
    if rng.random() < 0.4:
        outline = (
            outline[:, ::-1]
            if rng.random() < 0.5
            else np.column_stack([1 - outline[:, 1], outline[:, 0]])
        )
    _lay_shaded(canvas, outline * [width, height], muted_colour(rng, 22), rng)


def _bars(canvas: Field, rng: np.random.Generator) -> None:
    """Fence slats or cage wire."""
    height, width = canvas.shape[:2]
    step, lean, tone = width * rng.uniform(0.08, 0.3), rng.normal(0, 0.08), muted_colour(rng, 15)
    half = step * rng.uniform(0.03, 0.13)
    for x in np.arange(rng.uniform(0, step), width, step):
        slat = np.array([[-half, -height], [half, -height], [half, height], [-half, height]])
        _lay_shaded(canvas, rotated(slat, lean) + [x, height / 2], tone, rng)


def _arm(canvas: Field, rng: np.random.Generator) -> None:
    """Somebody's sleeve and hand, reaching in from a side."""
    height, width = canvas.shape[:2]
    long, thick = (
        min(height, width) * rng.uniform(0.3, 0.7),
        min(height, width) * rng.uniform(0.05, 0.1),
    )
    angle = rng.uniform(0, 2 * np.pi)
    edge = np.array([width, height]) / 2 * (1 + 1.1 * np.array([np.cos(angle), np.sin(angle)]))
    reach = angle + np.pi + rng.normal(0, 0.4)
    sleeve, hand = (
        superellipse(30, 5) * [long, thick * 1.3],
        superellipse(30, 2.5) * [thick * 1.8, thick],
    )
    towards = np.array([np.cos(reach), np.sin(reach)])
    skin = _SKIN[rng.integers(len(_SKIN))]
    _lay_shaded(canvas, rotated(hand, reach) + edge + towards * long * 1.1, skin, rng)
    _lay_shaded(canvas, rotated(sleeve, reach) + edge, muted_colour(rng, 22), rng)


def _loose(canvas: Field, rng: np.random.Generator) -> None:
    """A few objects of any kind, nearer than the animal."""
    for _ in range(rng.integers(1, 5)):
        add_object(canvas, rng, largest=0.3)
