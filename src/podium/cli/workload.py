"""What each stage goes through under given settings: pictures, epochs, disk and memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from podium.core.params import Params, Section
from podium.core.unused_raw import n_raw_files

if TYPE_CHECKING:
    from podium.pictures.places import Places

RAW = Path("data/raw")
PHOTO_BYTES = 32_000.0  # of a drawn photo
ROW_BYTES = 2_500.0  # of memory for each picture while photo models are trained, without features
# bytes on disk for each pixel of other pictures; tiles with their masks
BYTES = {"text": 0.36, "arithmetic": 0.78, "equations": 0.91, "slides": 0.25}
# settings that change how long an item takes, beside its size
COSTLY = ("channels", "encoder", "finest", "head", "model", "network", "on_the_fly", "precision",
          "step", "train", "width")  # fmt: skip


class Inputs(NamedTuple):
    """What the first stages read."""

    photos: tuple[int, int]  # train and test pictures
    slides: int
    side: int  # width and height of a slide, level-0 pixels
    tissue: float  # share of a slide
    mpp: float | None  # micrometres per level-0 pixel; None: unknown
    drawn: bool  # whether the slides are stand-ins


class Workload(NamedTuple):
    """What one stage goes through."""

    stage: str  # as in dvc.yaml: train_captcha_reader@text-crnn
    items: int  # each counted as often as it is gone through
    unit: str  # what the items are
    item_size: float  # pixels of an item, or features of a row: time grows with them
    epochs: int = 0  # 0 where that makes no sense
    disk: float = 0.0  # bytes of outputs, once
    memory: float = 0.0  # bytes, beyond what Python and TensorFlow take
    costly: Mapping[str, object] = {}  # its settings of COSTLY


def inputs(
    params: Params,
    photos: tuple[int, int] | None = None,
    slides: int | None = None,
    side: int = 40_000,
    tissue: float = 0.3,
) -> Inputs:
    """What the first stages will read: as given, or else drawn, in data/raw, or guessed.

    Args:
        params: the settings: where pictures come from, how many are drawn.
        photos: train and test pictures; None: as many as the source has.
        slides: whole raw slides; None: as many as the source has.
        side: width and height of a raw slide, level-0 pixels.
        tissue: share of a raw slide that is tissue, 0 to 1.
    """
    from podium.photos.layout import places_of
    from podium.standin.slides.maps import MPP

    drawn = params.draw_slides
    if photos is None and params.photos.source == "standin":
        photos = params.draw_photos.n_train, params.draw_photos.n_test
    elif photos is None and (RAW / "photos").is_dir():
        photos = _n_photos((RAW / "photos").resolve(), places_of(params.photos))
    photos = photos or (25_000, 12_500)  # dogs vs cats
    if slides is None and params.slides.source == "standin":  # all of a drawn slide is tissue
        return Inputs(photos, drawn.n_train + drawn.n_test, drawn.side, 1.0, MPP, True)
    if slides is None and n_raw_files(RAW / "slides", most=1):
        slides = _n_slides((RAW / "slides").resolve(), params.slides.missing_annotation)
    return Inputs(photos, slides or 100, side, tissue, params.slides.mpp, False)


@cache
def _n_photos(folder: Path, places: Places) -> tuple[int, int]:
    """Train and test pictures; all count as train where one place holds both."""
    from podium.pictures.source import PictureSource

    source = PictureSource(folder, places)
    return len(source.entries("train")), len(source.entries("test"))


@cache
def _n_slides(folder: Path, missing_annotation: Literal["test", "negative"]) -> int:
    from podium.slides.source import read_entries

    return len(read_entries(folder, missing_annotation))


def workloads(params: Params, given: Inputs) -> dict[str, Workload]:
    """Stage -> workload of every stage whose work the settings tell, in the pipeline's order."""
    photos = [*_photos(params, given.photos), *_networks(params, given.photos[0])]
    rows = [*photos, *_captchas(params), *_slides(params, given)]
    return {row.stage: row for row in rows}


def _photos(params: Params, photos: tuple[int, int]) -> Iterator[Workload]:
    from podium.core.mapped_rows import IN_MEMORY
    from podium.models.extractor_table import find, is_baseline
    from podium.pictures.views import N_VIEWS

    n, folds, n_features = sum(photos), params.assign_photo_folds, 0
    if params.photos.source == "standin":
        yield Workload("draw_photos", n, "pictures", 1, disk=n * PHOTO_BYTES)
    yield Workload("ingest_photos", n, "pictures", 1)
    for name, extractor in params.extractors.items():
        spec, network = find(name), not is_baseline(name)
        n_features += spec.n_features if network else 0
        yield Workload(
            f"extract_features@{name}", n, "pictures",
            spec.image_size**2 * N_VIEWS[extractor.views],
            disk=2 * n * spec.n_features * 4.0,  # the file, and the work in progress
            costly=_costly(params.extract_features) if network else {},
        )  # fmt: skip
    n_rows, n_bytes = photos[0] * folds.n_folds * len(folds.seeds), n * n_features * 4.0
    mapped = n_bytes if n_bytes > IN_MEMORY else 0.0  # in a file of the scratch folder
    yield Workload(
        "train_photo_classifier", n_rows, "rows", max(n_features, 1),
        disk=mapped, memory=n * ROW_BYTES + (0 if mapped else 4 * n_bytes),
        costly=_costly(params.train_photo_classifier),
    )  # fmt: skip


def _networks(params: Params, n_train: int) -> Iterator[Workload]:
    """Workloads of the networks that learn; pictures are taken to be large ones."""
    import pandas as pd

    from podium.core import hardware
    from podium.photos.networks.choices import choose

    folds, large = params.assign_photo_folds, pd.DataFrame({"width": [512], "height": [512]})
    n_learnt = max(1, n_train * (folds.n_folds - 1) // folds.n_folds)
    for name, settings in params.photo_networks.items():
        device: Literal["GPU", "processor"] = "GPU" if hardware.gpu_info("name") else "processor"
        chosen = choose(settings, large, n_learnt, device)
        epochs = chosen.training.epochs
        yield Workload(
            f"train_photo_networks@{name}", n_learnt * epochs * folds.n_folds * len(folds.seeds),
            "pictures", chosen.image_size**2, epochs, costly=_costly(settings),
        )  # fmt: skip


def _captchas(params: Params) -> Iterator[Workload]:
    from podium.captcha.equations.line_maps import CROP, SHRINK

    pixels, finder = {}, params.train_line_finder
    for task in ("text", "arithmetic", "equations"):
        size, stored = getattr(params.captcha, task), params.pictures(task)
        n, pixels[task] = stored.n_train + stored.n_validation, size.width * size.height
        n += stored.n_test
        stage = "generate_equations" if task == "equations" else f"generate_captcha@{task}"
        yield Workload(stage, n, "pictures", pixels[task], disk=n * pixels[task] * BYTES[task])
    yield Workload(
        "train_line_finder", finder.epochs * finder.epoch_size, "pictures",
        CROP[0] * CROP[1] / SHRINK**2, finder.epochs, costly=_costly(finder),
    )  # fmt: skip
    for name, reader in params.train_captcha_reader.items():
        n_held = 0 if reader.on_the_fly else params.pictures(reader.task).n_train
        yield Workload(
            f"train_captcha_reader@{name}", reader.epochs * reader.epoch_size, "pictures",
            pixels[reader.task], reader.epochs, memory=n_held * 3.0 * pixels[reader.task],
            costly=_costly(reader),
        )  # fmt: skip


def _slides(params: Params, given: Inputs) -> Iterator[Workload]:
    from podium.slides.disk_space import TILE_BYTES

    tiles, segmenter = params.tile_slides, params.train_segmenter
    n, area, target = given.slides, given.slides * float(given.side) ** 2, tiles.target_mpp
    if given.drawn:
        yield Workload("draw_slides", n, "slides", given.side**2, disk=area * BYTES["slides"])
    if given.mpp and target:
        area *= min(given.mpp / target, 1.0) ** 2  # slides are shrunk before they are cut
    pixels, n_tiles = tiles.tile**2, round(given.tissue * area / tiles.stride**2)
    disk = n_tiles * pixels * TILE_BYTES[tiles.pixels] + n * float(tiles.thumbnail) ** 2
    yield Workload("tile_slides", n_tiles, "tiles", pixels, disk=disk)
    yield Workload(
        "train_segmenter", params.ingest_slides.n_folds * segmenter.epochs * segmenter.epoch_size,
        "tiles", pixels, segmenter.epochs, memory=min(n_tiles * pixels * 4.0, 4.0 * 2**30),
        costly=_costly(segmenter),
    )  # fmt: skip
    n_predicted = round(given.tissue * area / params.predict_slides.stride**2)
    n_predicted *= params.predict_slides.turns * (1 + params.predict_slides.normalise)
    yield Workload(
        "predict_slides", n_predicted, "tiles", pixels, disk=area * 0.5, costly=_costly(segmenter)
    )


def _costly(section: Section) -> dict[str, object]:
    settings = section.model_dump()
    return {name: settings[name] for name in COSTLY if name in settings}
