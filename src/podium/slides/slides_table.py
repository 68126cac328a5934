"""What slides.csv says of the slides: patients, splits, scales, labels and folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.core.ids import natural_key, refuse_duplicates, refuse_other_ids
from podium.core.params import Slides
from podium.core.printable import printable
from podium.core.strict_numbers import parse_number
from podium.slides.annotations import load
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.regions import Annotation
from podium.slides.annotations.run_lengths import RunLengths
from podium.slides.raw_folder import why_unreadable
from podium.slides.reader import Slide
from podium.slides.slide_files import SlideFiles, names_of

MAX_FOLD = 999
_OPTIONAL = ("patient", "split", "mpp", "label", "fold", "area")
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
        area: where somebody looked: a class of outlines, or x, y, width and height; '' for all.
        runs: its run lengths, where its annotation is a table of them.
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
    area: str = ""
    runs: RunLengths | None = None


def load_annotation(entry: Entry, slide: Slide, plan: ClassPlan) -> Annotation | None:
    """What is outlined on the slide of an entry; None where it has no annotation.

    Args:
        entry: of the slide.
        slide: opened.
        plan: what classes are taken as.

    Raises:
        PodiumError: its annotation cannot be used.
    """
    if entry.annotation is None:
        return None
    return load.load(
        entry.annotation, slide.size, plan, frame=slide.frame, area=entry.area, runs=entry.runs
    )


def open_entry(entry: Entry, settings: Slides) -> Slide:
    """The slide of an entry, opened.

    Its scale is that of slides.csv, else its own, else the setting; or the setting before its own.

    Raises:
        PodiumError: it cannot be opened.
    """
    if reason := why_unreadable(entry.image):
        raise PodiumError(
            f"{entry.image}: cannot be opened as a slide: {reason}\n"
            "remedy: put the file itself there (git annex get, dvc checkout), or remove it"
        )
    mpp = settings.mpp if entry.mpp is None and settings.mpp_overrules else entry.mpp
    slide = Slide.open(entry.image, mpp, settings.max_megapixels)
    return slide.with_default_mpp(settings.mpp)


def read_slides_table(path: Path) -> pd.DataFrame | None:
    """The rows of slides.csv as text; None if there is no such file.

    Raises:
        PodiumError: it is no CSV, a link to nothing, or has no column `slide`.
    """
    if path.is_symlink() and not path.exists():
        raise PodiumError(
            printable(f"{path}: {why_unreadable(path)}")
            + "\nremedy: put the table itself there (git annex get, dvc checkout), or remove it"
        )
    return read_table(path, "slide") if path.exists() else None


def entries_of(
    path: Path,
    table: pd.DataFrame,
    slides: Mapping[str, SlideFiles],
    annotations: Mapping[str, Path],
) -> list[Entry]:
    """The slides that slides.csv names, in natural order.

    Args:
        path: of slides.csv.
        table: its rows.
        slides: the files of all slides, by name.
        annotations: their annotation files, by slide.

    Raises:
        PodiumError: it names other slides, a cell cannot be read, or a patient is in two places.
    """
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
        area=row["area"].strip(),
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
