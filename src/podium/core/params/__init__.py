"""Typed settings: params.yaml is checked as a whole, and what does not fit is refused by name."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from ruamel.yaml import YAML

from podium.core.errors import SettingsError
from podium.core.nearest import did_you_mean
from podium.core.params.blends import (
    Blend,
    BlendMethod,
    BlendSection,
    Submit,
    TextBlend,
    VotingMethod,
)
from podium.core.params.bombs import refuse_yaml_bombs
from podium.core.params.captcha import (
    Captcha,
    CaptchaArithmetic,
    CaptchaEquations,
    CaptchaText,
    GenerateCaptcha,
    RawLabels,
    RawPictures,
    TrainCaptchaReader,
    TrainLineFinder,
)
from podium.core.params.photos import (
    AssignPhotoFolds,
    Boosting,
    DrawPhotos,
    ExtractFeatures,
    ExtractorParams,
    Head,
    IngestPhotos,
    NetworkAugment,
    PhotoLayout,
    PhotoNetwork,
    Photos,
    TrainPhotoClassifier,
)
from podium.core.params.section import Device, Precision, Section, TrainingSettings
from podium.core.params.slides import (
    DrawSlides,
    IngestSlides,
    PredictSlides,
    Slides,
    TileSlides,
    TrainSegmenter,
)
from podium.core.printable import printable

__all__ = [
    "AssignPhotoFolds", "Blend", "BlendMethod", "BlendSection", "Boosting", "Captcha",
    "CaptchaArithmetic", "CaptchaEquations", "CaptchaText", "Device", "DrawPhotos", "DrawSlides",
    "ExtractFeatures", "ExtractorParams", "GenerateCaptcha", "Head", "IngestPhotos", "IngestSlides",
    "NetworkAugment", "Params", "PhotoLayout", "PhotoNetwork", "Photos", "Precision",
    "PredictSlides", "RawLabels", "RawPictures", "Section", "Slides", "Submit", "TextBlend",
    "TileSlides", "TrainCaptchaReader", "TrainLineFinder", "TrainPhotoClassifier", "TrainSegmenter",
    "TrainingSettings", "VotingMethod", "load_params", "read_yaml", "validate_params",
]  # fmt: skip


_SHORT = reprlib.Repr()  # of a value: aliases can make it endless
_SHORT.maxstring = _SHORT.maxother = 120


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
    photo_networks: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")], PhotoNetwork]
    captcha: Captcha
    generate_captcha: GenerateCaptcha
    train_line_finder: TrainLineFinder
    generate_equations: GenerateCaptcha
    train_captcha_reader: Annotated[dict[str, TrainCaptchaReader], Field(min_length=1)]
    slides: Slides
    draw_slides: DrawSlides
    ingest_slides: IngestSlides
    tile_slides: TileSlides
    train_segmenter: TrainSegmenter
    predict_slides: PredictSlides
    blend: Annotated[dict[str, BlendSection], Field(min_length=1)]
    submit: Annotated[dict[str, Submit], Field(min_length=1)]

    def pictures(self, task: str) -> GenerateCaptcha:
        """The section about the pictures of a captcha task: their numbers, seeds and split."""
        return self.generate_equations if task == "equations" else self.generate_captcha


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Read and check the settings in `path`.

    Raises:
        SettingsError: names each unknown, missing or mistyped key.
    """
    return validate_params(read_yaml(path), path)


def validate_params(settings: Any, path: Path) -> Params:
    """Check `settings`, which were read from `path`.

    Raises:
        SettingsError: names each unknown, missing or mistyped key.
    """
    try:
        return Params.model_validate(settings)
    except ValidationError as error:
        details = error.errors()
        faults = [
            _message(path, detail, _neighbours(settings, detail, details)) for detail in details
        ]
        more = [f"and {len(faults) - 2} more"] if len(faults) > 3 else []
        raise SettingsError("\n".join(faults[: 2 if more else 3] + more)) from None


def read_yaml(path: Path) -> Any:
    """Read the YAML file at `path` as DVC does (YAML 1.2).

    Raises:
        SettingsError: there is no such file, or it is no YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        refuse_yaml_bombs(text)
        return YAML(typ="safe").load(text)
    except FileNotFoundError:
        raise SettingsError(
            f"{printable(path)}: no such file\nremedy: run from the project's folder"
        ) from None
    except (OSError, MemoryError):
        raise
    except Exception as error:  # its constructors raise many kinds: !!int x, !!binary, ? [a]
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SettingsError(
            f"{printable(path)}: not valid YAML: {printable(reason)[:300]}\n"
            "remedy: correct that line, or restore the file (git checkout)"
        ) from None


def _neighbours(settings: Any, detail: Any, details: Sequence[Any]) -> list[str]:
    """The keys that may be meant instead of an unknown one: those missing there, and those beside.

    Args:
        settings: all of them.
        detail: of one fault.
        details: of all faults.
    """
    if detail["type"] != "extra_forbidden":
        return []
    *parents, key = detail["loc"]
    missing = [
        loc[-1]
        for loc in (other["loc"] for other in details if other["type"] == "missing")
        if [*loc[:-1]] == parents
    ]
    for part in parents:
        settings = settings if str(part).startswith("<") else settings[part]
    return [str(other) for other in (*missing, *settings) if other != key]


def _message(path: Path, detail: Any, neighbours: Sequence[str]) -> str:
    parts = [str(part) for part in detail["loc"] if not str(part).startswith("<")]
    key = ".".join(parts) or "the file"
    kinds = {"extra_forbidden": "unknown key, remove or rename it", "missing": "key is missing"}
    given = _SHORT.repr(detail["input"])
    reason = kinds.get(detail["type"]) or f"{detail['msg']}, but it is {given}"
    reason += did_you_mean(parts[-1][:200], neighbours) if neighbours else ""
    return f"{printable(path)}: {printable(key[:200])}: {printable(reason)}"
