"""The slides in a raw folder: images/, annotations/ and, optionally, slides.csv.

Without images/ slides lie in the folder itself, their annotations beside them or in annotations/;
what lies below train/ or test/ is of that split.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from podium.core.errors import PodiumError
from podium.core.ids import natural_key
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut, files_below
from podium.slides.annotation_files import (
    FOLDER,
    KEY,
    UNUSED,
    AnnotationFiles,
    find_annotations,
)
from podium.slides.annotations.load import kind_of
from podium.slides.raw_folder import left_out, refuse_masks, refuse_odd_names
from podium.slides.run_table import RunTable, find_run_table
from podium.slides.sample import SAMPLE, read_sample_ids
from podium.slides.slide_files import SUFFIXES, SlideFiles, find_slides
from podium.slides.slides_table import Entry, entries_of, read_slides_table

IMAGES, TABLE = "images", "slides.csv"
RESERVED = ("precision_recall",)  # names of files that stages write beside those of slides
_READ_ELSEWHERE = (IMAGES, FOLDER, KEY)


@dataclass(frozen=True)
class RawSlides:
    """What a raw folder holds.

    Attributes:
        entries: its slides, in natural order.
        left_out: its files that are not read.
        sample: the ids of the sample submission; None without one.
    """

    entries: list[Entry]
    left_out: list[LeftOut]
    sample: list[str] | None

    @property
    def run_table(self) -> str:
        """The name of the table whose run lengths are the annotations; '' without one."""
        return next((e.annotation.name for e in self.entries if e.runs and e.annotation), "")


def read_entries(root: Path, missing_annotation: Literal["test", "negative"]) -> list[Entry]:
    """The slides below `root`, in natural order; see `read_raw_folder`."""
    return read_raw_folder(root, missing_annotation).entries


def read_raw_folder(root: Path, missing_annotation: Literal["test", "negative"]) -> RawSlides:
    """The slides below `root`, in natural order, and every file there that is not read.

    Args:
        root: holds images/ (or slides) and, optionally, annotations/, slides.csv and
            sample_submission.csv.
        missing_annotation: without slides.csv, what a slide without annotation is: one to predict,
            or a train slide without tumour.

    Raises:
        PodiumError: no slides, two with one name, a mask among them, an annotation without slide,
            or a table that does not fit; names the file and the remedy.
    """
    path, sample = root / TABLE, read_sample_ids(root / SAMPLE)
    table = read_slides_table(path)
    is_flat = not os.path.lexists(root / IMAGES)
    images = (root, (FOLDER, KEY, TABLE, SAMPLE)) if is_flat else (root / IMAGES, ())
    if is_flat:
        files = files_below(*images)
        refuse_masks(root, [path for path in files if path.suffix.lower() in SUFFIXES])
    slides, others = find_slides(root, *images)
    runs = find_run_table(root, slides, others=(TABLE, SAMPLE))
    tables = [runs.path.name] if runs else []
    strays = [] if is_flat else [row for row in _strays(root) if row.path not in tables]
    expected = {*(sample or ()), *(table["slide"] if table is not None else ())}
    slides, others = _adopted(root, slides, others, expected)
    _refuse_none(root, slides, [*others, *strays])
    if is_flat:
        annotations, others = _beside(root, slides, others, tables), []
    else:
        annotations = find_annotations(root, root / FOLDER, slides)
    by_slide = _with_runs(annotations.by_slide, runs)
    if table is not None:
        entries = entries_of(path, table, slides, by_slide)
    else:
        entries = [
            _by_files(root, files, by_slide.get(name), missing_annotation)
            for name, files in slides.items()
        ]
    if runs:
        entries = [replace(entry, runs=runs.by_slide.get(entry.slide)) for entry in entries]
    key = find_annotations(root, root / KEY, slides, refuse_orphans=False).left_out
    unused = [
        replace(left_out(root, entry.annotation, UNUSED), id=entry.slide, split="test")
        for entry in entries
        if entry.annotation and entry.split == "test"
    ]
    rows = [*strays, *others, *annotations.left_out, *unused, *key]
    return RawSlides(entries, rows, sample)


def _with_runs(by_slide: Mapping[str, Path], runs: RunTable | None) -> dict[str, Path]:
    """The annotation file of each slide, the table of run lengths among them."""
    for slide in runs.by_slide if runs else ():
        if runs and slide in by_slide:
            raise PodiumError(
                printable(f"{by_slide[slide]}: {runs.path.name} annotates the same slide")
                + "\nremedy: keep one of the two"
            )
    return {**by_slide, **(dict.fromkeys(runs.by_slide, runs.path) if runs else {})}


def _strays(root: Path) -> list[LeftOut]:
    """The files below `root` that no folder or table of the layout holds."""
    rows = []
    for path in files_below(root):
        place, *deeper = path.relative_to(root).parts
        if place in _READ_ELSEWHERE if deeper else place in (TABLE, SAMPLE):
            continue
        reason = "beside images/: no place where slides are looked for"
        rows.append(left_out(root, path, "a hidden file" if place.startswith(".") else reason))
    return rows


def _adopted(
    root: Path,
    slides: dict[str, SlideFiles],
    others: list[LeftOut],
    expected: Collection[str],
) -> tuple[dict[str, SlideFiles], list[LeftOut]]:
    """Slides and other files; a file that a table names is a slide, though it cannot be read.

    So it is in the quarantine as the test slide that it is, and in the submission.
    """
    kept = []
    for row in others:
        path = root / row.path
        named = {path.stem, path.name} & set(expected)
        if named and path.stem not in slides:
            slides = slides | {path.stem: SlideFiles(path.stem, path)}
        else:
            kept.append(row)
    return dict(sorted(slides.items(), key=lambda item: natural_key(item[1].image.name))), kept


def _refuse_none(root: Path, slides: Mapping[str, SlideFiles], others: list[LeftOut]) -> None:
    refuse_odd_names([Path(name) for name in slides])
    if reserved := [name for name in RESERVED if name in slides]:
        raise PodiumError(
            f"{slides[reserved[0]].image}: the name {reserved[0]} is that of another file that is "
            "written beside those of slides\nremedy: rename it"
        )
    if slides:
        return
    lost = [row.path for row in others if Path(row.path).suffix.lower() in SUFFIXES]
    hint = f" ({len(others)} files are none, e.g. {others[0].path})" if others else ""
    hint = f" ({lost[0]} lies beside it: move it there)" if lost else hint
    raise PodiumError(
        printable(f"{root / IMAGES}: no slides{hint}")
        + "\nremedy: put them there (see data/raw/README.md), or set slides.source: standin"
    )


def _beside(
    root: Path, slides: Mapping[str, SlideFiles], others: list[LeftOut], tables: list[str]
) -> AnnotationFiles:
    """The annotations beside slides, and what of `others` is none."""
    own = [path for slide in slides.values() for path in (slide.image, *slide.parts)]
    skip = {KEY, TABLE, SAMPLE, *tables, *(path.relative_to(root).as_posix() for path in own)}
    annotations = find_annotations(root, root, slides, refuse_orphans=False, skip=skip)
    used = {*tables, *(path.relative_to(root).as_posix() for path in annotations.by_slide.values())}
    readable = [row for row in annotations.left_out if kind_of(root / row.path)]
    rows = {row.path: row for row in (*others, *readable) if row.path not in used}
    return AnnotationFiles(annotations.by_slide, list(rows.values()))


def _split_of(root: Path, image: Path) -> str:
    """Train or test if a slide lies in a folder of that name beside images/, else ''."""
    first, *deeper = image.relative_to(root).parts
    return first.lower() if deeper and first.lower() in ("train", "test") else ""


def _by_files(
    root: Path, files: SlideFiles, annotation: Path | None, missing_annotation: str
) -> Entry:
    """The entry of a slide that only its files tell of."""
    split = _split_of(root, files.image)
    negative = annotation is None and split != "test" and missing_annotation == "negative"
    split = split or ("train" if annotation or negative else "test")
    name, label = files.name, "0" if negative else ""
    return Entry(name, files.image, annotation, name, split, None, label, None, files.parts)
