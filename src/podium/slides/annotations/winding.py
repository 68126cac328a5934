"""What closed rings fill when they cross themselves or each other: winding numbers of faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from podium.slides.annotations.limits import Budget
from podium.slides.annotations.overlay import (
    Crossings,
    Sides,
    left_of,
    merged,
    n_crossings,
    without,
)
from podium.slides.annotations.regions import Points, clean

FillRule = Literal["nonzero", "evenodd"]

_TURNS = 500  # looks at a side that are as much work as a crossing
_MANY = 20_000  # points of a ring whose validity takes longer to see than a guess
_PIECE = 32  # sides found together
_AT_ONCE = 32  # points asked for together
_THIN = 1e-7  # px from a point inside a face to its edge
_GRID = 2.0**-20  # px, on which whole pixels lie


def filled(
    rings: Sequence[Points], rule: FillRule = "nonzero", crossings: Crossings | None = None
) -> BaseGeometry:
    """What `rings` (N, 2), each closed by a straight line, enclose together.

    A point is inside where the rings wind around it, clockwise turns less the others, a number of
    times that is not 0 (`nonzero`) or is odd (`evenodd`): SVG 1.1, 11.3. Rings of less than three
    points enclose nothing.

    Args:
        rings: of one shape.
        rule: where a point is inside.
        crossings: of its file that are left.

    Raises:
        Unusable: the rings cross more often.
    """
    rings = [ring for ring in map(_opened, rings) if len(ring) > 2]
    if not rings:
        return MultiPolygon()
    if len(rings) == 1 and len(rings[0]) < _MANY and (simple := Polygon(rings[0])).is_valid:
        return simple
    sides = np.concatenate([np.stack([ring, _next(ring)], axis=1) for ring in rings])
    budget = (crossings or Crossings()).tangled
    budget.spend(n_crossings(sides))
    if len(rings) == 1 and len(rings[0]) >= _MANY and (simple := Polygon(rings[0])).is_valid:
        return simple
    faces, spots = _faces(rings)
    turns = _turns(shapely.get_coordinates(spots), sides, budget)
    inside = turns % 2 != 0 if rule == "evenodd" else turns != 0
    return clean(shapely.coverage_union_all(faces[inside]))


def _faces(rings: Sequence[Points]) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """The faces (F,) that rings part the plane into, and a point (F,) inside each.

    Where a line runs back almost over itself, rounding leaves faces thinner than numbers can tell,
    so all corners are moved to a fine grid.
    """
    lines = np.array([shapely.linearrings(ring) for ring in rings])
    for grid in (None, _GRID):
        faces = shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=grid)]))
        spots = shapely.point_on_surface(faces)
        with np.errstate(all="ignore"):  # faces too thin for a distance
            is_safe = shapely.distance(spots, shapely.boundary(faces)) > _THIN
        if is_safe.all():
            break
    return faces, spots


def with_holes(
    shell: Points, holes: Sequence[Points], crossings: Crossings | None = None
) -> BaseGeometry:
    """What `shell` (N, 2) encloses and no hole (M, 2) does, each ring by the nonzero rule.

    Args:
        shell: the outline.
        holes: cut out of it.
        crossings: of its file that are left.

    Raises:
        Unusable: the rings cross more often.
    """
    crossings = crossings or Crossings()
    shell, holes = _opened(shell), [_opened(hole) for hole in holes]
    if len(shell) < 3:
        return MultiPolygon()
    polygon = Polygon(shell, [hole for hole in holes if len(hole) > 2])
    if polygon.is_valid:
        return polygon
    cut = merged((filled([hole], crossings=crossings) for hole in holes), crossings)
    return without(filled([shell], crossings=crossings), cut, crossings)


def _opened(ring: Points) -> Points:
    """A ring without points that repeat the next one, the last one of a closed ring among them."""
    return ring[(ring != _next(ring)).any(axis=1)]


def _next(ring: Points) -> Points:
    return np.concatenate([ring[1:], ring[:1]])


def _turns(points: Points, sides: Sides, budget: Budget) -> NDArray[np.int64]:
    """How often the sides wind around each of the points (N,), by rays to the right."""
    starts = np.arange(0, len(sides), _PIECE)
    low = np.minimum.reduceat(sides.min(axis=1), starts)
    high = np.maximum.reduceat(sides.max(axis=1), starts)
    boxes: Any = shapely.box(*low.T, *high.T)
    tree = STRtree(boxes)
    far = np.column_stack([np.full(len(points), high[:, 0].max() + 1), points[:, 1]])
    rays: Any = shapely.linestrings(np.stack([points, far], axis=1))
    turns = np.zeros(len(points), dtype=np.int64)
    for first in range(0, len(points), _AT_ONCE):
        ray, piece = tree.query(rays[first : first + _AT_ONCE])
        budget.spend(len(piece) * _PIECE / _TURNS)
        side = starts[piece][:, None] + np.arange(_PIECE)
        ray = np.repeat(ray + first, _PIECE)[side.ravel() < len(sides)]
        side = side[side < len(sides)]
        begins, ends, at = sides[side, 0], sides[side, 1], points[ray]
        way = np.sign(ends[:, 1] - begins[:, 1])
        crosses = (begins[:, 1] <= at[:, 1]) != (ends[:, 1] <= at[:, 1])
        crosses &= left_of(begins, ends, at) * way > 0
        np.add.at(turns, ray[crosses], way[crosses].astype(np.int64))
    return turns
