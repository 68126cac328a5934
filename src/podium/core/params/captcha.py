"""Sections of the captcha stages."""

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


class RawLabels(Section):
    """How the texts of raw pictures are told.

    `pattern` is a regular expression for file names without suffix, '' to find the rule; with
    `ignore_case` texts are learnt and scored in one case.
    """

    pattern: str
    ignore_case: bool


class RawPictures(RawLabels):
    """How raw pictures become as large as one another: `width` x `height` pixels, 0 as they say.

    pad keeps their shape and fills up with paper, stretch does not; auto: as their shapes say.
    """

    fit: Literal["auto", "pad", "stretch"]
    width: Annotated[int, Field(ge=0, le=2048)]
    height: Annotated[int, Field(ge=0, le=512)]


class RawSums(RawPictures):
    """Raw pictures of sums; `grammar` has a text of each form that is allowed, [] the labels'."""

    grammar: list[str]


class CaptchaText(Section):
    """Pictures (width, height in pixels) of `length` characters out of `alphabet`.

    These are for drawn pictures; raw ones bring their own.
    """

    source: Literal["standin", "raw"]
    raw: RawPictures
    width: Annotated[int, Field(ge=32, le=1024)]
    height: Annotated[int, Field(ge=32, le=1024)]
    alphabet: Annotated[str, Field(min_length=1)]
    length: Annotated[int, Field(ge=1, le=32)]


class CaptchaArithmetic(Section):
    """Pictures (width, height in pixels) of three digits and two operators; raw have their own.

    `styles` take turns in drawing glyphs; the share `finished` then gets one of the `finishes`.
    """

    source: Literal["standin", "raw"]
    raw: RawSums
    width: Annotated[int, Field(ge=32, le=1024)]
    height: Annotated[int, Field(ge=32, le=1024)]
    styles: Annotated[list[str], Field(min_length=1)]
    finishes: list[str]
    finished: Annotated[float, Field(gt=0, le=1)]


class CaptchaEquations(Section):
    """Pictures of equations, of any size; readers see strips of `width` x `height` pixels."""

    source: Literal["standin", "raw"]
    raw: RawLabels
    width: Annotated[int, Field(ge=128, le=4096)]
    height: Annotated[int, Field(ge=32, le=256)]


class Captcha(Section):
    """The captcha tasks."""

    text: CaptchaText
    arithmetic: CaptchaArithmetic
    equations: CaptchaEquations


class GenerateCaptcha(Section):
    """Numbers and seeds of the drawn pictures of a task; how raw ones are split."""

    n_train: Count
    n_validation: Count
    n_test: Count
    seed_train: Seed
    seed_validation: Seed
    seed_test: Seed
    validation_share: Annotated[float, Field(gt=0, lt=1)]
    max_megapixels: Positive


class TrainCaptchaReader(TrainingSettings):
    """Architecture and training of a captcha reader.

    `start` is scratch, or the .keras file of another reader, which may know other characters.
    """

    task: Literal["text", "arithmetic", "equations"]
    model: Literal["cnn", "crnn", "ctc"]
    start: Annotated[str, Field(pattern=r"^(scratch|.+\.keras)$")]
    step: Literal[4, 8]
    width: Annotated[int, Field(ge=4, le=256)]
    on_the_fly: bool
    emphasis: str
    precision: Precision
    augment: Share
    vary: Share
    recombine: Share
    beam_width: Count


class TrainLineFinder(TrainingSettings):
    """Architecture and training of the network that finds the lines of equations."""

    width: Annotated[int, Field(ge=4, le=64)]
    vary: Share
    precision: Precision
    n_validation: Count
    n_test: Count
