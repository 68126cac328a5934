"""Sections of the slide stages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from podium.core.params.section import (
    Count,
    Positive,
    Precision,
    Section,
    Seed,
    Share,
    TrainingSettings,
)


class Slides(Section):
    """Where the slides come from, and how their files are read."""

    source: Literal["standin", "raw"]
    missing_annotation: Literal["test", "negative"]
    classes: list[str] | dict[str, list[str]]
    annotated_area: list[str]
    unknown: list[str]
    mpp: Positive | None
    max_megapixels: Positive


class DrawSlides(Section):
    """How many stand-in slides are drawn, and how large."""

    n_train: Count
    n_test: Annotated[int, Field(ge=0)]
    side: Annotated[int, Field(ge=512, le=100_000)]
    three_classes: bool
    seed: Seed


class IngestSlides(Section):
    """Folds of train slides, whole patients each."""

    n_folds: Annotated[int, Field(ge=2)]
    seed: Seed


class TileSlides(Section):
    """How slides are cut into tiles; `slides.tiling` says what each number means."""

    tile: Annotated[int, Field(ge=32, le=4096, multiple_of=32)]
    stride: Count
    target_mpp: Positive | None
    level: Annotated[int, Field(ge=0)]
    min_tissue: Share
    thumbnail: Annotated[int, Field(ge=64, le=8192)]
    max_unreadable: Share


class TrainSegmenter(TrainingSettings):
    """Architecture and training of the fully convolutional network."""

    encoder: Literal["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "vgg16"]
    weights: Annotated[str, Field(pattern=r"^(package|download|none|[0-9a-f]{64})$")]
    finest: Literal[2, 4, 8, 16, 32]
    channels: Count
    dropout: Annotated[float, Field(ge=0, lt=1)]
    loss: Literal["cross_entropy", "dice", "focal", "cross_entropy+dice"]
    schedule: Literal["constant", "exponential", "cosine"]
    l2: Annotated[float, Field(ge=0)]
    tumour_share: Share
    rotate: Share
    zoom: Annotated[float, Field(ge=0, lt=1)]
    flip: bool
    stain_jitter: Share
    brightness: Share
    precision: Precision
    n_validation: Count


class PredictSlides(Section):
    """Stride of the tiles of a predicted slide, batch size, and draws of the bootstrap."""

    stride: Count
    batch_size: Count
    baseline: bool
    bootstrap: Count
