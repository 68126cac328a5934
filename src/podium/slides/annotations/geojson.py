"""Outlines in the GeoJSON of QuPath (RFC 7946), read and written, in level-0 pixels.

A FeatureCollection, a Feature, a list of them, or a bare geometry. Polygons, MultiPolygons and
GeometryCollections of them are regions; points and lines are left out. Classes whose name ends in
`*` are those that QuPath ignores (`Ignore*`, `Region*`): no tumour unless asked for by name, as are
classes whose names say that they are none (`Stroma`, `Normal`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from podium.core.errors import first_line
from podium.core.files import write_text
from podium.slides.annotations.class_names import NO_CLASS, denies_tumour
from podium.slides.annotations.limits import (
    MAX_DEPTH,
    MAX_POINTS,
    NOTHING,
    Budget,
    Unusable,
    no_tumour_note,
    points,
)
from podium.slides.annotations.overlay import Crossings, merged
from podium.slides.annotations.regions import Outlines, Points, clean
from podium.slides.annotations.winding import with_holes

MAX_LISTS = 2 * MAX_POINTS  # a point is a list of two numbers
_DECIMALS = 2  # of a pixel, as written

_Limits = tuple[Budget, Crossings]  # of the file


def read(
    data: bytes, classes: Collection[str] | None, origin: tuple[int, int] = (0, 0)
) -> Outlines:
    """The regions in `data` in level-0 pixels, notes, and the areas of its classes.

    Args:
        data: the bytes of the file.
        classes: names of QuPath's classes that are tumour, upper or lower case; None takes all but
            those QuPath ignores or whose names say otherwise. An object of class
            `Tumor: Positive` is of both.
        origin: level-0 pixels x, y from which points count.

    Raises:
        Unusable: it is no GeoJSON, coordinates cannot be read, or no outline has an area.
    """
    budget, crossings, regions = Budget(), Crossings(), []
    n_flat, others, areas, tumour = 0, [], dict[str, float](), set[str]()
    for feature in _features(_parsed(data), 0):
        names = _names(feature)
        areas_of = _areas(feature.get("geometry"), (budget, crossings), 0)
        parts = [part for part in areas_of if not part.is_empty]
        n_flat += not parts
        if not parts:
            continue
        name = ": ".join(names) or NO_CLASS
        areas[name] = areas.get(name, 0.0) + sum(part.area for part in parts)
        if _is_tumour(names, classes):
            regions += parts
            tumour.add(name)
        else:
            others.append(name)
    if not regions and not others:
        raise Unusable(*NOTHING)
    notes = [f"objects without an area, left out: {n_flat}"] if n_flat else []
    if others:
        kinds = ", ".join(sorted(set(others)))
        left_out = f"outlines of {kinds}, left out: {len(others)}"
        notes.append(left_out if regions else no_tumour_note(kinds))
    if areas.keys() == tumour == {NO_CLASS}:
        areas, tumour = {}, set()
    outlines = merged(regions, crossings)
    if origin != (0, 0):
        outlines = shapely.transform(outlines, lambda at: at + origin)
    return Outlines(outlines, notes, areas, frozenset(tumour))


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
    about = {
        "objectType": "annotation",
        "classification": {"name": name, "color": list(colour)},
        "isLocked": False,
    }
    features = [
        json.dumps({"type": "Feature", "geometry": _geometry(part), "properties": about})
        for whole in shapely.get_parts(regions)
        for part in _rounded(whole)
    ]
    body = ",\n".join(features)
    write_text(path, f'{{"type": "FeatureCollection", "features": [\n{body}\n]}}\n')


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


def _is_tumour(names: list[str], classes: Collection[str] | None) -> bool:
    if classes is None:
        ignored = any(name.endswith("*") for name in names)
        return not ignored and not denies_tumour(" ".join(names))
    lower = {name.lower() for name in [*names, ": ".join(names)]}
    return not lower.isdisjoint(name.lower() for name in classes)


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
