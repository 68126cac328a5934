"""Typed sections that mirror params.yaml; what does not fit is named and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from podium.core.errors import SettingsError

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Section(BaseModel):
    """A part of params.yaml: every key typed, none optional, none unknown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]


class Device(Section):
    """How everything that TensorFlow computes is computed."""

    deterministic: bool


class Photos(Section):
    """Where the pictures come from, and how large one may be."""

    source: Literal["standin", "raw"]
    max_megapixels: Positive


class ExtractorParams(Section):
    """Where an extractor's weights come from, and whose features are averaged.

    Weights: package, download, none, or a file's sha256. Views: the whole picture; that and its
    mirror image; five crops and their mirror images.
    """

    weights: Annotated[str, Field(pattern=r"^(package|download|none|[0-9a-f]{64})$")]
    views: Literal["plain", "flip", "crops"]


class DrawPhotos(Section):
    """How many stand-in pictures are drawn."""

    n_train: Annotated[int, Field(ge=2)]
    n_test: Count
    seed: Seed


class IngestPhotos(Section):
    """How many unreadable train pictures are tolerated, as a share."""

    max_unreadable: Share


class AssignPhotoFolds(Section):
    """Folds per seed, and the perceptual-hash distance up to which pictures stay together."""

    n_folds: Annotated[int, Field(ge=2)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    duplicate_distance: Annotated[int, Field(ge=0, le=64)]


class ExtractFeatures(Section):
    """Pictures per step, and per shard of work in progress; what networks compute in."""

    batch_size: Count
    precision: Precision
    shard_size: Count


class Head(Section):
    """How a dense head on the bottleneck features is trained."""

    dropout: Annotated[float, Field(ge=0, lt=1)]
    l2: Annotated[float, Field(ge=0)]
    optimizer: Literal["adam", "sgd", "adadelta", "rmsprop"]
    learning_rate: Positive
    batch_size: Count
    epochs: Count
    patience: Annotated[int, Field(ge=0)]
    class_weight: Literal["none", "balanced"]


class Boosting(Section):
    """Gradient boosting: principal components, trees and what they may do."""

    components: Count
    iterations: Count
    learning_rate: Positive
    leaves: Annotated[int, Field(ge=2)]
    l2: Annotated[float, Field(ge=0)]


class TrainPhotoClassifier(Head):
    """The dense head, the book's head, and what of scikit-learn they are compared with."""

    head: Literal["dense", "book"]
    book: Head
    logistic_c: Positive
    hog_c: Positive
    calibrate: bool
    boosting: Boosting
    pseudo_label: Share
    seed: Seed


Method = Literal["single", "mean", "geometric", "rank", "weighted", "caruana", "logistic", "ridge"]


class Blend(Section):
    """How the probabilities of many models become one."""

    leave_out: list[str]
    methods: Annotated[list[Method], Field(min_length=1)]
    method: Method | Literal["best"]
    calibrate: Literal["none", "clip", "temperature", "isotonic"]
    clip: Annotated[float, Field(gt=0, lt=0.5)]
    per_class: bool
    picks: Count
    bags: Count
    bag_share: Annotated[float, Field(gt=0, le=1)]
    logistic_c: Positive
    ridge_alpha: Positive
    bootstrap: Count
    seed: Seed


class CaptchaText(Section):
    """Pictures of `length` characters out of `alphabet`, in pixels; raw brings its own."""

    source: Literal["standin", "raw"]
    width: Annotated[int, Field(ge=32, le=1024)]
    height: Annotated[int, Field(ge=32, le=1024)]
    alphabet: Annotated[str, Field(min_length=1)]
    length: Annotated[int, Field(ge=1, le=32)]


class CaptchaArithmetic(Section):
    """Pictures of three digits and two operators, in pixels; raw brings its own size."""

    source: Literal["standin", "raw"]
    width: Annotated[int, Field(ge=32, le=1024)]
    height: Annotated[int, Field(ge=32, le=1024)]


class CaptchaEquations(Section):
    """Pictures of two or three lines of equations, of any size; readers see strips, in pixels."""

    source: Literal["standin", "raw"]
    width: Annotated[int, Field(ge=128, le=4096)]
    height: Annotated[int, Field(ge=32, le=256)]


class Captcha(Section):
    """The captcha tasks."""

    text: CaptchaText
    arithmetic: CaptchaArithmetic
    equations: CaptchaEquations


class GenerateCaptcha(Section):
    """How many pictures of a task are drawn, from which seeds; how raw ones are split."""

    n_train: Count
    n_validation: Count
    n_test: Count
    seed_train: Seed
    seed_validation: Seed
    seed_test: Seed
    validation_share: Annotated[float, Field(gt=0, lt=1)]
    max_megapixels: Positive


class TrainingSettings(Section):
    """How long and how fast a network learns."""

    epochs: Count
    epoch_size: Count
    batch_size: Count
    learning_rate: Positive
    weight_decay: Annotated[float, Field(ge=0)]
    warmup: Share
    seed: Seed


class CaptchaReader(TrainingSettings):
    """What a captcha reader is, and how long it learns."""

    task: Literal["text", "arithmetic", "equations"]
    model: Literal["cnn", "crnn"]
    step: Literal[4, 8]
    width: Annotated[int, Field(ge=4, le=256)]
    on_the_fly: bool
    emphasis: str
    precision: Precision
    augment: Share
    recombine: Share
    beam_width: Count


class LineFinder(TrainingSettings):
    """What finds the lines of equations, and how long it learns."""

    width: Annotated[int, Field(ge=4, le=64)]
    precision: Precision
    n_validation: Count
    n_test: Count


Vote = Literal["single", "majority", "confidence", "calibrated"]


class Election(Section):
    """The readers that vote, and how."""

    readers: Annotated[list[str], Field(min_length=1)]
    methods: Annotated[list[Vote], Field(min_length=1)]
    method: Vote | Literal["best"]
    n_folds: Annotated[int, Field(ge=2)]
    bootstrap: Count
    seed: Seed


def _blend_or_vote(section: Any) -> str:
    readers = section.get("readers") if isinstance(section, dict) else vars(section).get("readers")
    return "<blend>" if readers is None else "<vote>"  # `_fault` leaves these out


BlendSection = Annotated[
    Annotated[Blend, Tag("<blend>")] | Annotated[Election, Tag("<vote>")],
    Discriminator(_blend_or_vote),
]


class Submit(Section):
    """How often groups (patients, where there are any) are drawn for the interval of a score."""

    bootstrap: Count


class Slides(Section):
    """Where the slides come from, and how their files are understood."""

    source: Literal["standin", "raw"]
    missing_annotation: Literal["test", "negative"]
    classes: list[str]
    mpp: Positive | None
    max_megapixels: Positive


class DrawSlides(Section):
    """How many stand-in slides are drawn, and how large."""

    n_train: Count
    n_test: Annotated[int, Field(ge=0)]
    side: Annotated[int, Field(ge=512, le=100_000)]
    seed: Seed


class IngestSlides(Section):
    """Folds of train slides, whole patients each."""

    n_folds: Annotated[int, Field(ge=2)]
    seed: Seed


class TileSlides(Section):
    """How slides are cut into tiles; `slides.tiles.Plan` says what each number means."""

    tile: Annotated[int, Field(ge=32, le=4096, multiple_of=32)]
    stride: Count
    target_mpp: Positive | None
    level: Annotated[int, Field(ge=0)]
    min_tissue: Share
    thumbnail: Annotated[int, Field(ge=64, le=8192)]
    max_unreadable: Share


class TrainSegmenter(TrainingSettings):
    """What the fully convolutional network is, and how long it learns."""

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
    precision: Precision
    n_validation: Count


class PredictSlides(Section):
    """How far tiles overlap when slides are predicted, and how many are at once."""

    stride: Count
    batch_size: Count
    baseline: bool
    bootstrap: Count


class Params(Section):
    """The whole of params.yaml."""

    device: Device
    photos: Photos
    extractors: Annotated[dict[str, ExtractorParams], Field(min_length=1)]
    draw_photos: DrawPhotos
    ingest_photos: IngestPhotos
    assign_photo_folds: AssignPhotoFolds
    extract_features: ExtractFeatures
    train_photo_classifier: TrainPhotoClassifier
    captcha: Captcha
    generate_captcha: GenerateCaptcha
    train_line_finder: LineFinder
    generate_equations: GenerateCaptcha
    train_captcha_reader: Annotated[dict[str, CaptchaReader], Field(min_length=1)]
    slides: Slides
    draw_slides: DrawSlides
    ingest_slides: IngestSlides
    tile_slides: TileSlides
    train_segmenter: TrainSegmenter
    predict_slides: PredictSlides
    blend: Annotated[dict[str, BlendSection], Field(min_length=1)]
    submit: Annotated[dict[str, Submit], Field(min_length=1)]

    def pictures(self, task: str) -> GenerateCaptcha:
        """Of a captcha task: how many there are, and where they come from."""
        return self.generate_equations if task == "equations" else self.generate_captcha


def load_params(path: Path = Path("params.yaml")) -> Params:
    """The checked settings in `path`.

    Raises:
        SettingsError: names each unknown, missing or mistyped key.
    """
    return checked(read_yaml(path), path)


def checked(settings: Any, path: Path) -> Params:
    """`settings`, read from `path`, with their types.

    Raises:
        SettingsError: names each unknown, missing or mistyped key.
    """
    try:
        return Params.model_validate(settings)
    except ValidationError as error:
        faults = [_fault(path, detail) for detail in error.errors()]
        more = [f"and {len(faults) - 2} more"] if len(faults) > 3 else []
        raise SettingsError("\n".join(faults[: 2 if more else 3] + more)) from None


def read_yaml(path: Path) -> Any:
    """What the YAML file at `path` holds, read as DVC reads it (YAML 1.2).

    Raises:
        SettingsError: there is no such file, or it is no YAML.
    """
    try:
        return YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; run from the project's folder") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None


def _fault(path: Path, detail: object) -> str:
    assert isinstance(detail, dict)
    parts = [str(part) for part in detail["loc"] if not str(part).startswith("<")]
    key = ".".join(parts) or "the file"
    kinds = {"extra_forbidden": "unknown key, remove or rename it", "missing": "key is missing"}
    reason = kinds.get(detail["type"]) or f"{detail['msg']}, but it is {detail['input']!r}"
    return f"{path}: {key}: {reason}"
