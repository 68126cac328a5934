"""Sections of the slide stages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

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
    mpp_overrules: bool
    max_megapixels: Positive

    @field_validator("classes", mode="before")
    @classmethod
    def _in_order(cls, classes: Any) -> Any:
        """Several classes as one mapping: a list of them is what DVC sees the order of."""
        if not (isinstance(classes, list) and any(isinstance(each, dict) for each in classes)):
            return classes
        named = [each for each in classes if isinstance(each, dict) and len(each) == 1]
        pairs = [pair for each in named for pair in each.items()]
        if len(dict(pairs)) < len(classes):
            raise ValueError("give each class once, as `- name: [its classes]`")
        return dict(pairs)

    @field_validator("mpp_overrules")
    @classmethod
    def _with_a_scale(cls, overrules: bool, info: ValidationInfo) -> bool:
        """A scale to overrule files with is one that is given."""
        if overrules and info.data.get("mpp", "faulty") is None:
            raise ValueError("true needs slides.mpp; give it, or set false")
        return overrules

    def how_read(self) -> dict[str, Any]:
        """The settings that change what slides say; the usual way of taking `mpp` is not named."""
        return self.model_dump(exclude=None if self.mpp_overrules else {"mpp_overrules"})


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
    pixels: Literal["keep", "coordinates"]

    def how_cut(self) -> dict[str, Any]:
        """The settings that say what tiles look like: not whether their pixels are stored."""
        return self.model_dump(exclude={"pixels"})


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
    turns: Literal[1, 2, 4, 8]
    normalise: bool
    batch_size: Count
    baseline: bool
    bootstrap: Count

    def how_seen(self) -> dict[str, Any]:
        """The settings that predictions depend on; a tile seen as it is needs no word."""
        plain = {"turns": self.turns == 1, "normalise": not self.normalise}
        return self.model_dump(exclude={name for name, is_plain in plain.items() if is_plain})
