"""One animal put into a scene: turned, framed, lit, furred and laid over the canvas."""

from __future__ import annotations

import cv2
import numpy as np

from podium.standin.noise import Field, Vector, blurred, polygon_coverage
from podium.standin.photos.anatomy import Animal, random_anatomy
from podium.standin.photos.body import Body, posed_body
from podium.standin.photos.brushes import bounding_window, line_coverage, paint_over, three_channels
from podium.standin.photos.coat import random_coat
from podium.standin.photos.fur import Light, paint_fur
from podium.standin.photos.solid import (
    FAR,
    Mark,
    Relief,
    Solid,
    View,
    moved_solid,
    render_relief,
    solid_bounds,
)

_FACE_ON = np.diag([1.0, -1.0, 1.0])  # y grows downwards in a picture
_FRAMINGS = {  # what is fitted: how often, and the least and most of the picture it may fill
    "whole": (0.5, 0.58, 1.05),
    "shoulders": (0.3, 0.34, 0.59),  # the head is fitted, smaller
    "face": (0.2, 0.50, 0.85),
}


def add_animal(canvas: Field, animal: Animal, light: Light, rng: np.random.Generator) -> None:
    """Draw a random animal over a scene, in place.

    Args:
        canvas: (H, W, 3) RGB, the scene.
        animal: cat or dog.
        light: of the scene.
        rng: draws proportions, coat, pose and framing.
    """
    shape = canvas.shape[:2]
    anatomy, coat = random_anatomy(animal, rng), random_coat(rng)
    stance, gaze = _angles(rng)
    body = posed_body(anatomy, rng, gaze)
    view = _framed(body, stance, shape, rng)
    solids = [moved_solid(solid, view.turn, view.origin) for solid in body.trunk + body.head]
    relief = render_relief(solids, shape)
    seen = relief.depth > FAR
    if not seen.any():
        return
    _shadow(canvas, solids, light)
    paint_fur(canvas, relief, view, coat, light, rng)
    for mark in body.marks:
        _stroke(canvas, relief, mark, view, body.skull)


def _rotation(axis: int, angle: float) -> Vector:
    turn, (c, s) = np.eye(3), (np.cos(angle), np.sin(angle))
    i, j = [k for k in range(3) if k != axis]
    turn[i, i], turn[i, j], turn[j, i], turn[j, j] = c, -s, s, c
    return turn


def _angles(rng: np.random.Generator) -> tuple[Vector, Vector]:
    """The body's turn against the camera, and the head's turn against the body."""
    yaw = rng.uniform(-1.4, 1.4)
    roll = rng.normal(0, 0.12) if rng.random() < 0.95 else rng.choice([-1.2, 1.2])
    stance = _rotation(2, roll) @ _rotation(0, rng.uniform(-0.05, 0.45)) @ _rotation(1, yaw)
    back = np.clip(-yaw * rng.uniform(0.1, 1.0) + rng.normal(0, 0.25), -1.4, 1.4)
    nod = _rotation(0, rng.normal(-0.15, 0.22)) @ _rotation(2, rng.normal(0, 0.18))
    return stance, _rotation(1, back) @ nod


def _framed(body: Body, stance: Vector, shape: tuple[int, ...], rng: np.random.Generator) -> View:
    """A view that fits the chosen part of the body to a random share of the picture."""
    framing = rng.choice(list(_FRAMINGS), p=[often for often, _, _ in _FRAMINGS.values()])
    share = rng.uniform(*_FRAMINGS[framing][1:])
    turn = _FACE_ON @ stance
    fitted = body.trunk + body.head if framing == "whole" else body.head
    low, high = solid_bounds(moved_solid(solid, turn, np.zeros(3)) for solid in fitted)
    limits = np.array(shape[::-1], np.float64)
    scale = share * min(limits / (high - low)[:2])
    slack = np.maximum(limits - scale * (high - low)[:2], 0.15 * limits)
    middle = limits / 2 + slack * rng.uniform(-0.45, 0.45, 2)
    centre = np.append(middle, 0.0) - scale * (low + high) / 2
    return View(turn * scale, centre)


def _shadow(canvas: Field, solids: list[Solid], light: Light) -> None:
    """A soft dark pool where the animal meets the ground."""
    low, high = solid_bounds(solids)
    width = high[0] - low[0]
    cover = np.zeros(canvas.shape[:2], np.float32)
    middle = (int((low[0] + high[0]) / 2 - light.towards[0] * width * 0.2), int(high[1]))
    cv2.ellipse(cover, middle, (int(width * 0.5), int(width * 0.14) + 1), 0, 0, 360, 1.0, -1)
    small = cv2.resize(cover, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    soft = blurred(np.asarray(small, np.float32), width * 0.012 + 1)
    cover = np.asarray(cv2.resize(soft, cover.shape[::-1]), np.float32)
    canvas *= three_channels(1 - np.float32(0.55 - 0.4 * light.ambient) * cover)


def _stroke(canvas: Field, relief: Relief, mark: Mark, view: View, skull: float) -> None:
    """Draw one mark unless the body hides it."""
    points = view.place(mark.points)
    unit = float(np.linalg.norm(view.turn[0])) * skull
    start = points[0] if mark.width else points.mean(axis=0)
    if (view.turn @ mark.facing)[2] <= 0.12 * np.linalg.norm(view.turn[0]):
        return
    column, row = np.rint(start[:2]).astype(int)
    height, width = relief.depth.shape
    inside = 0 <= row < height and 0 <= column < width
    if inside and relief.depth[row, column] > start[2] + 0.3 * unit:
        return
    window = bounding_window(canvas.shape, points[:, :2], margin=3)
    corners = points[:, :2] - [window[1].start, window[0].start]
    small = (window[0].stop - window[0].start, window[1].stop - window[1].start)
    if min(small) <= 0:
        return
    if mark.width:
        cover = line_coverage(small, corners, max(1, round(mark.width * unit))) * np.float32(0.8)
    else:
        cover = polygon_coverage(small, [corners])
    paint_over(canvas[window], cover, mark.colour)
