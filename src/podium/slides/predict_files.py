"""Slides that belong to no competition, predicted with a trained artefact."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from podium.core.errors import PodiumError
from podium.core.files import file_sha256
from podium.core.printable import csv_cell
from podium.evaluation.competition import PredictOptions
from podium.slides.dataset import SlideRecord
from podium.slides.export import refuse_shared_outputs, write_outputs
from podium.slides.heat import heat_map, tiles_to_predict
from podium.slides.reader import Slide
from podium.slides.segmenter import Segmenter
from podium.slides.slide_classification import PlattScaling, SlidePrediction, classify
from podium.slides.slide_results import HeatStatistics
from podium.slides.slide_tables import state_of

COLUMNS = ["path", "probability", "tumour", "state"]


@dataclass(frozen=True)
class InferenceConfig:
    """Inference settings that predict_slides stores beside the model.

    Attributes:
        model: sha256 of the artefact.
        level: of heat from which on a pixel is tumour.
        slope: of Platt's scaling.
        intercept: of Platt's scaling.
        stride: from one tile to the next, in pixels of a tile.
        batch_size: tiles predicted at once.
        max_unreadable: share of a slide's tiles that may be unreadable.
        prior: the probability of a slide without tiles.
    """

    model: str
    level: int
    slope: float
    intercept: float
    stride: int
    batch_size: int
    max_unreadable: float
    prior: float

    @property
    def platt(self) -> PlattScaling:
        """From a slide's score to its probability of tumour."""
        return PlattScaling(self.slope, self.intercept)


def config_path(model: Path) -> Path:
    """The file of an artefact's inference settings: beside it."""
    return model.with_suffix(".json")


def read_config(path: Path) -> InferenceConfig:
    """The inference settings at `path`.

    Raises:
        PodiumError: there are none, or the file is damaged.
    """
    try:
        return InferenceConfig(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise PodiumError(
            f"{path}: not the thresholds of a slide model\nremedy: run dvc repro predict_slides"
        ) from None


class FilePrediction(NamedTuple):
    """The answer for a slide file.

    Attributes:
        path: the file.
        probability: of tumour.
        tumour: share of its area that is marked.
        state: done; or no tiles, where the networks saw nothing of it and the probability is the
            share of tumour slides among those trained on.
    """

    path: Path
    probability: float
    tumour: float
    state: str


def csv_lines(model: Path, paths: Sequence[Path], options: PredictOptions) -> Iterator[str]:
    """A header and a line of CSV for each slide, as `podium predict` prints them.

    Args:
        model: the artefact.
        paths: slides.
        options: folder of the outputs, and the scale of slides that do not say theirs.
    """
    yield ",".join(COLUMNS)
    for answer in predict(model, paths, options.out, options.mpp):
        numbers = f"{answer.probability:.6f},{answer.tumour:.6f}"
        yield f"{csv_cell(str(answer.path))},{numbers},{answer.state}"


def predict(
    model: Path, paths: Sequence[Path], out: Path | None, mpp: float | None
) -> Iterator[FilePrediction]:
    """The prediction of each slide.

    Args:
        model: the artefact.
        paths: slides.
        out: folder for mask, GeoJSON, run lengths and overlay, `<slide>.*`; None writes none.
        mpp: micrometres per level-0 pixel of slides that do not say theirs; None takes the
            artefact's.

    Raises:
        PodiumError: a slide cannot be read, or the inference settings belong to another artefact.
        SettingsError: outputs of two slides would have one name.
    """
    if out:
        refuse_shared_outputs(paths)
    segmenter, config = Segmenter(model), read_config(config_path(model))
    if file_sha256(model) != config.model:
        raise PodiumError(
            f"{config_path(model)}: belongs to another {model.name}\n"
            "remedy: run dvc repro predict_slides, which fits thresholds to this one"
        )
    for path in paths:
        slide = Slide.open(path).with_default_mpp(mpp or segmenter.mpp)
        prediction = _predict(slide, segmenter, config)
        if out:
            write_outputs(prediction, out, out / f"{path.stem}-overlay.png")
        histogram = prediction.result.histogram
        marked = histogram[:, prediction.level :].sum() / histogram.sum()
        state = state_of(prediction.result)
        yield FilePrediction(path, prediction.probability, float(marked), state)


def _predict(slide: Slide, segmenter: Segmenter, config: InferenceConfig) -> SlidePrediction:
    path, (w, h) = slide.path, slide.size
    row = SlideRecord(path.stem, str(path), "", "test", "", -1, "", "", w, h, 0.0, "", "")
    tiles = tiles_to_predict(slide, segmenter.tiles, config.stride)
    statistics = HeatStatistics(tiles, None, baseline=False)
    key = f"{file_sha256(path)} {slide.mpp} {config.model}"
    heat = heat_map(
        tiles, segmenter, -1, config.batch_size, key, config.max_unreadable, statistics.add
    )
    return classify([statistics.result(row, heat)], config.platt, config.level, config.prior)[0]
