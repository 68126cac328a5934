"""Unions and differences of regions, refused where their sides cross too often to be worked out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from podium.slides.annotations.limits import Budget
from podium.slides.annotations.regions import Points, clean

Sides = NDArray[np.float64]  # (N, 2, 2): of rings, begin and end, x and y

MAX_TANGLED = 60_000  # crossings of rings that wind around faces; some 0.1 ms of work each
MAX_MUTUAL = 500_000  # crossings of regions with each other; some 0.02 ms each
_PAIRS = 2_000_000  # of sides looked at for one guess
_LEAST = 8  # sides that a guess looks at, however many there are


class Crossings:
    """How often the sides in one file may still cross: crossings are found one by one."""

    def __init__(self) -> None:
        self.tangled = Budget(MAX_TANGLED, "places where its outlines cross themselves")
        self.mutual = Budget(MAX_MUTUAL, "places where its outlines cross each other")


def merged(parts: Iterable[BaseGeometry], crossings: Crossings | None = None) -> MultiPolygon:
    """What valid `parts` cover together; where they overlap or share a side they become one.

    Raises:
        Unusable: they cross more often than `crossings` has left.
    """
    regions = list(parts)
    _spend(regions, crossings)
    return clean(shapely.disjoint_subset_union_all(regions))


def without(
    region: BaseGeometry, holes: BaseGeometry, crossings: Crossings | None = None
) -> MultiPolygon:
    """What valid `region` covers and valid `holes` do not.

    Args:
        region: polygons.
        holes: polygons, cut out of them.
        crossings: of their file that are left.

    Raises:
        Unusable: they cross more often than `crossings` has left.
    """
    _spend([region, holes], crossings)
    return clean(shapely.difference(region, holes))


def _spend(regions: list[BaseGeometry], crossings: Crossings | None) -> None:
    sides = sides_of(shapely.get_parts(regions))
    (crossings or Crossings()).mutual.spend(n_crossings(sides))


def sides_of(polygons: NDArray[np.object_]) -> Sides:
    """The sides (N, 2, 2) of all rings of polygons."""
    at, ring = shapely.get_coordinates(shapely.get_rings(polygons), return_index=True)
    return np.stack([at[:-1], at[1:]], axis=1)[ring[:-1] == ring[1:]]


def n_crossings(sides: Sides) -> float:
    """How often sides (N, 2, 2) cross, guessed from some of them where there are many.

    Long sides are looked at more often than short ones: a few may cross most of the others.
    """
    n_some = max(_PAIRS // max(len(sides), 1), _LEAST)
    if len(sides) <= n_some:
        return sum(_n_crossed(side, sides) for side in sides) / 2
    lengths = np.hypot(*(sides[:, 1] - sides[:, 0]).T)
    ends = lengths.cumsum()
    some = np.searchsorted(ends, (np.arange(n_some) + 0.5) / n_some * ends[-1])
    shares = sum(_n_crossed(sides[k], sides) / lengths[k] for k in some)
    return float(shares / n_some * ends[-1] / 2)


def _n_crossed(side: NDArray[np.float64], sides: Sides) -> int:
    """How many of `sides` a side (2, 2) crosses; a common end is no crossing."""
    begin, end = side
    apart = left_of(begin, end, sides[:, 0]) * left_of(begin, end, sides[:, 1]) < 0
    begins, ends = sides[apart].swapaxes(0, 1)
    return int((left_of(begins, ends, begin) * left_of(begins, ends, end) < 0).sum())


def left_of(begin: Points, end: Points, point: Points) -> NDArray[np.float64]:
    """Positive, negative or 0 (N,): on which side of the lines from begin to end points lie.

    Args:
        begin: (N, 2) or (2,).
        end: likewise.
        point: likewise.
    """
    (dx, dy), (x, y) = (end - begin).T, (point - begin).T
    return np.sign(dx * y - dy * x)
