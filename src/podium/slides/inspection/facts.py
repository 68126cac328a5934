"""What is measured of each raw slide before settings are chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.params import Slides
from podium.core.processes import parallel_map
from podium.core.progress import progress
from podium.slides.annotations import raster
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.labelled import UNKNOWN, Labelled
from podium.slides.annotations.pixel_mask import PixelMask, Regions
from podium.slides.annotations.regions import Annotation, areas_of
from podium.slides.reader import Pixels
from podium.slides.slides_table import Entry, load_annotation, open_entry
from podium.slides.tissue import tissue_mask

Diameters = NDArray[np.float64]  # (n,) of circles as large as outlined objects
Shares = NDArray[np.float64]  # (H, W) of the squares of a grid
SAMPLES = 8  # along the side of a square
THUMBNAIL = 1024  # pixels of the longer side


@dataclass(frozen=True)
class SlideFacts:
    """What one slide and its annotation say.

    Attributes:
        entry: its files and its row of slides.csv.
        size: (w, h) at level 0.
        mpp: micrometres per pixel at level 0, None where unknown.
        downsamples: level-0 pixels per pixel of each level.
        n_bytes: of its file.
        thumbnail: RGB (h, w, 3).
        tissue: mask {0, 1} (h, w) of the thumbnail.
        annotation: of a train slide, or None.
        diameters: of its tumours, in level-0 pixels.
    """

    entry: Entry
    size: tuple[int, int]
    mpp: float | None
    downsamples: tuple[float, ...]
    n_bytes: int
    thumbnail: Pixels
    tissue: NDArray[np.uint8]
    annotation: Annotation | None
    diameters: Diameters

    @property
    def tissue_share(self) -> float:
        """Share of the slide that looks like tissue."""
        return float(self.tissue.mean())

    @property
    def regions(self) -> Regions:
        """Its tumour in level-0 pixels; empty where none is outlined."""
        return MultiPolygon() if self.annotation is None else self.annotation.regions

    def squares(self, side: float) -> tuple[Shares, Shares]:
        """Share of tissue and of tumour in each square of a grid on the slide, two arrays (H, W).

        Args:
            side: of a square, in level-0 pixels.
        """
        step = max(1.0, side / SAMPLES)
        w, h = (max(1, round(length / step)) for length in self.size)
        labels = raster.mask(self.regions, (0.0, 0.0, w, h), step)
        tumour = ((labels > 0) & (labels < UNKNOWN)).astype(np.uint8)
        tissue = cv2.resize(self.tissue, (w, h), interpolation=cv2.INTER_NEAREST)
        return _shares(np.asarray(tissue, "u1")), _shares(tumour)


def _shares(mask: NDArray[np.uint8]) -> Shares:
    """Share of ones in each square of SAMPLES by SAMPLES pixels of a mask (h, w)."""
    h, w = mask.shape
    padded = np.pad(mask, ((0, -h % SAMPLES), (0, -w % SAMPLES)))
    rows, columns = (length // SAMPLES for length in padded.shape)
    return padded.reshape(rows, SAMPLES, columns, SAMPLES).mean(axis=(1, 3))


def look_at_all(
    entries: Sequence[Entry], settings: Slides, processes: int
) -> tuple[list[SlideFacts], list[str]]:
    """Return the facts of all slides that can be used, and why others cannot.

    Args:
        entries: of the raw folder.
        settings: the section slides.
        processes: how many slides are looked at together.

    Raises:
        EnvironmentFault: the machine is at fault.
    """
    look = partial(_facts_or_fault, settings=settings)
    shown = progress(parallel_map(look, entries, processes), len(entries), "slides")
    facts: list[SlideFacts] = []
    faults: list[str] = []
    for outcome in shown:
        (faults if isinstance(outcome, str) else facts).append(outcome)  # type: ignore[arg-type]
    return facts, faults


def refuse_unread(source: Path, n_slides: int, n_read: int) -> None:
    """Raise a PodiumError where none of the slides can be used.

    Args:
        source: the raw folder.
        n_slides: that it holds.
        n_read: of them that can be used.
    """
    if not n_read:
        raise PodiumError(
            f"{source}: none of its {n_slides} slides can be read\n"
            "remedy: replace them by files that can be opened; the lines above say what is wrong"
        )


def refuse_outside(facts: Sequence[SlideFacts]) -> None:
    """Raise a PodiumError where all that is outlined lies where nobody looked."""
    annotations = [one.annotation for one in facts if one.annotation is not None]
    n_outside = sum(bool(each.tumour) and areas_of(each.regions)[1] > 0 for each in annotations)
    if n_outside:
        raise PodiumError(
            f"the outlines of {n_outside} train slides lie outside the annotated regions, where "
            "nothing is known: nothing says what is to be found\n"
            "remedy: draw the regions around them, or take their class out of slides.annotated_area"
        )


def _facts_or_fault(entry: Entry, settings: Slides) -> SlideFacts | str:
    try:
        return look(entry, settings)
    except EnvironmentFault:
        raise
    except PodiumError as error:
        return str(error).splitlines()[0]


def look(entry: Entry, settings: Slides) -> SlideFacts:
    """Return the facts of a slide.

    Raises:
        PodiumError: the slide or its annotation cannot be used.
    """
    slide = open_entry(entry, settings)
    annotation = None
    if entry.split == "train":
        annotation = load_annotation(entry, slide, ClassPlan.of(settings))
    regions = MultiPolygon() if annotation is None else annotation.regions
    thumbnail, _ = slide.thumbnail(THUMBNAIL)
    n_bytes = sum(path.stat().st_size for path in (entry.image, *entry.parts))
    return SlideFacts(
        entry, slide.size, slide.mpp, tuple(slide.downsamples), n_bytes, thumbnail,
        tissue_mask(thumbnail), annotation, diameters_of(regions),
    )  # fmt: skip


def diameters_of(regions: Regions) -> Diameters:
    """Return the diameters (n,), in level-0 pixels, of circles as large as each object."""
    if isinstance(regions, PixelMask):
        inside = regions.covered.astype(np.uint8)
        stats = np.asarray(cv2.connectedComponentsWithStats(inside)[2])
        areas = stats[1:, cv2.CC_STAT_AREA] * regions.downsample**2  # 0 is the background
    else:
        several = regions.classes.values() if isinstance(regions, Labelled) else [regions]
        areas = np.array([part.area for region in several for part in region.geoms])
    return np.asarray(2 * np.sqrt(areas / np.pi), dtype=np.float64)


def facts_of(facts: Sequence[SlideFacts], split: str) -> Iterator[SlideFacts]:
    """Yield the facts of the slides of a split."""
    return (one for one in facts if one.entry.split == split)
