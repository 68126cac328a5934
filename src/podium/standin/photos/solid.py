"""Ellipsoids, turned and cast into a relief: the depth and body part seen at each pixel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import Field, Vector

FAR = np.float32(-1e6)  # depth where nothing stands


class Part(IntEnum):
    """What a solid is, which decides how the coat paints it."""

    NOTHING = 0
    TORSO = 1
    LIMB = 2
    PAW = 3
    TAIL = 4
    HEAD = 5
    MUZZLE = 6
    EAR = 7
    INNER_EAR = 8
    NOSE = 9
    TONGUE = 10
    COLLAR = 11


@dataclass(frozen=True)
class Solid:
    """An ellipsoid: `centre` (3,) plus `axes` (3, 3), whose columns are its semi-axes."""

    centre: Vector
    axes: Vector
    part: Part


@dataclass(frozen=True)
class Mark:
    """A flat stroke on the surface: a filled outline, or a line where `width` is above 0."""

    points: Vector  # (N, 3)
    facing: Vector  # (3,), away from the body; hidden when it points away from the camera
    colour: Vector
    width: float = 0.0


@dataclass(frozen=True)
class View:
    """Animal frame (x left, y up, z forward) -> picture (x right, y down, z to the camera), px."""

    turn: Vector  # (3, 3), orthogonal times px per unit
    origin: Vector  # (3,)

    def place(self, points: Vector) -> Vector:
        """The `points` (N, 3) or (H, W, 3) of the animal's frame in picture coordinates."""
        return np.asarray(points @ self.turn.T + self.origin)

    def unplace(self, points: Vector) -> Vector:
        """The `points` (N, 3) or (H, W, 3) of the picture in the animal's frame."""
        scale = np.linalg.norm(self.turn[0]) ** 2
        # einsum, as BLAS would start threads for so many points and slow down its neighbours
        return np.asarray(np.einsum("...i,ij->...j", points - self.origin, self.turn / scale))


@dataclass(frozen=True)
class Relief:
    """What the camera sees of the solids: `depth` (H, W), larger is nearer, and `part` (H, W)."""

    depth: Field
    part: NDArray[np.uint8]


def ellipsoid(
    centre: Sequence[float] | Vector, radii: float | Sequence[float], part: Part
) -> Solid:
    """An ellipsoid along the axes of its frame.

    Args:
        centre: (3,).
        radii: (3,), or a number for a ball.
        part: of the body.
    """
    return Solid(np.asarray(centre, np.float64), np.diag(np.broadcast_to(radii, 3)), part)


def moved_solid(solid: Solid, turn: Vector, origin: Vector) -> Solid:
    """A solid turned about the origin, then shifted.

    Args:
        solid: is left as it is.
        turn: (3, 3), a rotation, or one times a scale.
        origin: (3,), where the old origin comes to lie.
    """
    return Solid(turn @ solid.centre + origin, turn @ solid.axes, solid.part)


def limb_solids(
    joints: Sequence[Sequence[float]], radii: Sequence[float], part: Part
) -> list[Solid]:
    """Balls along a line, close enough to read as a tapering limb.

    Args:
        joints: (N, 3), the corners of the line.
        radii: (N,) at the joints.
        part: of the body.
    """
    path = np.asarray(joints, np.float64)
    solids = []
    for start, end, near, far in zip(path, path[1:], radii, radii[1:], strict=False):
        n_balls = int(np.clip(np.linalg.norm(end - start) / (0.6 * min(near, far)), 2, 8))
        for t in np.linspace(0, 1, n_balls, endpoint=False):
            solids.append(ellipsoid(start + t * (end - start), near + t * (far - near), part))
    return [*solids, ellipsoid(path[-1], radii[-1], part)]


def solid_bounds(solids: Iterable[Solid]) -> tuple[Vector, Vector]:
    """Lowest and highest (x, y, z) that `solids` reach, (3,) each."""
    solids = list(solids)
    centres = np.array([solid.centre for solid in solids])
    reach = np.array([np.linalg.norm(solid.axes, axis=1) for solid in solids])
    return (centres - reach).min(axis=0), (centres + reach).max(axis=0)


def render_relief(solids: Iterable[Solid], shape: tuple[int, int]) -> Relief:
    """The relief (H, W) of `solids`, given in picture coordinates."""
    relief = Relief(np.full(shape, FAR, np.float32), np.zeros(shape, np.uint8))
    for solid in solids:
        _render_solid(solid, relief)
    return relief


def _render_solid(solid: Solid, relief: Relief) -> None:
    """Nearer root of (p - c)' A (p - c) = 1 in the depth of p, with A = (axes axes')^-1."""
    spread = solid.axes @ solid.axes.T
    reach = np.sqrt(np.diag(spread)[:2]) + 1
    limit = np.array(relief.depth.shape[::-1])
    left, top = np.clip(np.floor(solid.centre[:2] - reach), 0, limit).astype(int)
    right, bottom = np.clip(np.ceil(solid.centre[:2] + reach), 0, limit).astype(int)
    if left >= right or top >= bottom:
        return
    a = np.linalg.inv(spread).astype(np.float32)
    x = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(solid.centre[0])
    y = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(solid.centre[1])
    b = a[0, 2] * x + a[1, 2] * y
    inside = b * b - a[2, 2] * (a[0, 0] * x * x + 2 * a[0, 1] * x * y + a[1, 1] * y * y - 1)
    depth = (np.sqrt(np.maximum(inside, 0)) - b) / a[2, 2] + np.float32(solid.centre[2])
    window = (slice(top, bottom), slice(left, right))
    wins = (inside > 0) & (depth > relief.depth[window])
    relief.depth[window][wins] = depth[wins]
    relief.part[window][wins] = solid.part
