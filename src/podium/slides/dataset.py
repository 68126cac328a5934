"""The table of a competition's slides that can be used, as ingest_slides writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from shapely import MultiPolygon

from podium.core.errors import PodiumError
from podium.core.files import read_table
from podium.core.ids import refuse_duplicates
from podium.core.params import Slides
from podium.core.strict_numbers import parse_number, parse_whole_number
from podium.slides.annotations import stored
from podium.slides.annotations.frame import Frame
from podium.slides.annotations.pixel_mask import Regions
from podium.slides.reader import Slide

UNKNOWN, NONE = "", "none"  # what `annotation` says where there is no file
NO_TILES = "no tiles"  # the state of a slide that no network looked at


@dataclass(frozen=True)
class SlideRecord:
    """A readable slide: one row of the table.

    Attributes:
        slide: its name.
        path: of its file, relative to the source.
        patient: whose slide it is.
        split: train or test.
        label: 1 = tumour, 0 = none, '' = unknown.
        fold: of a train slide, -1 for the others.
        mpp: micrometres per pixel at level 0, '' where unknown.
        annotation: a file beside the table, GeoJSON or a PNG mask; `none` for a slide without
            tumour, '' where nobody knows where its tumour lies.
        width: pixels at level 0.
        height: pixels at level 0.
        tumour: share of the slide's area.
        content: sha256 of the file, of the annotation where there is one, the classes that were
            taken from it where not all were, and the sha256 of what is stored of it where not all
            of the slide was looked at.
        notes: what a person should know.
        frame: from where annotations count, a cell of `Frame`.
        unknown: share of the slide's area that is neither learnt from nor scored.
        area: where somebody looked, as slides.csv says.
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
    frame: str = ""
    unknown: float = 0.0
    area: str = ""

    @property
    def image(self) -> str:
        """The sha256 of its file alone."""
        return self.content.split("-")[0]

    @property
    def origins(self) -> Frame:
        """From where the programs that draw outlines count."""
        return Frame.of_cell(self.size, self.frame)

    @property
    def size(self) -> tuple[int, int]:
        """(w, h) at level 0."""
        return self.width, self.height


COLUMNS = list(SlideRecord.__dataclass_fields__)


def table_of(rows: Sequence[SlideRecord]) -> pd.DataFrame:
    """`rows` as a table."""
    return pd.DataFrame(map(astuple, rows), columns=pd.Index(COLUMNS))


def read_slides(path: Path) -> list[SlideRecord]:
    """The rows that ingest_slides wrote to `path`.

    Raises:
        PodiumError: the table is missing, or a column or a number in it is not right.
    """
    table = read_table(path, *COLUMNS)
    refuse_duplicates(path, table["slide"])
    for name in ("fold", "width", "height", "tumour", "unknown"):
        parse = parse_number if name in ("tumour", "unknown") else parse_whole_number
        try:
            table[name] = [parse(cell) for cell in table[name]]
        except ValueError as error:
            raise PodiumError(
                f"{path}: column {name} holds something else: {error}\n"
                "remedy: remove it and run dvc repro ingest_slides"
            ) from None
    rows = [SlideRecord(*values) for values in table[COLUMNS].itertuples(index=False, name=None)]
    try:
        for row in rows:
            _ = row.origins
    except (ValueError, TypeError) as error:
        raise PodiumError(
            f"{path}: column frame holds something else: {error}\n"
            "remedy: remove it and run dvc repro ingest_slides"
        ) from None
    return rows


def regions_of(row: SlideRecord, annotations: Path) -> Regions | None:
    """What is outlined on a slide, in level-0 pixels; None where nobody knows it.

    Raises:
        PodiumError: its file in `annotations` is missing or damaged.
    """
    if row.annotation == UNKNOWN:
        return None
    if row.annotation == NONE:
        return MultiPolygon()
    return stored.read(annotations / row.annotation, row.size)


def open_slide(row: SlideRecord, source: Path, settings: Slides) -> Slide:
    """The slide of a row, opened.

    Args:
        row: of the table.
        source: folder of the slides.
        settings: the section slides.

    Raises:
        PodiumError: it cannot be opened.
    """
    mpp = float(row.mpp) if row.mpp else None
    return Slide.open(source / row.path, mpp, settings.max_megapixels)


def summary(rows: Sequence[SlideRecord], n_failed: int) -> dict[str, int | float]:
    """How many slides of each kind there are; `n_failed` others cannot be used."""
    train = [row for row in rows if row.split == "train"]
    return {
        "n_train": len(train),
        "n_test": len(rows) - len(train),
        "n_patients": len({row.patient for row in rows}),
        "n_with_tumour": sum(row.label == "1" for row in train),
        "n_unknown": sum(row.annotation == UNKNOWN for row in train),
        "unknown_share": round(float(np.mean([row.unknown for row in train])), 6),
        "tumour_share": round(float(np.mean([row.tumour for row in train])), 6),
        "n_failed": n_failed,
    }
