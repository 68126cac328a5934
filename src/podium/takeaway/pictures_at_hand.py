"""Pictures of the project to try a model on, where nobody names others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from podium.core.errors import PodiumError
from podium.core.hdf5_file import open_hdf5
from podium.core.params import Slides
from podium.core.picture_decoder import decode, read
from podium.evaluation.competition import Competition, Settings, value_at
from podium.pictures.dataset import read_items
from podium.pictures.source import PictureSource
from podium.slides.dataset import open_slide, read_slides
from podium.slides.tile_pixels import read_from_slide
from podium.slides.tile_store import has_pixels, load_places
from podium.takeaway.portable import Pixels

MEGAPIXELS = 89.0  # larger pictures are refused


def pictures_at_hand(
    root: Path, competition: Competition, settings: Settings, most: int
) -> list[Pixels]:
    """Return pictures (H, W, 3) of the ingested data: of photos and captchas no train ones first.

    Args:
        root: the project's folder.
        competition: whose.
        settings: of params.yaml.
        most: are returned.

    Raises:
        PodiumError: nothing is ingested.
    """
    makers = {"photos": _photos, "captcha": _captchas, "slides": _tiles}
    try:
        pictures = list(islice(makers[competition.room](root, competition, settings), most))
    except (OSError, KeyError):
        pictures = []
    if not pictures:
        raise PodiumError(
            f"no picture of {competition.name} is ingested here to try the model on\n"
            f"remedy: name some with --pictures, or run dvc repro {competition.ingest}"
        )
    return pictures


def read_named(path: Path, task: str) -> Pixels:
    """Return pixels (H, W, 3) of a picture, decoded as `podium predict` does for models of `task`.

    Raises:
        PodiumError: it cannot be read.
    """
    return read(path, MEGAPIXELS, "name readable pictures", contrast=task.startswith("captcha-"))


def _photos(root: Path, competition: Competition, settings: Settings) -> Iterator[Pixels]:
    if not (path := root / competition.files.items[0]).is_file():
        return
    items = read_items(path).sort_values("split", kind="stable")
    source = PictureSource(root / competition.source_folder(settings))
    most = float(value_at(settings, "photos.max_megapixels"))
    for place in items["path"]:
        yield np.asarray(decode(source.read(place), most))


def _captchas(root: Path, competition: Competition, settings: Settings) -> Iterator[Pixels]:
    if (path := root / competition.files.items[0]).is_file():
        with open_hdf5(path, "captcha file") as file:
            yield from (np.asarray(each) for each in file["validation/pixels"])


def _tiles(root: Path, competition: Competition, settings: Settings) -> Iterator[Pixels]:
    for path in sorted((root / "data/slides/tiles").glob("*.h5")):
        if has_pixels(path):
            with open_hdf5(path, "file of tiles") as file:
                yield from (np.asarray(each) for each in file["pixels"])
        else:
            rows = {row.slide: row for row in read_slides(root / "data/slides/slides.csv")}
            source = root / competition.source_folder(settings)
            slide = open_slide(rows[path.stem], source, Slides(**settings["slides"]))
            for number in range(len(load_places(path).order)):
                yield read_from_slide(path, [number], slide)[0]
