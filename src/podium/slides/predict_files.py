"""Slides that belong to no competition, predicted with a trained artefact."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from podium.core.errors import PodiumError
from podium.core.files import file_sha256, write_json
from podium.core.params import PredictSlides
from podium.evaluation.competition import PredictOptions
from podium.slides import export, report
from podium.slides.dataset import SlideRecord
from podium.slides.heat import heat_map, view_of
from podium.slides.reader import Slide
from podium.slides.scoring import LEVELS, MIN_PROBABILITY
from podium.slides.segmenter import Segmenter
from podium.slides.slide_classification import PlattScaling, SlidePrediction
from podium.slides.slide_results import find

COLUMNS = ["path", "probability", "tumour"]


@dataclass(frozen=True)
class InferenceConfig:
    """How slides are predicted: what predict_slides found out of fold, and its settings.

    `model` is the sha256 of the artefact that it belongs to.
    """

    model: str
    level: int
    slope: float
    intercept: float
    stride: int
    batch_size: int
    max_unreadable: float


def manner_path(model: Path) -> Path:
    """Where the manner of an artefact lies: beside it."""
    return model.with_suffix(".json")


def write_manner(
    path: Path, weights: str, level: int, caller: PlattScaling, settings: PredictSlides, bad: float
) -> None:
    """Write what `predict` needs beside the artefact, whose sha256 is `weights`."""
    manner = InferenceConfig(
        weights, level, caller.slope, caller.intercept, settings.stride, settings.batch_size, bad
    )
    write_json(path, asdict(manner))


def read_manner(path: Path) -> InferenceConfig:
    """What `write_manner` wrote to `path`.

    Raises:
        PodiumError: there is none, or it is damaged.
    """
    try:
        return InferenceConfig(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise PodiumError(
            f"{path}: not the thresholds of a slide model\nremedy: run dvc repro predict_slides"
        ) from None


def predict(
    model: Path, paths: Sequence[Path], out: Path | None, mpp: float | None
) -> Iterator[tuple[Path, float, float]]:
    """Path, probability of tumour, and share of its area that is marked, of each slide.

    Args:
        model: the artefact.
        paths: slides.
        out: where mask, GeoJSON, run lengths and overlay go, `<slide>.*`; None writes none.
        mpp: of slides that do not say theirs; None takes the artefact's.

    Raises:
        PodiumError: a slide cannot be read.
    """
    segmenter, manner = Segmenter(model), read_manner(manner_path(model))
    caller = PlattScaling(manner.slope, manner.intercept)
    if (weights := file_sha256(model)) != manner.model:
        raise PodiumError(
            f"{manner_path(model)}: belongs to another {model.name}\n"
            "remedy: run dvc repro predict_slides, which fits thresholds to this one"
        )
    for path in paths:
        slide = Slide.open(path)
        if slide.mpp is None and (known := mpp or segmenter.mpp):
            slide = Slide.open(path, known)
        view = view_of(slide, segmenter.tiles, manner.stride)
        key = f"{file_sha256(path)} {slide.mpp} {weights}"
        w, h = slide.size
        row = SlideRecord(path.stem, str(path), "", "test", "", -1, "", "", w, h, 0.0, "", "")
        heat = heat_map(view, segmenter, -1, manner.batch_size, key, manner.max_unreadable)
        finding = find(row, view, heat, None, baseline=False)
        probability = float(caller(np.array([finding.hottest]))[0])
        level = manner.level if probability >= MIN_PROBABILITY else LEVELS
        if out:
            export.write_outlines(out, path.stem, view, heat, level)
            call = SlidePrediction(finding, probability, level)
            report.overlay_png(out / f"{path.stem}-overlay.png", view, call, None)
        marked = finding.histogram[:, level:].sum() / finding.histogram.sum()
        yield path, probability, float(marked)


def csv_lines(model: Path, slides: Sequence[Path], options: PredictOptions) -> Iterator[str]:
    """Yield a header, then path, probability of tumour and share of tumour, a line a slide.

    Args:
        model: the trained artefact.
        slides: slide files.
        options: says where outputs go, and the resolution of slides that do not say theirs.
    """
    yield ",".join(COLUMNS)
    for path, probability, tumour in predict(model, list(slides), options.out, options.mpp):
        yield f"{path},{probability:.6f},{tumour:.6f}"
