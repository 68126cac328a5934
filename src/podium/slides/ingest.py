"""Raw slides to rows of the table: read once, their tumour in one form, their patients in folds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.files import file_sha256
from podium.core.params import IngestSlides, Slides
from podium.core.progress import progress
from podium.evaluation import folds
from podium.slides.annotations import geojson, load
from podium.slides.dataset import NONE, UNKNOWN, SlideRecord, regions_of
from podium.slides.reader import Slide
from podium.slides.source import Entry


def ingest(
    root: Path, entries: Sequence[Entry], settings: Slides, annotations: Path
) -> tuple[list[SlideRecord], pd.DataFrame]:
    """Rows of the slides that can be used, and a table (slide, split, reason) of the others.

    Every annotation is read, checked against its slide, and written as GeoJSON in level-0 pixels.

    Args:
        root: folder of the raw slides.
        entries: the slides below `root`.
        settings: the section slides.
        annotations: folder for the GeoJSON files.

    Raises:
        PodiumError: no train slide can be used.
        EnvironmentFault: the machine is at fault.
    """
    annotations.mkdir(parents=True, exist_ok=True)
    rows, failed = [], []
    for entry in progress(entries, len(entries), "slides"):
        try:
            rows.append(_record(root, entry, settings, annotations))
        except EnvironmentFault:
            raise
        except PodiumError as error:
            failed.append((entry.slide, entry.split, str(error).replace("\n", "; ")))
    if not any(row.split == "train" for row in rows):
        first = next((f"\n{reason}" for _, split, reason in failed if split == "train"), "")
        raise PodiumError(
            f"{root}: no train slide can be used{first}\n"
            "remedy: put annotations beside the slides (see data/raw/README.md)"
        )
    return rows, pd.DataFrame(failed, columns=pd.Index(["slide", "split", "reason"]))


def _record(root: Path, entry: Entry, settings: Slides, annotations: Path) -> SlideRecord:
    slide = Slide.open(entry.image, entry.mpp, settings.max_megapixels)
    slide = slide.with_default_mpp(settings.mpp)
    row = SlideRecord(
        slide=entry.slide,
        path=entry.image.relative_to(root).as_posix(),
        patient=entry.patient,
        split=entry.split,
        label=entry.label,
        fold=-1 if entry.fold is None or entry.split == "test" else entry.fold,
        mpp="" if slide.mpp is None else f"{slide.mpp:g}",
        annotation=NONE if entry.label == "0" else UNKNOWN,
        width=slide.size[0],
        height=slide.size[1],
        tumour=0.0,
        content=file_sha256(entry.image),
        notes="",
    )
    if entry.annotation is None or entry.split == "test":
        return row
    return _annotated(row, entry.annotation, settings.classes or None, annotations)


def _annotated(
    row: SlideRecord, path: Path, classes: Collection[str] | None, annotations: Path
) -> SlideRecord:
    """The row with the annotation at `path`, which is written to `annotations` as GeoJSON."""
    annotation = load.load(path, row.size, classes)
    tumour = annotation.area / (row.width * row.height)
    if row.label and row.label != str(int(tumour > 0)):
        raise PodiumError(
            f"{path}: it outlines {'a' if tumour else 'no'} tumour, but slides.csv says label "
            f"{row.label}\n"
            "remedy: correct one of the two"
        )
    name = f"{row.slide}.geojson" if tumour else NONE
    if tumour:
        geojson.write(annotations / name, annotation.regions)
    row = replace(
        row,
        label=str(int(tumour > 0)),
        annotation=name,
        tumour=round(tumour, 6),
        content="-".join([row.content, file_sha256(path), *sorted(classes or ())]),
        notes="; ".join(annotation.notes),
    )
    regions_of(row, annotations)  # fails here and for this slide alone, not in a later stage
    return row


def assign_folds(rows: Sequence[SlideRecord], settings: IngestSlides) -> list[SlideRecord]:
    """The rows with folds for train slides: by patient, balanced by label, unless given by hand.

    Slides whose files are equal count as one patient's. A label of fewer patients than there are
    folds is spread with the commonest one.

    Raises:
        PodiumError: there are fewer patients than folds.
    """
    train = [row for row in rows if row.split == "train"]
    if all(row.fold >= 0 for row in train):
        if len({row.fold for row in train}) < 2:
            raise PodiumError("slides.csv: all train slides are in one fold\nremedy: give two")
        return list(rows)
    patients = patient_numbers(train)
    labels = np.array([row.label for row in train])
    names, counts = np.unique(labels, return_counts=True)
    for name in names:
        if len(np.unique(patients[labels == name])) < settings.n_folds:
            labels[labels == name] = names[counts.argmax()]
    assigned = folds.assign(
        labels, patients, settings.n_folds, settings.seed,
        "patients (train slides of the commonest label)", "ingest_slides.n_folds",
    )  # fmt: skip
    by_slide = {row.slide: int(fold) for row, fold in zip(train, assigned, strict=True)}
    return [replace(row, fold=by_slide.get(row.slide, -1)) for row in rows]


def patient_numbers(rows: Sequence[SlideRecord]) -> NDArray[np.int64]:
    """The number (N,) of each slide's patient; equal files make two patients one."""
    joined: dict[str, set[str]] = {}
    for row in rows:
        names = {f"patient {row.patient}", f"file {row.image}"}
        together = names.union(*(joined.get(name, set()) for name in names))
        joined |= dict.fromkeys(together, together)
    first_names = [min(joined[f"patient {row.patient}"]) for row in rows]
    return np.unique(first_names, return_inverse=True)[1]


def warnings(rows: Sequence[SlideRecord]) -> list[str]:
    """Sentences on what is odd: patients that are unknown, one file in both train and test."""
    sentences = []
    if all(row.patient == row.slide for row in rows):
        sentences.append("patients unknown: each slide counts as one (slides.csv can name them)")
    train = {row.image: row.slide for row in rows if row.split == "train"}
    twins = [
        f"{train[row.image]} and {row.slide}"
        for row in rows
        if row.split == "test" and row.image in train
    ]
    if twins:
        sentences.append(f"the same file is in train and test: {', '.join(twins[:3])}")
    return sentences
