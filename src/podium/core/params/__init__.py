"""Typed settings, one file per group of stages; `load_params` reads params.yaml."""

from podium.core.params.blends import Blend, BlendCaptcha, BlendMethod, TextBlend, VotingMethod
from podium.core.params.captcha import (
    Captcha,
    CaptchaArithmetic,
    CaptchaEquations,
    CaptchaText,
    GenerateCaptcha,
    TrainCaptchaReader,
    TrainLineFinder,
)
from podium.core.params.load import Params, load_params, read_yaml, validate_params
from podium.core.params.photos import (
    AssignPhotoFolds,
    Boosting,
    DrawPhotos,
    ExtractFeatures,
    ExtractorParams,
    Head,
    IngestPhotos,
    Photos,
    TrainPhotoClassifier,
)
from podium.core.params.section import Section
from podium.core.params.slides import (
    DrawSlides,
    IngestSlides,
    PredictSlides,
    Slides,
    SubmitSlides,
    TileSlides,
    TrainSegmenter,
)
from podium.core.params.training import Device, Precision, TrainingSettings

__all__ = [
    "AssignPhotoFolds", "Blend", "BlendCaptcha", "BlendMethod", "Boosting", "Captcha",
    "CaptchaArithmetic", "CaptchaEquations", "CaptchaText", "Device", "DrawPhotos",
    "DrawSlides", "ExtractFeatures", "ExtractorParams", "GenerateCaptcha", "Head",
    "IngestPhotos", "IngestSlides", "Params", "Photos", "Precision", "PredictSlides", "Section",
    "Slides", "SubmitSlides", "TextBlend", "TileSlides", "TrainCaptchaReader",
    "TrainLineFinder", "TrainPhotoClassifier", "TrainSegmenter", "TrainingSettings",
    "VotingMethod", "load_params", "read_yaml", "validate_params",
]  # fmt: skip
