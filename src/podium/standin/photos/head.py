"""The head: skull, muzzle, ears, eyes and whiskers, in the head's own frame."""

from __future__ import annotations

import numpy as np

from podium.standin.noise import Vector
from podium.standin.photos.anatomy import Anatomy
from podium.standin.photos.solid import (
    Mark,
    Part,
    Solid,
    ellipsoid,
)

SIDES = (-1.0, 1.0)
_DARK = np.array([22.0, 18.0, 18.0])
_EYES = np.array([[178, 150, 52], [120, 150, 70], [150, 96, 40], [84, 56, 34], [110, 140, 165]])
N_EAR_DISCS = 8


def head_solids(a: Anatomy) -> list[Solid]:
    """Solids of the head around the middle of the skull, radius 1, looking along +z."""
    tip = 0.9 + a.muzzle_length
    solids = [
        ellipsoid((0, 0, 0), (a.skull_width, 0.88, 0.95), Part.HEAD),
        ellipsoid((0, -0.1 - a.muzzle_drop / 2, 0.55), (0.62, 0.5, 0.5), Part.HEAD),
        ellipsoid((0, -a.muzzle_drop, tip / 2 + 0.03), _muzzle_radii(a), Part.MUZZLE),
        ellipsoid((0, -a.muzzle_drop - 0.22, tip / 2 - 0.04), _jaw_radii(a), Part.MUZZLE),
        ellipsoid((0, 0.16 - a.muzzle_drop, tip - 0.04), _nose_radii(a), Part.NOSE),
    ]
    for side in SIDES:
        pad = (side * a.muzzle_width * 0.42, -a.muzzle_drop - 0.08, tip - 0.32)
        solids.append(ellipsoid(pad, a.muzzle_width * 0.58, Part.MUZZLE))
        solids.append(ellipsoid((side * 0.5, -0.28, 0.3), a.cheek, Part.HEAD))
        solids.extend(_ear(a, side))
    return [*solids, *_tongue(a, tip)]


def _nose_radii(a: Anatomy) -> tuple[float, float, float]:
    return (1.15 * a.nose, 0.85 * a.nose, a.nose)


def _muzzle_radii(a: Anatomy) -> tuple[float, float, float]:
    return (a.muzzle_width, a.muzzle_width * 0.78, a.muzzle_length / 2 + 0.42)


def _jaw_radii(a: Anatomy) -> tuple[float, float, float]:
    return (a.muzzle_width * 0.7, a.muzzle_width * 0.5, a.muzzle_length / 2 + 0.36)


def _tongue(a: Anatomy, tip: float) -> list[Solid]:
    if a.tongue <= 0:
        return []
    drop = -a.muzzle_drop - 0.42 - 0.25 * a.tongue
    return [ellipsoid((0, drop, tip - 0.16), (0.17, 0.12 + 0.28 * a.tongue, 0.07), Part.TONGUE)]


def _ear(a: Anatomy, side: float) -> list[Solid]:
    """Thin discs from the ear's root to its tip; a hanging ear bends over near the root."""
    up = _unit(np.array([side * (a.ear_spread - 0.25), 1.0, -0.05]))
    over = _unit(np.array([side, 0.0, 0.25]))
    facing = _unit(np.array([side * 0.35, 0.0, 1.0]))
    hang = min(1 - a.ear_prick, 1.0)
    point = np.array([side * (a.ear_spread * a.skull_width + 0.12 * hang), 0.58 - 0.15 * hang, 0.0])
    step = a.ear_length / N_EAR_DISCS
    pointed = a.ear_point * (1 - 0.6 * hang)
    discs = []
    for t in (np.arange(N_EAR_DISCS) + 0.5) / N_EAR_DISCS:
        bend = hang * 2.6 * np.clip((t + 0.05) / 0.35, 0, 1)
        along = _unit(up * np.cos(bend) + over * np.sin(bend))
        point = point + along * step
        width = a.ear_width * (pointed * (1 - t) + (1 - pointed) * np.sqrt(1 - t**3))
        discs.append(_disc(point, along, facing, (width, 1.3 * step, 0.10), Part.EAR))
        if bend < 0.9 and 0.05 < t < 0.75:
            inside = point + facing * 0.07
            discs.append(_disc(inside, along, facing, (width * 0.6, step, 0.05), Part.INNER_EAR))
    return discs


def _disc(
    centre: Vector, along: Vector, facing: Vector, radii: tuple[float, float, float], part: Part
) -> Solid:
    across = _unit(np.cross(along, facing))
    normal = np.cross(across, along)
    return Solid(centre, np.stack([across, along, normal], axis=1) * np.array(radii), part)


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector))


def head_marks(a: Anatomy, rng: np.random.Generator) -> list[Mark]:
    """Eyes, mouth and whiskers, in the frame of `head_solids`."""
    iris = _EYES[rng.integers(len(_EYES))] * rng.uniform(0.7, 1.1)
    open_ = rng.uniform(0.55, 1.0)
    marks: list[Mark] = []
    for side in SIDES:
        marks += _eye(a, side, iris, open_)
        marks += _mouth(a, side)
        marks += _whiskers(a, side, rng)
    return marks


def _eye(a: Anatomy, side: float, iris: Vector, open_: float) -> list[Mark]:
    """Lid line, iris, pupil and glint: flat ellipses on a plane that touches the skull."""
    x, y = 0.42, 0.08
    z = 0.95 * np.sqrt(max(1 - (x / a.skull_width) ** 2 - (y / 0.88) ** 2, 0.1)) + 0.05
    facing = _unit(np.array([side * 0.5, 0.1, 1.0]))
    across = _unit(np.cross(np.array([0.0, 1.0, 0.0]), facing))
    across = _unit(across + side * a.eye_slant * np.array([0.0, 1.0, 0.0]))
    up = np.cross(facing, across)
    centre = np.array([side * x, y, z])
    layers = (
        (1.22, 1.25 * open_, 0.0, _DARK),
        (1.0, open_, 0.0, iris),
        (0.72 * a.pupil, 0.80 * open_, 0.0, _DARK * 0.5),
        (0.18, 0.18, 0.35, np.full(3, 245.0)),
    )
    return [
        Mark(_oval(centre + up * a.eye * lift, across * a.eye * w, up * a.eye * h), facing, colour)
        for w, h, lift, colour in layers
    ]


def _oval(centre: Vector, across: Vector, up: Vector) -> Vector:
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)[:, None]
    return np.asarray(centre + np.cos(turn) * across + np.sin(turn) * up)


def _mouth(a: Anatomy, side: float) -> list[Mark]:
    """A line from under the nose that curves back along the muzzle."""
    tip, width = 0.80 + a.muzzle_length, a.muzzle_width
    low = -a.muzzle_drop - 0.62 * width
    points = np.array(
        [
            [0, -a.muzzle_drop - 0.05, tip + 0.10],
            [0, low, tip + 0.12],
            [side * width * 0.5, low - 0.08, tip + 0.06],
            [side * width * 0.95, low + 0.02, tip - 0.15 - 0.25 * a.muzzle_length],
        ]
    )
    return [Mark(points, np.array([side * 0.5, -0.1, 1.0]), _DARK * 1.6, 0.035)]


def _whiskers(a: Anatomy, side: float, rng: np.random.Generator) -> list[Mark]:
    root = np.array([side * a.muzzle_width * 0.9, -a.muzzle_drop - 0.05, 0.7 + a.muzzle_length])
    if a.whisker < 0.2:
        return []
    marks = []
    for rise in np.linspace(-0.35, 0.3, 4) + rng.normal(0, 0.05, 4):
        bend = np.array([side * 0.55, rise * 0.6 + 0.04, 0.1]) * a.whisker
        end = np.array([side, rise - 0.08, -0.1]) * a.whisker
        points = np.array([root, root + bend, root + end])
        marks.append(Mark(points, np.array([side * 0.6, 0, 0.8]), np.full(3, 225.0), 0.014))
    return marks
