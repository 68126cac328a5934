"""The annotation of a slide, from whichever file a person dropped in."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from shapely import GEOSException, MultiPolygon

from podium.core.errors import PodiumError, first_line
from podium.slides.annotations import asap, geojson, png, svg
from podium.slides.annotations.limits import MAX_BYTES, Unusable, contents
from podium.slides.annotations.regions import Annotation, clipped

SUFFIXES = (".svg", ".xml", ".geojson", ".json", ".png")
_WHOLE = 0.999  # share of a slide above which an annotation is taken for a background


def load(
    path: Path,
    size: tuple[int, int],
    classes: Collection[str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Annotation:
    """The tumour that `path` outlines on a slide of `size` = (w, h) level-0 pixels.

    Args:
        path: SVG (`.svg`), ASAP's XML (`.xml`), QuPath's GeoJSON (`.geojson`, `.json`), or a mask
            (`.png`).
        size: of the slide.
        classes: names of classes (QuPath) or groups (ASAP) that are tumour; None takes all. SVG and
            PNG have none.
        max_bytes: larger files are refused unread.

    Raises:
        PodiumError: the file cannot be read or trusted, has no outline with an area (a mask may be
            all 0), or all of it lies outside the slide.
    """
    try:
        regions, notes = _read(path, contents(path, max_bytes), size, classes)
        annotation = clipped(Annotation(regions, path, tuple(notes)), size)
    except Unusable as error:
        raise PodiumError(f"{path}: {error}") from None
    except GEOSException as error:
        raise PodiumError(
            f"{path}: its outlines cannot be repaired ({first_line(error)})\n"
            "remedy: simplify them where they were drawn, or give them as a PNG mask"
        ) from None
    if annotation.area > _WHOLE * size[0] * size[1]:
        notes = [*annotation.notes, "it covers the whole slide: a background among the outlines?"]
        return Annotation(annotation.regions, path, tuple(notes))
    return annotation


def _read(
    path: Path, data: bytes, size: tuple[int, int], classes: Collection[str] | None
) -> tuple[MultiPolygon, list[str]]:
    match path.suffix.lower():
        case ".svg":
            return svg.read(data, size)
        case ".xml":
            return asap.read(data, classes)
        case ".geojson" | ".json":
            return geojson.read(data, classes)
        case ".png":
            return png.read(data, size), []
    raise Unusable(f"not one of {', '.join(SUFFIXES)}", "export it as one of these")


def by_stem(folder: Path) -> dict[str, Path]:
    """The annotation files in `folder`, by the stem of the slide they belong to.

    Raises:
        PodiumError: two files have one stem.
    """
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    paths: dict[str, Path] = {}
    for path in files:
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in paths:
            raise PodiumError(
                f"{path}: {paths[path.stem].name} annotates the same slide\n"
                "remedy: keep one of the two"
            )
        paths[path.stem] = path
    return paths
