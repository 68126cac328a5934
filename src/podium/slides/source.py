"""The slides in a raw folder: images/, annotations/ and, optionally, slides.csv."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.core.ids import natural_key, refuse_duplicates, refuse_other_ids
from podium.core.printable import printable
from podium.core.strict_numbers import parse_number
from podium.slides.annotation_files import FOLDER, KEY, UNUSED, find_annotations
from podium.slides.raw_folder import (
    LeftOut,
    files_below,
    left_out,
    refuse_odd_names,
    why_unreadable,
)
from podium.slides.sample import SAMPLE, read_sample_ids
from podium.slides.slide_files import SUFFIXES, SlideFiles, find_slides, names_of

IMAGES, TABLE = "images", "slides.csv"
MAX_FOLD = 999
RESERVED = ("precision_recall",)  # names of files that stages write beside those of slides
_READ_ELSEWHERE = (IMAGES, FOLDER, KEY)
_OPTIONAL = ("patient", "split", "mpp", "label", "fold")
_ALLOWED = {"split": ("train", "test"), "label": ("0", "1", "")}


@dataclass(frozen=True)
class Entry:
    """One raw slide: its files, and what slides.csv or its files say of it.

    Attributes:
        slide: its name: the stem of its image, or that of a DICOM series.
        image: the file that is opened.
        annotation: the file, or None.
        patient: whose slide it is; without slides.csv every slide has a patient of its own.
        split: train or test.
        mpp: micrometres per pixel at level 0, where slides.csv says so.
        label: 0, 1, or '' where only an annotation can tell.
        fold: given by hand, or None.
        parts: other files of the same slide.
    """

    slide: str
    image: Path
    annotation: Path | None
    patient: str
    split: str
    mpp: float | None
    label: str
    fold: int | None
    parts: tuple[Path, ...] = ()


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


def read_entries(root: Path, missing_annotation: Literal["test", "negative"]) -> list[Entry]:
    """The slides below `root`, in natural order; see `read_raw_folder`."""
    return read_raw_folder(root, missing_annotation).entries


def read_raw_folder(root: Path, missing_annotation: Literal["test", "negative"]) -> RawSlides:
    """The slides below `root`, in natural order, and every file there that is not read.

    Args:
        root: holds images/ and, optionally, annotations/, slides.csv and sample_submission.csv.
        missing_annotation: without slides.csv, what a slide without annotation is: one to predict,
            or a train slide without tumour.

    Raises:
        PodiumError: no slides, two with one name, an annotation without slide, or a table that does
            not fit; names the file and the remedy.
    """
    path, sample = root / TABLE, read_sample_ids(root / SAMPLE)
    table = _read_table(path)
    slides, others = find_slides(root, root / IMAGES)
    strays = _strays(root)
    expected = {*(sample or ()), *(table["slide"] if table is not None else ())}
    slides, others = _adopted(root, slides, others, expected)
    _refuse_none(root, slides, [*others, *strays])
    annotations = find_annotations(root, root / FOLDER, slides)
    if table is not None:
        entries = _from_table(path, table, slides, annotations.by_slide)
    else:
        entries = [
            _by_files(files, annotations.by_slide.get(name), missing_annotation)
            for name, files in slides.items()
        ]
    key = find_annotations(root, root / KEY, slides, refuse_orphans=False).left_out
    unused = [
        replace(left_out(root, entry.annotation, UNUSED), id=entry.slide, split="test")
        for entry in entries
        if entry.annotation and entry.split == "test"
    ]
    rows = [*strays, *others, *annotations.left_out, *unused, *key]
    return RawSlides(entries, rows, sample)


def _read_table(path: Path) -> pd.DataFrame | None:
    if path.is_symlink() and not path.exists():
        raise PodiumError(
            printable(f"{path}: {why_unreadable(path)}")
            + "\nremedy: put the table itself there (git annex get, dvc checkout), or remove it"
        )
    return read_table(path, "slide") if path.exists() else None


def _strays(root: Path) -> list[LeftOut]:
    """The files below `root` that no folder or table of the layout holds."""
    rows = []
    for path in files_below(root) if root.is_dir() else []:
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


def _by_files(files: SlideFiles, annotation: Path | None, missing_annotation: str) -> Entry:
    """The entry of a slide that only its files tell of."""
    negative = annotation is None and missing_annotation == "negative"
    split = "train" if annotation or negative else "test"
    name, label = files.name, "0" if negative else ""
    return Entry(name, files.image, annotation, name, split, None, label, None, files.parts)


def _from_table(
    path: Path,
    table: pd.DataFrame,
    slides: Mapping[str, SlideFiles],
    annotations: Mapping[str, Path],
) -> list[Entry]:
    for name in set(_OPTIONAL) - set(table.columns):
        table[name] = ""
    names = names_of(slides)
    table["slide"] = [names.get(name, name) for name in table["slide"]]
    refuse_duplicates(path, table["slide"])
    refuse_other_ids(path, list(table["slide"]), list(slides), "name exactly the files in images/")
    for column, allowed in _ALLOWED.items():
        _refuse_other_words(path, table, column, allowed)
    table["patient"] = np.where(table["patient"] == "", table["slide"], table["patient"])
    entries = [_by_table(path, row, slides, annotations) for row in table.to_dict("records")]
    _refuse_divided_patients(path, entries)
    return sorted(entries, key=lambda entry: natural_key(entry.slide))


def _by_table(
    path: Path,
    row: dict[Any, Any],
    slides: Mapping[str, SlideFiles],
    annotations: Mapping[str, Path],
) -> Entry:
    """The entry of a row of slides.csv."""
    name = row["slide"]
    fold = _number(path, name, "fold", row["fold"])
    return Entry(
        slide=name,
        image=slides[name].image,
        annotation=annotations.get(name),
        patient=row["patient"],
        split=row["split"] or ("train" if name in annotations or row["label"] else "test"),
        mpp=_number(path, name, "mpp", row["mpp"]),
        label=row["label"],
        fold=None if fold is None else int(fold),
        parts=slides[name].parts,
    )


def _refuse_other_words(
    path: Path, table: pd.DataFrame, column: str, allowed: tuple[str, ...]
) -> None:
    bad = ~table[column].isin([*allowed, ""])
    if bad.any():
        first = table[bad].iloc[0]
        raise PodiumError(
            f"{path}: {column} of {first['slide']} is {first[column]!r}\n"
            f"remedy: say {' or '.join(word for word in allowed if word)}, or leave it empty"
        )


def _number(path: Path, slide: str, column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        value = parse_number(text)
    except ValueError:
        value = -1.0
    if value < 0 or (column == "fold" and (value != int(value) or value > MAX_FOLD)):
        most = f" of at most {MAX_FOLD}" if column == "fold" else ""
        raise PodiumError(
            f"{path}: {column} of {slide} is {text!r}\n"
            f"remedy: give a number{most}, or leave it empty"
        )
    return value


def _refuse_divided_patients(path: Path, entries: list[Entry]) -> None:
    """Raise a PodiumError where a patient is in two splits or folds, or only some have a fold."""
    places: dict[str, tuple[str, int | None]] = {}
    for entry in entries:
        place = entry.split, entry.fold if entry.split == "train" else None
        if (other := places.setdefault(entry.patient, place)) != place:
            words = [f"{split}{'' if fold is None else f' fold {fold}'}" for split, fold in
                     (other, place)]  # fmt: skip
            raise PodiumError(
                f"{path}: patient {entry.patient} is in {words[0]} and in {words[1]} "
                f"(slide {entry.slide})\n"
                "remedy: keep all slides of a patient together, or scores are too good to be true"
            )
    if len({entry.fold is None for entry in entries if entry.split == "train"}) > 1:
        raise PodiumError(
            f"{path}: some train slides have a fold, others have none\n"
            "remedy: give all train slides a fold, or leave the column empty"
        )
