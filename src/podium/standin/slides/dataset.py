"""Drawn stand-ins for the gastric-cancer slides, in the raw layout of the slides.

images/<slide>.tif, annotations/<slide>.svg where a train slide has a tumour, slides.csv; and the
answer key test_annotations/<slide>.svg. Of three classes each slide has a mask instead, at an
eighth of its resolution: annotations/<slide>.png, 1 tumour, 2 follicle, 3 mucosa. How hard the
slides are is fixed here and tested; it is no setting: tumour and normal tissue take up as much of
both dyes, and differ in their order.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from podium.core import hardware
from podium.core.errors import SettingsError
from podium.core.files import write_bytes, write_table, write_text
from podium.core.processes import parallel_map
from podium.standin.noise import Vector
from podium.standin.slides.maps import MPP
from podium.standin.slides.picture import draw_slide, has_tumour, patient_of
from podium.standin.slides.tiff import pyramid_levels, write_pyramid

FIRST_TEST_INDEX = 10_000  # train slides count from 0, so both can grow without meeting
_PALETTE = [0, 0, 0, 200, 0, 0, 0, 110, 200, 30, 150, 60]  # of labels 0 to 3
_FOLDERS = {"train": "annotations", "test": "test_annotations"}


@dataclass(frozen=True)
class _Job:
    out_dir: Path
    split: str
    number: int  # from 1, within the split
    side: int
    seed: int
    three_classes: bool = False

    @property
    def slide(self) -> str:
        return f"{self.split}-{self.number:03d}"

    @property
    def index(self) -> int:
        return self.number - 1 + FIRST_TEST_INDEX * (self.split == "test")


def draw_dataset(
    out_dir: Path,
    n_train: int,
    n_test: int,
    side: int,
    seed: int,
    n_processes: int | None = None,
    *,
    three_classes: bool = False,
) -> None:
    """Write images/, annotations/, test_annotations/ and slides.csv to `out_dir`.

    Args:
        out_dir: folder to write into, made where missing.
        n_train: slides with an answer; every patient has two or three, three in five a tumour.
        n_test: slides of other patients.
        side: about how many pixels a slide is wide and high.
        seed: other seeds give other slides.
        n_processes: how many draw at once, by default one per core; never changes a byte.
        three_classes: whether follicles and mucosa are labelled, too.

    Raises:
        SettingsError: the numbers cannot be met.
    """
    if min(n_train, n_test, seed) < 0 or n_train > FIRST_TEST_INDEX or side < 512:
        raise SettingsError(
            f"cannot draw {n_train} train and {n_test} test slides of {side} px, seed {seed}"
        )
    for folder in ("images", *_FOLDERS.values()):
        (out_dir / folder).mkdir(parents=True, exist_ok=True)
    counts = {"train": n_train, "test": n_test}
    jobs = [
        _Job(out_dir, split, number + 1, side, seed, three_classes)
        for split, count in counts.items()
        for number in range(count)
    ]
    for _ in parallel_map(_write_slide, jobs, n_processes or hardware.cores()):
        pass
    columns = ["slide", "patient", "split", "mpp", "label"]
    write_table(out_dir / "slides.csv", pd.DataFrame(map(_row, jobs), columns=columns))


def svg(outlines: list[Vector], size: tuple[int, int]) -> str:
    """`outlines` in level-0 pixels of a slide of `size` (w, h), in the competition's dialect."""
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}">']
    for outline in outlines:
        points = " ".join(f"{x:.0f},{y:.0f}" for x, y in outline)
        lines.append(f'<polygon fill="none" points="{points}" stroke="#f8691c" stroke-width="5"/>')
    return "\n".join([*lines, "</svg>\n"])


def _row(job: _Job) -> tuple[str, str, str, float, str]:
    """What slides.csv says of one slide; a test slide's label stays empty."""
    label = str(int(has_tumour(job.seed, job.index))) if job.split == "train" else ""
    label = "" if job.three_classes else label
    return job.slide, f"p{patient_of(job.index) + 1:04d}", job.split, MPP, label


def _write_slide(job: _Job) -> None:
    picture = draw_slide(job.seed, job.index, job.side)
    height, width = picture.pixels.shape[:2]
    write_pyramid(job.out_dir / "images" / f"{job.slide}.tif", pyramid_levels(picture.pixels), MPP)
    if job.three_classes:
        path = job.out_dir / _FOLDERS[job.split] / f"{job.slide}.png"
        write_bytes(path, _palette_mask(picture.labels))
    elif picture.outlines:
        path = job.out_dir / _FOLDERS[job.split] / f"{job.slide}.svg"
        write_text(path, svg(picture.outlines, (width, height)))


def _palette_mask(labels: NDArray[np.uint8]) -> bytes:
    """A PNG of labels (h, w), each of its own colour."""
    image, data = Image.fromarray(labels), io.BytesIO()
    image.putpalette(_PALETTE)
    image.save(data, "PNG")
    return data.getvalue()
