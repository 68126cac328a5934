"""Raw slides to rows of the table: read once, their tumour in one form, their patients in folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.files import file_sha256, json_sha256
from podium.core.kept_hashes import kept_sha256
from podium.core.params import IngestSlides, Slides
from podium.core.progress import progress
from podium.core.raw_folder import LeftOut
from podium.evaluation import folds
from podium.slides.annotations import stored
from podium.slides.annotations.class_plan import AREA, ClassPlan
from podium.slides.annotations.regions import Annotation, areas_of, label_of
from podium.slides.dataset import NONE, UNKNOWN, SlideRecord, regions_of
from podium.slides.slides_table import Entry, load_annotation, open_entry


class Ingested(NamedTuple):
    """What ingestion finds.

    Attributes:
        rows: slides that can be used.
        left_out: the others, as rows of the quarantine.
        annotations: of the train slides that can be used.
    """

    rows: list[SlideRecord]
    left_out: list[LeftOut]
    annotations: list[Annotation]


def ingest(root: Path, entries: Sequence[Entry], settings: Slides, annotations: Path) -> Ingested:
    """Rows of the slides that can be used, those of the others, and what was annotated.

    Every annotation is read, checked against its slide, and written in level-0 pixels, as GeoJSON
    or, where its outlines are too intricate, as a mask.

    Args:
        root: folder of the raw slides.
        entries: the slides below `root`.
        settings: the section slides.
        annotations: folder for the files.

    Raises:
        PodiumError: no train slide can be used.
        EnvironmentFault: the machine is at fault.
    """
    annotations.mkdir(parents=True, exist_ok=True)
    ingested = Ingested([], [], [])
    for entry in progress(entries, len(entries), "slides"):
        try:
            record = _record(root, entry, settings, annotations, ingested.annotations)
            ingested.rows.append(record)
        except EnvironmentFault:
            raise
        except PodiumError as error:
            fault = str(error).replace("\n", "; ")
            ingested.left_out.append(_left_out(root, entry, fault))
    if not any(row.split == "train" for row in ingested.rows):
        lost = [row for row in ingested.left_out if row.split == "train"]
        first = f"\n{lost[0].path}: {lost[0].reason}" if lost else ""
        raise PodiumError(
            f"{root}: no train slide can be used{first}\n"
            "remedy: put annotations beside the slides (see data/raw/README.md)"
        )
    return ingested


def _left_out(root: Path, entry: Entry, fault: str) -> LeftOut:
    """The row of a slide that cannot be used; `fault` begins with the path of a file of its."""
    path, reason = entry.image, fault.removeprefix(f"{entry.image}: ")
    if entry.annotation and fault.startswith(f"{entry.annotation}: "):
        path = entry.annotation
        reason = f"its annotation cannot be used: {fault.removeprefix(f'{path}: ')}"
    relative = path.relative_to(root).as_posix()
    return LeftOut(entry.slide, entry.split, entry.label, relative, reason)


def _record(
    root: Path, entry: Entry, settings: Slides, folder: Path, annotations: list[Annotation]
) -> SlideRecord:
    """The row of a slide; its annotation is written to `folder` and added to `annotations`."""
    slide = open_entry(entry, settings)
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
        content=content_of(entry),
        notes=slide.note,
        frame=slide.frame.to_cell(),
        area=entry.area,
    )
    if entry.split == "test":
        return row
    plan = ClassPlan.of(settings)
    annotation = load_annotation(entry, slide, plan)
    if annotation is None:
        return row
    row = _annotated(row, annotation, content_of_annotation(entry), plan, folder)
    annotations.append(annotation)
    return row


def content_of(entry: Entry) -> str:
    """The sha256 of the bytes of a slide; of all its files where there are several."""
    own = kept_sha256(entry.image)
    if not entry.parts:
        return own
    return json_sha256({"files": [own, *map(kept_sha256, entry.parts)]})


def content_of_annotation(entry: Entry) -> str:
    """The sha256 of the annotation file of a slide; of its own rows where it is a table."""
    if entry.runs is not None:
        return json_sha256({"runs": entry.runs.texts})
    return file_sha256(entry.annotation) if entry.annotation else ""


def _annotated(
    row: SlideRecord, annotation: Annotation, content: str, plan: ClassPlan, annotations: Path
) -> SlideRecord:
    """The row with an annotation, which is written to the folder `annotations`.

    Args:
        row: of the slide.
        annotation: read.
        content: the sha256 of what it was read from.
        plan: what its classes were taken as.
        annotations: the folder.
    """
    path, regions = annotation.source, annotation.regions
    tumour, unknown = (share / (row.width * row.height) for share in areas_of(regions))
    label = label_of(regions) or row.label
    if row.label and row.label != label:
        raise PodiumError(
            f"{path}: it outlines {'a' if tumour else 'no'} tumour, but slides.csv says label "
            f"{row.label}\n"
            "remedy: correct one of the two"
        )
    has_regions = tumour > 0 or unknown > 0
    name = stored.write(annotations, row.slide, regions, plan.names) if has_regions else NONE
    words = plan.words
    is_partly_known = unknown > 0 or any(plan.role(each) == AREA for each in annotation.areas)
    if is_partly_known and name != NONE:
        words.append(file_sha256(annotations / name))
    row = replace(
        row,
        label=label,
        annotation=name,
        tumour=round(tumour, 6),
        unknown=round(unknown, 6),
        content="-".join([row.content, content, *words]),
        notes="; ".join([*([row.notes] if row.notes else []), *annotation.notes]),
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
    first_names = [max(joined[f"patient {row.patient}"]) for row in rows]  # not the bytes of files
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
