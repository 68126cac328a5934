"""The place an animal is photographed in: a room, lawn, sofa, blanket or street."""

from __future__ import annotations

import numpy as np

from podium.standin.noise import (
    Field,
    Shape,
    Vector,
    blurred,
    clouds_by_count,
    hair_noise,
    polygon_coverage,
)
from podium.standin.photos.brushes import (
    bounding_window,
    muted_colour,
    paint_over,
    superellipse,
    three_channels,
)
from podium.standin.photos.objects import add_object


def random_scene(shape: Shape, rng: np.random.Generator) -> Field:
    """A random empty scene (H, W, 3), RGB in [0, 255], cluttered and as sharp as its focus."""
    make = (_room, _lawn, _sofa, _blanket, _street)[rng.integers(5)]
    canvas = make(shape, rng)
    for _ in range(rng.integers(0, 6)):
        add_object(canvas, rng, largest=0.45)
    stains = clouds_by_count(rng, shape, rng.uniform(2, 40)) * np.float32(rng.uniform(0.01, 0.10))
    canvas *= three_channels(1 + stains)
    soft = rng.uniform(0, 3.5)
    return blurred(canvas, soft) if soft > 0.4 else canvas


def _plain(shape: Shape, colour: Vector) -> Field:
    return np.ones((*shape, 3), np.float32) * colour.astype(np.float32)


def _below(shape: Shape, share: float, tilt: float) -> Field:
    """Coverage (H, W) of all that lies below a tilted horizon at `share` of the height."""
    height, width = shape
    left, right = height * (share - tilt), height * (share + tilt)
    corners = np.array([[0, left], [width, right], [width, height], [0, height]])
    return polygon_coverage(shape, [corners])


def _room(shape: Shape, rng: np.random.Generator) -> Field:
    """Wall with stripes or plaster, skirting board, floor with boards."""
    canvas = _plain(shape, muted_colour(rng))
    height, width = shape
    if rng.random() < 0.4:
        stripes = np.sin(np.arange(width, dtype=np.float32) * np.float32(rng.uniform(0.05, 0.4)))
        canvas *= (1 + np.float32(rng.uniform(0.02, 0.12)) * stripes)[None, :, None]
    horizon, tilt = rng.uniform(0.35, 0.8), rng.normal(0, 0.04)
    paint_over(canvas, _below(shape, horizon - 0.05, tilt), muted_colour(rng, 10))
    paint_over(canvas, _below(shape, horizon, tilt), muted_colour(rng, 22))
    _boards(canvas, horizon * height, rng)
    return canvas


def _boards(canvas: Field, horizon: float, rng: np.random.Generator) -> None:
    """Dark joints that run towards a vanishing point above the horizon."""
    height, width = canvas.shape[:2]
    vanish = np.array([width * rng.uniform(0, 1), horizon - height * rng.uniform(0.1, 0.8)])
    joints = []
    for foot in np.arange(-width, 2 * width, width * rng.uniform(0.06, 0.25)):
        slope = (np.array([foot, height]) - vanish) / (height - vanish[1])
        top = vanish + slope * (horizon - vanish[1])
        wide = np.array([rng.uniform(0.5, 1.8), 0])
        joints.append(np.array([top, top + wide * 0.5, [foot, height] + wide, [foot, height]]))
    cover = polygon_coverage((height, width), joints) * np.float32(0.5)
    paint_over(canvas, cover, np.full(3, rng.uniform(20, 90)))


def _lawn(shape: Shape, rng: np.random.Generator) -> Field:
    """Sky, blurred trees, grass."""
    canvas = _plain(shape, rng.uniform(130, 235) + rng.normal(0, 10, 3) + [-8, 0, 10])
    horizon = rng.uniform(-0.2, 0.6)
    trees = clouds_by_count(rng, shape, rng.uniform(3, 9))
    rows = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
    wood = np.clip((trees * 0.12 + rows - horizon + 0.25) * 9, 0, 1)
    paint_over(canvas, wood.astype(np.float32), np.array([70.0, 84, 56]) * rng.uniform(0.4, 1.4))
    canvas *= three_channels(1 + np.float32(0.12) * trees)
    ground = _below(shape, horizon, rng.normal(0, 0.03))
    grass = np.array([104.0, 118, 66]) * rng.uniform(0.5, 1.4) + rng.normal(0, 16, 3)
    paint_over(canvas, ground, grass)
    blades = hair_noise(rng, shape, int(rng.integers(5, 15)), rng.normal(1.57, 0.2))
    canvas *= three_channels(1 + ground * np.float32(rng.uniform(0.05, 0.3)) * blades)
    return canvas


def _sofa(shape: Shape, rng: np.random.Generator) -> Field:
    """Back cushions over a seat, in woven fabric."""
    height, width = shape
    canvas, fabric = _plain(shape, muted_colour(rng)), muted_colour(rng, 24)
    weave = hair_noise(rng, shape, 5, rng.uniform(0, 3.1))
    n_cushions = int(rng.integers(1, 4))
    for row, (y, tall) in enumerate(((rng.uniform(0.2, 0.45), 0.35), (0.9, 0.32))):
        for column in range(n_cushions + 1):
            middle = np.array([(column + rng.uniform(-0.1, 0.1)) / n_cushions, y])
            half = np.array([0.56 / n_cushions, tall])
            outline = (superellipse(40, 6) * half + middle) * [width, height]
            tone = fabric * (1 - 0.12 * row) * rng.uniform(0.9, 1.1)
            _cushion(canvas, outline, tone)
    canvas *= three_channels(1 + np.float32(rng.uniform(0.02, 0.10)) * weave)
    return canvas


def _cushion(canvas: Field, outline: Vector, tone: Vector) -> None:
    window = bounding_window(canvas.shape, outline, margin=12)
    cover = polygon_coverage(
        canvas[window].shape[:2], [outline - [window[1].start, window[0].start]]
    )
    paint_over(canvas[window], blurred(cover, 6) * np.float32(0.5), tone * 0.4)
    paint_over(canvas[window], cover, tone)


def _blanket(shape: Shape, rng: np.random.Generator) -> Field:
    """Folded cloth seen from above, plain or chequered."""
    canvas = _plain(shape, muted_colour(rng, 22))
    y = np.arange(shape[0], dtype=np.float32)[:, None]
    x = np.arange(shape[1], dtype=np.float32)[None, :]
    folds = clouds_by_count(rng, shape, rng.uniform(2, 6))
    if rng.random() < 0.5:
        step = np.float32(2 * np.pi / rng.uniform(14, 70))
        turn = rng.uniform(0, 1.5)
        c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        along, across = (x * c + y * s + 9 * folds) * step, (y * c - x * s + 9 * folds) * step
        check = (np.sin(along) > 0.4) * 0.5 + (np.sin(across) > 0.4) * 0.5
        paint_over(canvas, check.astype(np.float32) * np.float32(0.8), muted_colour(rng, 22))
    crease = np.gradient(folds, axis=1) * np.float32(rng.uniform(3, 12))
    canvas *= three_channels(np.clip(1 + crease, 0.4, 1.5))
    return canvas


def _street(shape: Shape, rng: np.random.Generator) -> Field:
    """Brick or panelled wall over rough ground."""
    canvas = _plain(shape, muted_colour(rng, 25))
    height, width = shape
    course = rng.uniform(10, 60)
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)[None, :]
    shift = (y // course % 2) * course
    joint = ((y % course) < 1.5) | (((x + shift) % (2 * course)) < 1.5)
    paint_over(
        canvas, joint.astype(np.float32) * np.float32(rng.uniform(0.1, 0.6)), muted_colour(rng, 8)
    )
    ground = _below(shape, rng.uniform(0.4, 0.9), rng.normal(0, 0.05))
    paint_over(canvas, ground, muted_colour(rng, 12))
    gravel = rng.standard_normal(shape, dtype=np.float32)
    rough = blurred(gravel, rng.uniform(0.5, 1.5)) * ground
    canvas *= three_channels(1 + np.float32(rng.uniform(0.05, 0.3)) * rough)
    return canvas
