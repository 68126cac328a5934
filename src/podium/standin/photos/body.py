"""The animal in a pose: torso, legs, tail and head put together in the animal's frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from podium.standin.noise import Vector
from podium.standin.photos.anatomy import Anatomy
from podium.standin.photos.head import SIDES, head_marks, head_solids
from podium.standin.photos.solid import (
    Mark,
    Part,
    Solid,
    ellipsoid,
    limb_solids,
    moved_solid,
)


@dataclass(frozen=True)
class Frame:
    """Where the joints of one pose are; lengths in torso lengths, the ground at y = 0."""

    hip: Vector
    chest: Vector
    head: Vector
    front_feet: Vector  # (2, 3), left and right
    hind_feet: Vector


@dataclass(frozen=True)
class Body:
    """Solids and marks in the animal's frame; the head's are apart, for close-ups."""

    trunk: list[Solid]
    head: list[Solid]
    marks: list[Mark]
    skull: float  # radius, the unit of a mark's line width


def posed_body(a: Anatomy, rng: np.random.Generator, gaze: Vector) -> Body:
    """The animal standing, sitting or lying.

    Args:
        a: its proportions.
        rng: draws the pose.
        gaze: (3, 3) rotation of the head against the body.
    """
    pose = (_standing, _sitting, _lying)[rng.choice(3, p=[0.35, 0.4, 0.25])]
    frame = pose(a, rng)
    trunk = _torso(a, frame) + _neck(a, frame, gaze) + _tail(a, frame, rng)
    for left, side in enumerate(SIDES):
        trunk += _front_leg(a, frame, side, frame.front_feet[left])
        trunk += _hind_leg(a, frame, side, frame.hind_feet[left])
    turn = gaze * a.skull
    if rng.random() < 0.3:
        trunk += _collar(a, frame)
    head = [moved_solid(solid, turn, frame.head) for solid in head_solids(a)]
    marks = [_moved_mark(mark, turn, frame.head) for mark in head_marks(a, rng)]
    return Body(trunk, head, marks, a.skull)


def _moved_mark(mark: Mark, turn: Vector, origin: Vector) -> Mark:
    return Mark(mark.points @ turn.T + origin, turn @ mark.facing, mark.colour, mark.width)


def _feet(z: float, rng: np.random.Generator, swing: float, apart: float) -> Vector:
    return np.array([[side * apart, 0.03, z + rng.normal(0, swing)] for side in SIDES])


def _standing(a: Anatomy, rng: np.random.Generator) -> Frame:
    height = a.leg_length + a.chest * 0.6
    rise = rng.uniform(0.12, 0.42)
    return Frame(
        hip=np.array([0, height, -0.38]),
        chest=np.array([0, height + rng.uniform(-0.03, 0.04), 0.32]),
        head=np.array([0, height + rise + a.skull * 0.5, 0.62 + 0.15 * (0.4 - rise)]),
        front_feet=_feet(0.32, rng, 0.09, 0.11),
        hind_feet=_feet(-0.46, rng, 0.09, 0.12),
    )


def _sitting(a: Anatomy, rng: np.random.Generator) -> Frame:
    height = a.leg_length + a.chest * 0.5
    lean = rng.uniform(0.0, 0.15)
    return Frame(
        hip=np.array([0, 0.22, -0.28]),
        chest=np.array([0, height, 0.08 + lean]),
        head=np.array([0, height + 0.30 + a.skull * 0.6, 0.18 + lean]),
        front_feet=_feet(0.20 + lean, rng, 0.03, 0.09),
        hind_feet=_feet(0.10, rng, 0.05, 0.24),
    )


def _lying(a: Anatomy, rng: np.random.Generator) -> Frame:
    return Frame(
        hip=np.array([rng.uniform(-0.2, 0.2), 0.19, -0.42]),
        chest=np.array([0, 0.24, 0.22]),
        head=np.array([rng.uniform(-0.1, 0.1), rng.uniform(0.28, 0.58), 0.50]),
        front_feet=_feet(0.25 + a.leg_length, rng, 0.08, 0.13),
        hind_feet=_feet(-0.15, rng, 0.08, 0.27),
    )


def _torso(a: Anatomy, frame: Frame) -> list[Solid]:
    spine = frame.chest - frame.hip
    radii = (a.waist * 1.02, a.waist * 0.94, (a.waist + a.chest) / 2, a.chest, a.chest * 0.95)
    places = (0.0, 0.35, 0.65, 0.95, 1.12)
    return [
        ellipsoid(frame.hip + t * spine, (radius * 0.9, radius * 1.05, radius * 1.05), Part.TORSO)
        for t, radius in zip(places, radii, strict=True)
    ]


def _neck(a: Anatomy, frame: Frame, gaze: Vector) -> list[Solid]:
    nape = frame.head - gaze @ np.array([0, 0.2, 0.35]) * a.skull
    shoulder = frame.chest + np.array([0, a.chest * 0.35, a.chest * 0.2])
    return limb_solids([shoulder.tolist(), nape.tolist()], [a.neck * 1.3, a.neck], Part.TORSO)


def _collar(a: Anatomy, frame: Frame) -> list[Solid]:
    middle = frame.head * 0.55 + frame.chest * 0.45 + np.array([0, a.chest * 0.1, 0.02])
    return [ellipsoid(middle, (a.neck * 1.3, a.neck * 0.3, a.neck * 1.35), Part.COLLAR)]


def _tail(a: Anatomy, frame: Frame, rng: np.random.Generator) -> list[Solid]:
    """A curve that starts behind the hip and winds up by `tail_curl` radians over its length."""
    point = frame.hip + np.array([0, a.waist * 0.5, -a.waist * 0.8])
    angle, sway = rng.uniform(-1.0, 0.9), rng.normal(0, 0.5)
    joints = [point.tolist()]
    for _ in range(10):
        step = np.array([np.sin(sway), np.sin(angle), -np.cos(angle)]) * a.tail_length / 10
        point = np.maximum(point + step, [-9, a.tail_width, -9])
        joints.append(point.tolist())
        angle, sway = angle + a.tail_curl / 10, sway + rng.normal(0, 0.15)
    radii = np.linspace(1.25, 0.75, 11) * a.tail_width
    return limb_solids(joints, radii.tolist(), Part.TAIL)


def _front_leg(a: Anatomy, frame: Frame, side: float, foot: Vector) -> list[Solid]:
    shoulder = frame.chest + np.array([side * a.chest * 0.55, -a.chest * 0.3, 0.0])
    elbow = shoulder * 0.5 + foot * 0.5 + np.array([0, 0, -0.05])
    wide = a.leg_width
    limb = limb_solids(
        [shoulder.tolist(), elbow.tolist(), foot.tolist()],
        [wide * 1.7, wide, wide * 0.8],
        Part.LIMB,
    )
    return [*limb, ellipsoid(foot + [0, 0, 0.03], (wide * 1.05, 0.045, wide * 1.5), Part.PAW)]


def _hind_leg(a: Anatomy, frame: Frame, side: float, foot: Vector) -> list[Solid]:
    """Thigh, knee forward, hock back; folds up by itself when the hip is near the ground."""
    hip = frame.hip + np.array([side * a.waist * 0.65, -a.waist * 0.15, 0.0])
    knee = hip * 0.55 + foot * 0.45 + np.array([side * 0.03, 0, 0.10])
    hock = foot + np.array([0, 0.28 * hip[1], -0.10])
    wide = a.leg_width
    joints = [hip.tolist(), knee.tolist(), hock.tolist(), foot.tolist()]
    limb = limb_solids(joints, [wide * 2.2, wide * 1.7, wide * 0.85, wide * 0.8], Part.LIMB)
    return [*limb, ellipsoid(foot + [0, 0, 0.04], (wide * 1.05, 0.045, wide * 1.6), Part.PAW)]
