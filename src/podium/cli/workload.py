"""What each stage of the pipeline is going to do under given settings, for `podium plan`."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from podium.core.params import Params, TrainCaptchaReader
from podium.doctor.estimate import Need, per_second

PACKED = {"text": 0.18, "arithmetic": 0.31, "equations": 0.43, "tiles": 0.8}  # of plain pixels
_DRAWN = 64  # pictures, to see how fast they are drawn


@dataclass(frozen=True)
class Load:
    """How many raw files there are, and what works on them.

    Attributes:
        photos: train pictures and test pictures.
        slides: whole slides.
        side: level-0 pixels of a slide.
        tissue: share of its area.
        cores: of the processor beside the device.
    """

    photos: tuple[int, int]
    slides: int
    side: int
    tissue: float
    cores: int


def all_needs(params: Params, load: Load) -> Iterator[Need]:
    """What every stage that takes long is going to do, in the order of the pipeline."""
    yield from photo_needs(params, load)
    yield from captcha_needs(params, load)
    yield from slide_needs(params, load)


def photo_needs(params: Params, load: Load) -> Iterator[Need]:
    """Reading, features of each extractor, heads."""
    from podium.models import backbones, extractor_table
    from podium.pictures.views import N_VIEWS
    from podium.training.flops import mflop

    n, decoded = sum(load.photos), _decoded() * load.cores
    yield Need("ingest_photos", n, "pictures", host=decoded)
    names = {name: f"extract_features-{name}" for name in params.extractors}
    networks = [names[name] for name in names if not extractor_table.is_baseline(name)]
    lites = [f"extract_features-efficientnet-lite{number}" for number in range(3)]
    wide = 0
    for name, wanted in params.extractors.items():
        row, model = extractor_table.find(name), backbones.untrained(name)
        counted = mflop(model, (row.image_size, row.image_size, 3)) if model else 0.0
        n_bytes = n * row.n_features * 4.0
        yield Need(
            f"extract_features@{name}", n, "pictures", mflop=counted * N_VIEWS[wanted.views],
            like=(names[name], *networks, *lites) if model else (names[name],),
            host=decoded, disk=2 * n_bytes,  # the file, and the work in progress
        )  # fmt: skip
        wide += row.n_features if model else 0
    heads = params.assign_photo_folds.n_folds * len(params.assign_photo_folds.seeds)
    yield Need(
        "train_photo_classifier", load.photos[0] * heads, "rows", mflop=4e-6 * wide,
        like=("train_photo_classifier",), memory=4.0 * n * wide * 4,
        on_card=False,  # most of it is scikit-learn's
    )  # fmt: skip


def captcha_needs(params: Params, load: Load) -> Iterator[Need]:
    """Drawing, the line finder, readers."""
    from podium.captcha.equations import finder, line_maps
    from podium.training.flops import mflop

    draws = {task: _draws(task, params) for task in ("text", "arithmetic", "equations")}
    settings = params.train_line_finder
    for task in draws:
        if task == "equations":
            w, h = (side // line_maps.SHRINK for side in line_maps.CROP)
            yield Need(
                "train_line_finder", settings.epochs * settings.epoch_size, "pictures",
                settings.epochs, mflop(finder.build(settings.width), (h, w, 3)),
                ("train_line_finder",),
                per_second(lambda n: line_maps.lessons(0, 0, n), 8) * max(1, load.cores // 2),
            )  # fmt: skip
        yield _drawing(task, params, draws[task] * load.cores)
    for name, reader in params.train_captcha_reader.items():
        beside = draws[reader.task] * max(1, load.cores // 2) if reader.on_the_fly else 0.0
        yield _reading(name, reader, params, beside)


def _drawing(task: str, params: Params, speed: float) -> Need:
    pictures, size = params.pictures(task), getattr(params.captcha, task)
    n = pictures.n_train + pictures.n_validation + pictures.n_test
    pixels = 3.0 * size.width * size.height
    stage = "generate_equations" if task == "equations" else f"generate_captcha@{task}"
    return Need(stage, n, "pictures", host=speed, disk=n * pixels * PACKED[task])


def _reading(name: str, reader: TrainCaptchaReader, params: Params, drawn: float) -> Need:
    size = getattr(params.captcha, reader.task)
    characters = size.length if reader.task == "text" else 8
    classes = len(size.alphabet) + 1 if reader.task == "text" else 32
    shape = (size.width, size.height)
    counted = _reader_mflop(reader.model, shape, classes, characters, reader.width, reader.step)
    held = 0 if reader.on_the_fly else params.pictures(reader.task).n_train
    like = [f"train_captcha_reader-{other}" for other in _alike(name, reader, params)]
    return Need(
        f"train_captcha_reader@{name}", reader.epochs * reader.epoch_size, "pictures",
        reader.epochs, counted, tuple(like), drawn,
        memory=held * 3.0 * size.width * size.height,
    )  # fmt: skip


@functools.cache  # readers that vote together are often alike
def _reader_mflop(
    kind: str, size: tuple[int, int], n_classes: int, n_characters: int, width: int, step: int
) -> float:
    from podium.captcha import network
    from podium.training.flops import mflop

    model = network.build(kind, size, n_classes, n_characters, width, {}, step)
    return mflop(model, (*size[::-1], 3))


def _alike(name: str, reader: TrainCaptchaReader, params: Params) -> Sequence[str]:
    """The reader itself, then others of its task and kind, then others of its kind."""
    others = params.train_captcha_reader.items()
    kind = [other for other, one in others if one.model == reader.model]
    task = [other for other in kind if params.train_captcha_reader[other].task == reader.task]
    return [name, *task, *kind]


def slide_needs(params: Params, load: Load) -> Iterator[Need]:
    """Tiles, a network per fold, heat maps."""
    from podium.slides import fcn
    from podium.training.flops import mflop

    tiles, settings, predicted = params.tile_slides, params.train_segmenter, params.predict_slides
    scale = (params.slides.mpp or tiles.target_mpp or 1.0) / (tiles.target_mpp or 1.0)
    side = load.side * min(scale, 1.0)
    n_tiles = round(load.slides * load.tissue * (side / tiles.stride) ** 2)
    pixels = 4.0 * tiles.tile**2  # colours and mask
    yield Need(
        "tile_slides",
        n_tiles,
        "tiles",
        like=("tile_slides",),
        disk=n_tiles * pixels * PACKED["tiles"],
    )
    model = fcn.build(settings.model_copy(update={"weights": "none"}), Path(), {})
    counted = mflop(model, (tiles.tile, tiles.tile, 3))
    folds = params.ingest_slides.n_folds
    yield Need(
        "train_segmenter", folds * settings.epochs * settings.epoch_size, "tiles",
        settings.epochs, counted, ("train_segmenter",), memory=min(n_tiles * pixels, 4 * 2**30),
    )  # fmt: skip
    yield Need(
        "predict_slides", round(load.slides * load.tissue * (side / predicted.stride) ** 2),
        "tiles", 0, counted, ("predict_slides",), disk=load.slides * side**2 * 0.5,
    )  # fmt: skip


def _decoded() -> float:
    """Photographs of 500x375 pixels that one core reads in a second."""
    import numpy as np
    from PIL import Image

    from podium.core.picture_decoder import decode

    noise = np.random.default_rng(0).normal(0, 12, (375, 500, 3))
    shade = np.linspace(40, 215, 500)[None, :, None]
    data = io.BytesIO()
    Image.fromarray(np.clip(shade + noise, 0, 255).astype(np.uint8)).save(data, "JPEG", quality=90)
    return per_second(lambda n: [decode(data.getvalue(), 89.0) for _ in range(n)], 32)


def _draws(task: str, params: Params) -> float:
    """Pictures that one core draws in a second."""
    from podium.captcha.render import render_many
    from podium.captcha.tasks import task_from

    drawn = task_from(task, params.captcha)
    return per_second(lambda n: list(render_many(drawn, 0, 0, n)), _DRAWN)
