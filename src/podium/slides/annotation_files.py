"""Which annotation files belong to which slides, and which belong to none or cannot be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from podium.core.errors import PodiumError
from podium.core.ids import natural_key
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut, files_below
from podium.slides.annotations.load import PACKED, SUFFIXES, kind_of, stem_of
from podium.slides.raw_folder import left_out, refuse_odd_names
from podium.slides.slide_files import SlideFiles, names_of

FOLDER, KEY = "annotations", "test_annotations"
UNUSED = "an annotation of a test slide: it is not looked at"
_UNREAD = f"no annotation format that is read: {', '.join((*SUFFIXES, *PACKED))}"


@dataclass(frozen=True)
class AnnotationFiles:
    """The annotation file of each slide, and the files that are none.

    Attributes:
        by_slide: one of an unread format, too, if its slide has no other: it is no test slide and
            none without tumour, so it fails loudly when it is read.
        left_out: rows of the quarantine.
    """

    by_slide: dict[str, Path]
    left_out: list[LeftOut]


def find_annotations(
    root: Path, folder: Path, slides: Mapping[str, SlideFiles], *, refuse_orphans: bool = True,
    skip: Collection[str] = (),
) -> AnnotationFiles:  # fmt: skip
    """The annotation files below `folder`, by slide.

    Args:
        root: of all raw files.
        folder: of annotations, at any depth.
        slides: by name.
        refuse_orphans: whether a readable file that belongs to no slide is refused or left out.
        skip: files and folders in `folder` that are no annotations.

    Raises:
        PodiumError: two files annotate one slide, or one belongs to none.
    """
    files = files_below(folder, skip)
    refuse_odd_names(files)
    names = names_of(slides)
    shown = [path for path in files if not path.name.startswith(".")]
    rows = [left_out(root, path, "a hidden file") for path in files if path not in shown]
    owners = {
        path: next((names[name] for name in _candidates(path) if name in names), None)
        for path in shown
    }
    orphans = [path for path in shown if kind_of(path) and owners[path] is None]
    if orphans and refuse_orphans:
        _refuse_orphans(orphans)
    rows += [left_out(root, path, "an annotation without slide") for path in orphans]
    by_slide: dict[str, Path] = {}
    for path in sorted(shown, key=lambda path: not kind_of(path)):  # unread ones last
        owner = owners[path]
        other = by_slide.setdefault(owner, path) if owner else None
        if not kind_of(path) and other != path:
            rows.append(left_out(root, path, _UNREAD))
        elif kind_of(path) and other not in (None, path):
            raise PodiumError(
                printable(f"{path}: {other.name if other else ''} annotates the same slide")
                + "\nremedy: keep one of the two"
            )
    return AnnotationFiles(by_slide, rows)


def _refuse_orphans(orphans: Sequence[Path]) -> NoReturn:
    first = min(orphans, key=lambda path: natural_key(stem_of(path)))
    raise PodiumError(
        printable(f"{first}: there is no slide {stem_of(first)!r} in images ")
        + f"({len(orphans)} such annotations)\nremedy: name it like its slide, or remove it"
    )


def _candidates(path: Path) -> Iterator[str]:
    """Names of the slide that a file may annotate: `a.b.svs` and `a.b` of `a.b.svs.geojson`."""
    stem = stem_of(path)
    yield stem
    if not kind_of(path):  # S1.ndpi.ndpa, S1.tar.gz
        yield Path(stem).stem
