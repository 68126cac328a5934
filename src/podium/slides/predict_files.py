"""Slides that belong to no competition, predicted with a trained artefact."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from podium.core.errors import EnvironmentFault, PodiumError, SettingsError
from podium.core.files import file_sha256
from podium.core.kept_hashes import kept_sha256
from podium.evaluation.competition import PredictOptions
from podium.evaluation.file_answers import FileAnswer, FileAnswers
from podium.slides.dataset import SlideRecord
from podium.slides.export import refuse_shared_outputs, write_outputs
from podium.slides.heat import Views, heat_map, tiles_to_predict
from podium.slides.reader import Slide
from podium.slides.segmenter import VIEWS, Segmenter
from podium.slides.slide_classification import PlattScaling, SlidePrediction, classify
from podium.slides.slide_results import HeatStatistics
from podium.slides.slide_tables import state_of
from podium.slides.stain import Stain
from podium.training import onnx_engine


def columns_of(classes: Sequence[str]) -> list[str]:
    """The columns of the answer: probability, the share of each class, and state."""
    return ["probability", *classes, "state"]


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
        turns: of how many views of a tile the mean is taken.
        stain: of the slides learnt from, as which tiles are seen too; None: they are not.
        engine: that ran the networks, see `podium.training.onnx_engine`.
    """

    model: str
    level: int
    slope: float
    intercept: float
    stride: int
    batch_size: int
    max_unreadable: float
    prior: float
    turns: int = 1
    stain: Mapping[str, Sequence[float]] | None = None
    engine: str = "tensorflow"

    @property
    def views(self) -> Views:
        """Of which views of a tile the mean is taken."""
        stain = self.stain and Stain(tuple(self.stain["mean"]), tuple(self.stain["spread"]))
        return Views(self.turns, stain or None)

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
        config = InferenceConfig(**json.loads(path.read_text(encoding="utf-8")))
        if config.views.turns not in (1, *VIEWS):
            raise ValueError(f"turns {config.turns}")
        return config
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise PodiumError(
            f"{path}: not the thresholds of a slide model\nremedy: run dvc repro predict_slides"
        ) from None


def config_of(model: Path) -> InferenceConfig:
    """The inference settings of an artefact.

    Raises:
        PodiumError: there are none, they are damaged, or those of another artefact.
    """
    config = read_config(config_path(model))
    if file_sha256(model) != config.model:
        raise PodiumError(
            f"{config_path(model)}: belongs to another {model.name}\n"
            "remedy: run dvc repro predict_slides, which fits thresholds to this one"
        )
    return config


def answers(model: Path, paths: Sequence[Path], options: PredictOptions) -> FileAnswers:
    """Return tumour's probability, the share of each class and a state for slides.

    The state is done; no tiles, where the networks saw nothing of a slide and its probability is
    the share of tumour slides among those trained on; or failed. With a folder for outputs, mask,
    GeoJSON, run lengths and overlay go there as `<slide>.*`.

    Args:
        model: the artefact.
        paths: slides.
        options: folder of the outputs, and the scale of slides that do not say theirs.

    Raises:
        PodiumError: the inference settings belong to another artefact.
        SettingsError: outputs of two slides would have one name.
    """
    if options.out:
        refuse_shared_outputs(paths)
    config = config_of(model)
    segmenter = onnx_engine.at_hand(
        config.engine, model.name, lambda engine: Segmenter(model, engine)
    )
    columns = columns_of(segmenter.classes)
    return FileAnswers(columns, (_answer(path, segmenter, config, options) for path in paths))


def _answer(
    path: Path, segmenter: Segmenter, config: InferenceConfig, options: PredictOptions
) -> FileAnswer:
    try:
        mpp = options.mpp or segmenter.overruling_mpp
        slide = Slide.open(path, mpp).with_default_mpp(segmenter.mpp)
        prediction = _predict(slide, segmenter, config)
    except (EnvironmentFault, SettingsError, OSError, MemoryError):
        raise
    except Exception as error:  # libraries raise many kinds on damaged slides
        kind = "" if isinstance(error, PodiumError) else f"{path}: {type(error).__name__}: "
        nothing = [""] * len(segmenter.classes)
        return FileAnswer(path, ("", *nothing, "failed"), f"{kind}{error}")
    if options.out:
        overlay = options.out / f"{path.stem}-overlay.png"
        write_outputs(prediction, options.out, overlay, segmenter.classes)
    shares = _shares(prediction)
    return FileAnswer(path, (prediction.probability, *shares, state_of(prediction.result)))


def _shares(prediction: SlidePrediction) -> list[float]:
    """The share of the slide's area that is marked as each class."""
    result, level = prediction.result, prediction.level
    if result.classes is None:
        return [float(result.histogram[:, level:].sum() / result.histogram.sum())]
    marked = result.classes.heat[:, :, level:].sum(axis=(0, 2))
    return [float(share) for share in marked / result.classes.heat.sum()]


def _predict(slide: Slide, segmenter: Segmenter, config: InferenceConfig) -> SlidePrediction:
    path, (w, h) = slide.path, slide.size
    row = SlideRecord(
        path.stem, str(path), "", "test", "", -1, "", "", w, h, 0.0, "", "", slide.frame.to_cell()
    )
    tiles = tiles_to_predict(slide, segmenter.tiles, config.stride)
    statistics = HeatStatistics(tiles, None, False, len(segmenter.classes))
    key = f"{kept_sha256(path)} {slide.mpp} {config.model}"
    heat = heat_map(
        tiles, segmenter, -1, config.batch_size, key, config.max_unreadable, statistics.add,
        config.views,
    )  # fmt: skip
    return classify([statistics.result(row, heat)], config.platt, config.level, config.prior)[0]
