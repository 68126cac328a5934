"""The annotation of a slide, from whichever file a person dropped in."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from dataclasses import replace
from pathlib import Path

from shapely import GEOSException

from podium.core.errors import PodiumError, first_line
from podium.slides.annotations import asap, geojson, imagescope, mask_files, ndpa, run_lengths, svg
from podium.slides.annotations.class_plan import AREA, ClassPlan
from podium.slides.annotations.decide import decided
from podium.slides.annotations.frame import Frame
from podium.slides.annotations.limits import MAX_BYTES, Unusable, contents
from podium.slides.annotations.looked_at import rectangle_of, within
from podium.slides.annotations.regions import Annotation, Drawn, Outlines, clipped
from podium.slides.annotations.run_lengths import RunLengths

SUFFIXES = (".svg", ".xml", ".ndpa", ".geojson", ".json", ".png", ".tif", ".tiff")
PACKED = tuple(f"{suffix}.gz" for suffix in (".geojson", ".json", ".svg", ".xml"))
# the first element of an XML file is ImageScope's
_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<[?!][^>]*>\s*)*<Annotations\b")
_MASKS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
OF_TABLE = "area of slides.csv"
_WHOLE = 0.999  # share of a slide above which an annotation is taken for a background


def load(
    path: Path,
    size: tuple[int, int],
    plan: ClassPlan | None = None,
    max_bytes: int = MAX_BYTES,
    frame: Frame | None = None,
    area: str = "",
    runs: RunLengths | None = None,
) -> Annotation:
    """What `path` outlines on a slide of `size` = (w, h) level-0 pixels.

    Args:
        path: SVG (`.svg`), the XML of ASAP or ImageScope (`.xml`), NDP.view's (`.ndpa`), QuPath's
            GeoJSON (`.geojson`, `.json`), some perhaps packed (`.geojson.gz`), or a mask (`.png`,
            `.tif`).
        size: of the slide.
        plan: what classes (QuPath), groups (ASAP), layers, titles and colours of masks are taken
            as; None: all are tumour whose names do not deny it.
        max_bytes: larger files, packed or unpacked, are refused.
        frame: of the slide, where its format has other origins than that of level 0.
        area: where somebody looked, as slides.csv says: a class of outlines, or x, y, width and
            height in level-0 pixels; '' where it does not.
        runs: what the table at `path` says of the slide, where it is one of run lengths.

    Raises:
        PodiumError: the file cannot be read or trusted, has no outline with an area (a mask may be
            all 0), or all of it lies outside the slide.
    """
    try:
        plan = plan or ClassPlan()
        if runs is not None:
            outlines = _within(run_lengths.read(runs, size, plan), area, size)
        elif is_mask(path):
            kind, data = _MASKS[kind_of(path)], _unpacked(path, max_bytes)
            outlines = _within(mask_files.read(data, size, plan, kind), area, size)
        else:
            data = _unpacked(path, max_bytes)
            outlines = _decided(_read(path, data, frame or Frame(size)), plan, size, area)
        whole = Annotation(
            outlines.regions, path, tuple(outlines.notes), outlines.areas, outlines.tumour
        )
        annotation = clipped(whole, size)
        if is_mask(path):  # what hangs over is less than a pixel of the mask
            annotation = replace(annotation, notes=whole.notes)
    except Unusable as error:
        raise PodiumError(f"{path}: {error}") from None
    except GEOSException as error:
        raise PodiumError(
            f"{path}: its outlines cannot be repaired ({first_line(error)})\n"
            "remedy: simplify them where they were drawn, or give them as a PNG mask"
        ) from None
    if annotation.area > _WHOLE * size[0] * size[1]:
        note = "it covers the whole slide: a background among the outlines?"
        return replace(annotation, notes=(*annotation.notes, note))
    return annotation


def _within(outlines: Outlines, area: str, size: tuple[int, int]) -> Outlines:
    """What a mask means, given the area that slides.csv says somebody looked at."""
    return within(outlines, area, size) if area else outlines


def _decided(drawn: Drawn, plan: ClassPlan, size: tuple[int, int], area: str) -> Outlines:
    """What outlines mean, given the area that slides.csv says somebody looked at."""
    if not area:
        return decided(drawn, plan, size)
    if rectangle := rectangle_of(area):
        parts = drawn.parts | {OF_TABLE: rectangle}
        plan = plan.with_area(OF_TABLE)
        return decided(drawn._replace(parts=parts), plan, size, of_table=True)
    if area.lower() not in {name.lower() for name in drawn.parts}:
        raise Unusable(
            f"slides.csv says that {area!r} was looked at, but it has no such class",
            f"name one of {', '.join(drawn.parts)}, or give x, y, width and height in pixels",
        )
    plan = plan.with_area(area)
    if plan.role(area) != AREA:
        raise Unusable(
            f"slides.csv says that {area!r} was looked at, but slides.classes names it",
            "leave it in one of the two, or give x, y, width and height in pixels",
        )
    return decided(drawn, plan, size, of_table=True)


def kind_of(path: Path) -> str:
    """The suffix that says how `path` is read, `.geojson` of `S1.geojson.gz`; '' for none."""
    name = path.name.lower()
    if name.endswith(PACKED):
        return Path(name.removesuffix(".gz")).suffix
    return path.suffix.lower() if name.endswith(SUFFIXES) else ""


def is_mask(path: Path) -> bool:
    """Whether `path` is read as a mask."""
    return kind_of(path) in _MASKS


def stem_of(path: Path) -> str:
    """The name of a file without the suffix by which it is read: `S1` of `S1.geojson.gz`."""
    return Path(path.stem).stem if path.name.lower().endswith(PACKED) else path.stem


def _unpacked(path: Path, max_bytes: int) -> bytes:
    data = contents(path, max_bytes)
    if path.suffix.lower() != ".gz":
        return data
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(data)).read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Unusable(f"not readable as gzip ({first_line(error)})", "pack it again") from None
    if len(unpacked) > max_bytes:
        raise Unusable(
            f"it unpacks to more than {max_bytes / 2**20:.0f} MB",
            "simplify the outlines, or give them as a PNG mask",
        )
    return unpacked


def _read(path: Path, data: bytes, frame: Frame) -> Drawn:
    match kind_of(path):
        case ".svg":
            return svg.read(data, frame.size)
        case ".xml" if _ROOT.match(data):
            return imagescope.read(data)
        case ".xml":
            return asap.read(data)
        case ".ndpa":
            return ndpa.read(data, frame)
        case ".geojson" | ".json":
            return geojson.read(data, frame.origin)
    raise Unusable(f"not one of {', '.join((*SUFFIXES, *PACKED))}", "export it as one of these")


def by_stem(folder: Path) -> dict[str, Path]:
    """The annotation files in `folder`, by the stem of the slide they belong to.

    Raises:
        PodiumError: two files have one stem.
    """
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    paths: dict[str, Path] = {}
    for path in files:
        if not kind_of(path) or path.name.startswith("."):
            continue
        if (stem := stem_of(path)) in paths:
            raise PodiumError(
                f"{path}: {paths[stem].name} annotates the same slide\nremedy: keep one of the two"
            )
        paths[stem] = path
    return paths
