"""Outlines in the GeoJSON of QuPath (RFC 7946), read and written, in level-0 pixels.

A FeatureCollection, a Feature, a list of them, or a bare geometry. Polygons, MultiPolygons and
GeometryCollections of them are regions; points and lines are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from podium.core.errors import first_line
from podium.core.files import atomic_write
from podium.slides.annotations.class_names import NO_CLASS
from podium.slides.annotations.limits import (
    MAX_DEPTH,
    MAX_POINTS,
    NOTHING,
    Budget,
    Unusable,
    points,
)
from podium.slides.annotations.overlay import Crossings, merged
from podium.slides.annotations.regions import Drawn, Points, clean
from podium.slides.annotations.winding import with_holes

MAX_LISTS = 2 * MAX_POINTS  # a point is a list of two numbers
_DECIMALS = 2  # of a pixel, as written

_Limits = tuple[Budget, Crossings]  # of the file


def read(data: bytes, origin: tuple[int, int] = (0, 0)) -> Drawn:
    """The regions in `data` by class, and notes; points count from level-0 pixels `origin`.

    Raises:
        Unusable: it is no GeoJSON, or coordinates cannot be read.
    """
    budget, crossings, n_flat = Budget(), Crossings(), 0
    classes: dict[str, list[BaseGeometry]] = {}
    for feature in _features(_parsed(data), 0):
        areas = _areas(feature.get("geometry"), (budget, crossings), 0)
        parts = [part for part in areas if not part.is_empty]
        n_flat += not parts
        if parts:
            classes.setdefault(": ".join(_names(feature)) or NO_CLASS, []).extend(parts)
    regions = {name: merged(parts, crossings) for name, parts in classes.items()}
    if origin != (0, 0):
        regions = {name: shapely.transform(region, lambda at: at + origin)
                   for name, region in regions.items()}  # fmt: skip
    return Drawn(regions, [], n_flat)


def read_labels(data: bytes) -> dict[int, MultiPolygon]:
    """The regions of objects by their property `label`, 0 where they have none.

    Raises:
        Unusable: as `read`.
    """
    limits, parts = (Budget(), Crossings()), dict[int, list[BaseGeometry]]()
    for feature in _features(_parsed(data), 0):
        about = feature.get("properties")
        label = about.get("label", 0) if isinstance(about, dict) else 0
        regions = [part for part in _areas(feature.get("geometry"), limits, 0) if not part.is_empty]
        if isinstance(label, int) and regions:
            parts.setdefault(label, []).extend(regions)
    if not parts:
        raise Unusable(*NOTHING)
    return {label: merged(regions, limits[1]) for label, regions in parts.items()}


def write(
    path: Path,
    regions: MultiPolygon,
    name: str = "Tumor",
    colour: tuple[int, int, int] = (200, 0, 0),
) -> None:
    """Write `regions` as annotations that QuPath opens by dropping the file on its slide.

    Args:
        path: the file, written whole or not at all.
        regions: valid polygons in level-0 pixels; one annotation each, rounded to 0.01 pixels.
        name: their class.
        colour: red, green and blue of the class, 0..255.
    """
    write_objects(path, [Object(part, name, colour) for part in shapely.get_parts(regions)])


class Object(NamedTuple):
    """An annotation of QuPath.

    Attributes:
        outline: a valid polygon in level-0 pixels.
        name: its class.
        colour: red, green and blue of the class, 0..255.
        more: further properties.
        id: a UUID, or ''.
    """

    outline: Polygon
    name: str
    colour: tuple[int, int, int]
    more: Mapping[str, Any] = MappingProxyType({})
    id: str = ""


def write_objects(path: Path, objects: Iterable[Object]) -> None:
    """Write objects as annotations, whole or not at all; outlines are rounded to 0.01 pixels."""
    with atomic_write(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"type": "FeatureCollection", "features": [\n')
        parts = ((whole, part) for whole in objects for part in _rounded(whole.outline))
        for number, (owner, part) in enumerate(parts):
            feature: dict[str, Any] = {"type": "Feature"} | ({"id": owner.id} if owner.id else {})
            feature |= {"geometry": _geometry(part), "properties": _about(owner)}
            file.write((",\n" if number else "") + json.dumps(feature))
        file.write("\n]}\n")


def _about(whole: Object) -> dict[str, Any]:
    kind = {"name": whole.name, "color": list(whole.colour)}
    about = {"objectType": "annotation", "classification": kind, "isLocked": False}
    return about | dict(whole.more)


def _rounded(polygon: Polygon) -> list[Polygon]:
    """The polygon rounded; its valid parts where rounding makes it cross itself."""
    rounded = shapely.transform(polygon, lambda at: np.round(at, _DECIMALS))
    if rounded.is_valid:
        return [rounded]
    on_grid = clean(shapely.set_precision(polygon, 10.0**-_DECIMALS))
    return list(on_grid.geoms)


def _geometry(polygon: Polygon) -> dict[str, Any]:
    rings = shapely.get_rings(shapely.orient_polygons(polygon))
    numbers = [np.round(shapely.get_coordinates(ring), _DECIMALS).tolist() for ring in rings]
    return {"type": "Polygon", "coordinates": numbers}


def _parsed(data: bytes) -> Any:
    if (n := data.count(b"[") + data.count(b"{")) > MAX_LISTS:
        raise Unusable(
            f"it has {n:,} lists and objects, over {MAX_LISTS:,}", "simplify the outlines"
        )
    try:
        return json.loads(data)
    except RecursionError:
        raise Unusable(f"it is nested deeper than {MAX_DEPTH}") from None
    except ValueError as error:
        raise Unusable(f"not readable as JSON ({first_line(error)})") from None


def _features(document: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Every feature in a document; a bare geometry becomes one."""
    if depth > MAX_DEPTH:
        raise Unusable(f"it is nested deeper than {MAX_DEPTH}")
    if isinstance(document, list):
        for item in document:
            yield from _features(item, depth + 1)
    elif not isinstance(document, dict):
        raise Unusable(f"no GeoJSON: {str(document)[:20]!r} where an object is expected")
    elif document.get("type") == "FeatureCollection":
        yield from _features(_list(document, "features"), depth + 1)
    elif document.get("type") == "Feature":
        yield document
    else:
        yield {"geometry": document}


def _list(holder: dict[str, Any], name: str) -> list[Any]:
    values = holder.get(name)
    if not isinstance(values, list):
        raise Unusable(f"a {str(holder.get('type'))[:20]} has no list of {name}")
    return values


def _names(feature: dict[str, Any]) -> list[str]:
    """The names of a feature's class, as of QuPath 0.2 to 0.6; none without one."""
    properties = feature.get("properties")
    given = properties.get("classification") if isinstance(properties, dict) else None
    if isinstance(given, dict):
        given = given.get("names") or given.get("name")
    names = given if isinstance(given, list) else str(given or "").split(":")
    return [str(name).strip() for name in names if str(name).strip()]


def _areas(geometry: Any, limits: _Limits, depth: int) -> Iterator[BaseGeometry]:
    """The valid regions of a geometry, empty ones among them; None has none (RFC 7946, 3.2)."""
    if depth > MAX_DEPTH:
        raise Unusable(f"it is nested deeper than {MAX_DEPTH}")
    match geometry:
        case {"type": "Polygon"}:
            yield _area(_list(geometry, "coordinates"), limits)
        case {"type": "MultiPolygon"}:
            yield from (_area(rings, limits) for rings in _list(geometry, "coordinates"))
        case {"type": "GeometryCollection"}:
            for part in _list(geometry, "geometries"):
                yield from _areas(part, limits, depth + 1)
        case None | {"type": "Point" | "MultiPoint" | "LineString" | "MultiLineString"}:
            return
        case _:
            kind = geometry.get("type") if isinstance(geometry, dict) else geometry
            raise Unusable(f"no GeoJSON: {str(kind)[:20]!r} where a geometry is expected")


def _area(rings: Any, limits: _Limits) -> BaseGeometry:
    if not isinstance(rings, list):
        raise Unusable("a Polygon's coordinates are no list of rings")
    budget, crossings = limits
    shell, *holes = [_ring(ring, budget) for ring in rings] or [np.empty((0, 2))]
    return with_holes(shell, holes, crossings)


def _ring(values: Any, budget: Budget) -> Points:
    if isinstance(values, list):
        budget.spend(len(values))
    return points(values) if values != [] else np.empty((0, 2))
