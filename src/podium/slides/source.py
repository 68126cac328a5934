"""The slides in a raw folder: images/, annotations/ and, optionally, slides.csv."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.core.ids import natural_key, refuse_duplicates, refuse_other_ids
from podium.slides.annotations import load

# what OpenSlide opens, and flat pictures
SUFFIXES = {
    *(".svs", ".tif", ".tiff", ".ndpi", ".vms", ".vmu", ".scn", ".mrxs", ".bif", ".svslide"),
    *(".dcm", ".czi", ".png", ".jpg", ".jpeg", ".webp", ".bmp"),
}
_OPTIONAL = ("patient", "split", "mpp", "label", "fold")
_ALLOWED = {"split": ("train", "test"), "label": ("0", "1", "")}


@dataclass(frozen=True)
class Entry:
    """One raw slide: its files, and what slides.csv or its files say of it.

    Attributes:
        slide: the stem of its image.
        image: the file.
        annotation: the file, or None.
        patient: whose slide it is; without slides.csv every slide has a patient of its own.
        split: train or test.
        mpp: micrometres per pixel at level 0, where slides.csv says so.
        label: 0, 1, or '' where only an annotation can tell.
        fold: given by hand, or None.
    """

    slide: str
    image: Path
    annotation: Path | None
    patient: str
    split: str
    mpp: float | None
    label: str
    fold: int | None


def read_entries(root: Path, missing_annotation: Literal["test", "negative"]) -> list[Entry]:
    """The slides below `root`, in natural order.

    Args:
        root: holds images/ and, optionally, annotations/ and slides.csv.
        missing_annotation: without slides.csv, what a slide without annotation is: one to predict,
            or a train slide without tumour.

    Raises:
        PodiumError: no slides, two with one name, an annotation without slide, or a slides.csv
            that does not fit; names the file and the remedy.
    """
    images = _images(root / "images")
    annotations = load.by_stem(root / "annotations")
    if orphans := sorted(annotations.keys() - images.keys(), key=natural_key):
        raise PodiumError(
            f"{annotations[orphans[0]]}: there is no slide {orphans[0]!r} in images "
            f"({len(orphans)} such annotations)\n"
            "remedy: name it like its slide, or remove it"
        )
    path = root / "slides.csv"
    if path.is_file():
        return _from_table(path, images, annotations)
    return [
        _by_files(name, image, annotations.get(name), missing_annotation)
        for name, image in images.items()
    ]


def _by_files(name: str, image: Path, annotation: Path | None, missing_annotation: str) -> Entry:
    """The entry of a slide that only its files tell of."""
    negative = annotation is None and missing_annotation == "negative"
    split = "train" if annotation or negative else "test"
    return Entry(name, image, annotation, name, split, None, "0" if negative else "", None)


def _images(folder: Path) -> dict[str, Path]:
    """The slide files in `folder` by stem, in natural order."""
    files = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    by_stem: dict[str, Path] = {}
    for path in sorted(files, key=lambda path: natural_key(path.name)):
        if path.name.startswith(".") or path.suffix.lower() not in SUFFIXES:
            continue
        if other := by_stem.get(path.stem):
            raise PodiumError(
                f"{path}: {other.name} has the same name\nremedy: rename one of the two"
            )
        by_stem[path.stem] = path
    if not by_stem:
        raise PodiumError(
            f"{folder}: no slides\nremedy: put them there (see data/raw/README.md), "
            "or set slides.source: standin"
        )
    return by_stem


def _from_table(path: Path, images: dict[str, Path], annotations: dict[str, Path]) -> list[Entry]:
    table = read_table(path, "slide")
    for name in set(_OPTIONAL) - set(table.columns):
        table[name] = ""
    table["slide"] = [_stem(name, images) for name in table["slide"]]
    refuse_duplicates(path, table["slide"])
    refuse_other_ids(path, list(table["slide"]), list(images), "name exactly the files in images/")
    for column, allowed in _ALLOWED.items():
        _refuse_other_words(path, table, column, allowed)
    table["patient"] = np.where(table["patient"] == "", table["slide"], table["patient"])
    entries = [_by_table(path, row, images, annotations) for row in table.to_dict("records")]
    _refuse_divided_patients(path, entries)
    return sorted(entries, key=lambda entry: natural_key(entry.slide))


def _by_table(
    path: Path, row: dict[Any, Any], images: dict[str, Path], annotations: dict[str, Path]
) -> Entry:
    """The entry of a row of slides.csv."""
    name = row["slide"]
    fold = _number(path, name, "fold", row["fold"])
    return Entry(
        slide=name,
        image=images[name],
        annotation=annotations.get(name),
        patient=row["patient"],
        split=row["split"] or ("train" if name in annotations or row["label"] else "test"),
        mpp=_number(path, name, "mpp", row["mpp"]),
        label=row["label"],
        fold=None if fold is None else int(fold),
    )


def _stem(name: str, images: dict[str, Path]) -> str:
    """The stem of the slide that a cell of slides.csv names by its stem or by its file."""
    stem = Path(name).stem
    return stem if name not in images and stem in images else name


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
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < np.inf or (column == "fold" and value != int(value)):
        raise PodiumError(
            f"{path}: {column} of {slide} is {text!r}\nremedy: give a number, or leave it empty"
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
