"""The table of a competition's slides, their tumour in one form, and those that cannot be used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import MultiPolygon

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.files import file_sha256, read_table, to_numbers
from podium.core.ids import refuse_duplicates
from podium.core.params import IngestSlides, Slides
from podium.core.progress import progress
from podium.evaluation import folds
from podium.slides.annotations import geojson, load
from podium.slides.annotations.limits import Unusable, contents
from podium.slides.reader import Slide
from podium.slides.source import Entry

UNKNOWN, NONE = "", "none"  # what `annotation` says where there is no file


@dataclass(frozen=True)
class SlideRecord:
    """One readable slide.

    Attributes:
        slide: its name.
        path: of its file, relative to the source.
        patient: who it comes from.
        split: train or test.
        label: 1 = tumour, 0 = none, '' = unknown.
        fold: of a train slide, -1 for the others.
        mpp: micrometres per pixel at level 0, '' where unknown.
        annotation: a GeoJSON file beside the table, `none` for a slide without tumour, '' where
            nobody knows where its tumour lies.
        width, height: at level 0.
        tumour: share of the slide's area.
        content: sha256 of the file, of the annotation where there is one, and the classes that
            were taken from it where not all were.
        notes: what a person should know.
    """

    slide: str
    path: str
    patient: str
    split: str
    label: str
    fold: int
    mpp: str
    annotation: str
    width: int
    height: int
    tumour: float
    content: str
    notes: str

    @property
    def image(self) -> str:
        """The sha256 of its file alone."""
        return self.content.split("-")[0]


COLUMNS = list(SlideRecord.__dataclass_fields__)


def survey(
    root: Path, found: Sequence[Entry], settings: Slides, out: Path
) -> tuple[list[SlideRecord], pd.DataFrame]:
    """Rows of the slides that can be used, and a table (slide, split, reason) of the others.

    Every annotation is read, checked against its slide, and written to `out` as GeoJSON in
    level-0 pixels.

    Raises:
        PodiumError: no train slide can be used.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows, failed = [], []
    for entry in progress(found, len(found), "slides"):
        try:
            rows.append(_looked_at(root, entry, settings, out))
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


def _looked_at(root: Path, entry: Entry, settings: Slides, out: Path) -> SlideRecord:
    slide = Slide.open(entry.image, entry.mpp, settings.max_megapixels)
    if slide.mpp is None and settings.mpp is not None:
        slide = Slide.open(entry.image, settings.mpp, settings.max_megapixels)
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
    return _annotated(row, entry.annotation, entry.label, settings.classes or None, out)


def _annotated(
    row: SlideRecord, path: Path, label: str, classes: Collection[str] | None, out: Path
) -> SlideRecord:
    found = load.load(path, (row.width, row.height), classes)
    tumour = found.area / (row.width * row.height)
    if label and label != str(int(tumour > 0)):
        raise PodiumError(
            f"{path}: it outlines {'a' if tumour else 'no'} tumour, but slides.csv says label "
            f"{label}\n"
            "remedy: correct one of the two"
        )
    name = f"{row.slide}.geojson" if tumour else NONE
    if tumour:
        geojson.write(out / name, found.regions)
    looked_at = replace(
        row,
        label=str(int(tumour > 0)),
        annotation=name,
        tumour=round(tumour, 6),
        content="-".join([row.content, file_sha256(path), *sorted(classes or ())]),
        notes="; ".join(found.notes),
    )
    regions_of(looked_at, out)  # what later stages cannot read is this slide's fault alone
    return looked_at


def folded(rows: Sequence[SlideRecord], settings: IngestSlides) -> list[SlideRecord]:
    """The rows with folds for train slides: by patient, balanced by label, unless given by hand.

    Slides whose files are equal count as one patient's. A label of fewer patients than there are
    folds is spread with the commonest one.

    Raises:
        PodiumError: there are fewer patients than folds.
    """
    train = [row for row in rows if row.split == "train"]
    if all(row.fold >= 0 for row in train):
        given = {row.fold for row in train}
        if len(given) < 2:
            raise PodiumError("slides.csv: all train slides are in one fold\nremedy: give two")
        return list(rows)
    patients = patients_of(train)
    labels = np.array([row.label for row in train])
    names, counts = np.unique(labels, return_counts=True)
    for name in names:
        if len(np.unique(patients[labels == name])) < settings.n_folds:
            labels[labels == name] = names[counts.argmax()]
    found = folds.assign(
        labels,
        patients,
        settings.n_folds,
        settings.seed,
        "patients (train slides of the commonest label)",
        "ingest_slides.n_folds",
    )
    of = {row.slide: int(fold) for row, fold in zip(train, found, strict=True)}
    return [replace(row, fold=of.get(row.slide, -1)) for row in rows]


def patients_of(rows: Sequence[SlideRecord]) -> NDArray[np.int64]:
    """The number (N,) of each slide's patient; equal files make two patients one."""
    joined: dict[str, set[str]] = {}
    for row in rows:
        names = {f"patient {row.patient}", f"file {row.image}"}
        together = names.union(*(joined.get(name, set()) for name in names))
        joined |= dict.fromkeys(together, together)
    of = [min(joined[f"patient {row.patient}"]) for row in rows]
    return np.unique(of, return_inverse=True)[1]


def warnings(rows: Sequence[SlideRecord]) -> list[str]:
    """What a person should know about patients: who they are, and slides in train and test."""
    found = []
    if all(row.patient == row.slide for row in rows):
        found.append("patients unknown: each slide counts as one (slides.csv can name them)")
    of = {row.image: row.slide for row in rows if row.split == "train"}
    twins = [
        f"{of[row.image]} and {row.slide}"
        for row in rows
        if row.split == "test" and row.image in of
    ]
    if twins:
        found.append(f"the same file is in train and test: {', '.join(twins[:3])}")
    return found


def table_of(rows: Sequence[SlideRecord]) -> pd.DataFrame:
    """`rows` as a table."""
    return pd.DataFrame(map(astuple, rows), columns=pd.Index(COLUMNS))


def read_slides(path: Path) -> list[SlideRecord]:
    """The rows that ingest_slides wrote to `path`."""
    table = read_table(path, *COLUMNS)
    refuse_duplicates(path, table["slide"])
    to_numbers(path, table, ["fold", "width", "height"], int)
    to_numbers(path, table, ["tumour"])
    return [SlideRecord(*values) for values in table[COLUMNS].itertuples(index=False, name=None)]


def regions_of(row: SlideRecord, annotations: Path) -> MultiPolygon | None:
    """The tumour of a slide in level-0 pixels; None where nobody knows it."""
    if row.annotation == UNKNOWN:
        return None
    if row.annotation == NONE:
        return MultiPolygon()
    path = annotations / row.annotation
    try:
        return geojson.read(contents(path), None)[0]
    except Unusable as error:
        raise PodiumError(f"{path}: {error}") from None


def slide_of(row: SlideRecord, source: Path, settings: Slides) -> Slide:
    """The slide of a row, opened."""
    return Slide.open(
        source / row.path, float(row.mpp) if row.mpp else None, settings.max_megapixels
    )


def summary(rows: Sequence[SlideRecord], failed: pd.DataFrame) -> dict[str, int | float]:
    """How many slides of each kind there are."""
    train = [row for row in rows if row.split == "train"]
    return {
        "n_train": len(train),
        "n_test": len(rows) - len(train),
        "n_patients": len({row.patient for row in rows}),
        "n_with_tumour": sum(row.label == "1" for row in train),
        "n_unknown": sum(row.annotation == UNKNOWN for row in train),
        "tumour_share": round(float(np.mean([row.tumour for row in train])), 6),
        "n_failed": len(failed),
    }
