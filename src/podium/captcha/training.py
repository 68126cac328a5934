"""Training of one captcha reader: its settings, model, batches, validation and scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from podium.captcha import network
from podium.captcha.answer_rules import answer_rules
from podium.captcha.batches import augmentation, rebatch, recombined_batches, stored_batches
from podium.captcha.ctc import n_classes, padded_labels
from podium.captcha.dataset import (
    Captchas,
    Facts,
    iter_pixels,
    read_captchas,
    read_texts,
    read_unreadable,
)
from podium.captcha.decoding import Decoder, rules_for
from podium.captcha.equations.error_analysis import error_table, scenes
from podium.captcha.generator import generate
from podium.captcha.reader import LogitPredictor, artefact_metadata
from podium.captcha.reader_checks import check_reader_pictures, check_reader_settings
from podium.captcha.scoring import share
from podium.captcha.tasks import task_from
from podium.core.errors import PodiumError, unknown
from podium.core.files import file_sha256
from podium.core.params import GenerateCaptcha, Params, TrainCaptchaReader
from podium.evaluation.predictions import Reading
from podium.models import losses
from podium.training.loop import (
    Batch,
    Trainer,
    TrainingJob,
    TrainingResult,
    checkpoint_path,
    steps_per_epoch,
    train,
)
from podium.training.runtime import keras


@dataclass(frozen=True)
class ReaderTraining:
    """All that the training of a reader depends on.

    Attributes:
        settings: of the reader.
        path: the captcha file with its pictures.
        facts: metadata of that file.
        texts: of the train pictures.
        validation: the validation pictures.
        decoder: turns the reader's logits into texts.
        params: all settings.
    """

    settings: TrainCaptchaReader
    path: Path
    facts: Facts
    texts: list[str]
    validation: Captchas
    decoder: Decoder
    params: Params

    @property
    def task(self) -> str:
        """Text, arithmetic or equations."""
        return self.settings.task

    @property
    def pictures(self) -> GenerateCaptcha:
        """The settings of the stage that wrote the pictures."""
        return self.params.pictures(self.task)

    @property
    def pictures_seen(self) -> int:
        """Pictures seen by the end of training, repeats included."""
        return self.settings.epochs * steps_per_epoch(self.settings) * self.settings.batch_size

    @property
    def constant(self) -> Reading:
        """The most frequent train text, and the logarithm of its share."""
        counts = pd.Series(self.texts).value_counts()
        text = str(pd.Series(self.texts).mode().iloc[0])
        return Reading(text, math.log(counts[text] / len(self.texts)))

    @property
    def is_drawn(self) -> bool:
        """Whether the pictures are the stand-in's."""
        return bool(self.facts.provenance.get("source") != "raw")


def reader_training(name: str, path: Path, facts: Facts, params: Params) -> ReaderTraining:
    """The training of the reader `name`.

    Args:
        name: a reader of params.yaml.
        path: the captcha file.
        facts: metadata of that file.
        params: all settings.

    Raises:
        SettingsError: there is no such reader, or it cannot use or learn these pictures.
        PodiumError: the file is of another task.
    """
    if name not in params.train_captcha_reader:
        raise unknown("captcha reader", name, params.train_captcha_reader)
    settings = params.train_captcha_reader[name]
    if (task := facts.provenance.get("task")) != settings.task:
        raise PodiumError(
            f"{path}: captchas of {task}, but {name} reads {settings.task}\n"
            "remedy: give the captcha file of its task"
        )
    source = "raw" if facts.provenance.get("source") == "raw" else "standin"
    check_reader_settings(name, source, params)
    texts = read_texts(path, "train")[1]
    check_reader_pictures(name, settings, facts.size, texts)
    rules = rules_for(settings.task, facts.charset, texts)
    decoder = Decoder(settings.model, facts.charset, rules, settings.beam_width)
    validation = read_captchas(path, "validation")
    return ReaderTraining(settings, path, facts, texts, validation, decoder, params)


def build_reader(job: ReaderTraining) -> keras.Model:
    """The untrained reader."""
    settings, facts = job.settings, job.facts
    return network.build(
        settings.model,
        facts.size,
        n_classes(facts.charset),
        max(map(len, job.texts)),
        settings.width,
        artefact_metadata(job.task, job.decoder, job.pictures.max_megapixels),
        settings.step,
    )


def train_reader(
    job: ReaderTraining, model: keras.Model, predict: LogitPredictor, processes: int
) -> TrainingResult:
    """Train `model`.

    Args:
        job: what is trained, and on what.
        model: the untrained reader.
        predict: the logits (N, T, C) of that reader.
        processes: how many draw pictures on the fly.
    """
    settings = job.settings
    augment = augmentation(settings.augment, settings.seed)
    loss, xla = (
        losses.reader_loss(settings.model),
        settings.model == "cnn",
    )  # CTC has no kernel there
    trainer = Trainer(model, settings, loss, augment, xla=xla)

    def validate() -> float:
        readings = job.decoder.greedy(predict(job.validation.pixels))
        pairs = zip(readings, job.validation.texts, strict=True)
        return sum(reading.text == truth for reading, truth in pairs) / len(readings)

    identity = {
        "settings": settings.model_dump(),
        "pictures": file_sha256(job.path),
        "seed": job.pictures.seed_train,
    }
    if settings.on_the_fly:
        batches = partial(_drawn_batches, job, processes)
    else:
        pixels, charset = read_captchas(job.path, "train").pixels, job.facts.charset
        if settings.recombine:
            batches = partial(recombined_batches, pixels, job.texts, charset, settings)
        else:
            batches = partial(stored_batches, pixels, padded_labels(job.texts, charset), settings)
    checkpoint = checkpoint_path("captcha-readers", model, identity, __name__)
    return train(trainer, TrainingJob(batches, validate, checkpoint))


def _drawn_batches(job: ReaderTraining, processes: int, start: int) -> Iterator[Batch]:
    """Batches of pictures of the train seed, drawn meanwhile, from picture number `start` on."""
    task = task_from(job.task, job.params.captcha, job.settings.emphasis)
    parts = generate(task, job.pictures.seed_train, start, job.pictures_seen, processes)
    charset, longest = job.facts.charset, task.grammar.longest
    batches = ((pixels, padded_labels(texts, charset, longest)) for pixels, texts in parts)
    return rebatch(batches, job.settings.batch_size)


def training_data_summary(job: ReaderTraining) -> dict[str, Any]:
    """Which pictures the reader was trained on: a range of a seed, or how many of a file."""
    if job.settings.on_the_fly:
        pictures = {"seed": job.pictures.seed_train, "first": 0, "last": job.pictures_seen - 1}
    else:
        pictures = {"pictures": len(job.texts)}
    return {"pictures_seen": job.pictures_seen, **pictures}


def read_split(job: ReaderTraining, predict: LogitPredictor, split: str) -> list[Reading]:
    """The readings (N,) of one split of the captcha file, in memory that does not grow with N.

    Args:
        job: names the file and the decoder.
        predict: the logits of the trained reader.
        split: train, validation or test.

    Returns:
        What was read; for pictures that could not be read the most frequent train text.
    """
    parts = iter_pixels(job.path, split)
    readings = [reading for pixels in parts for reading in job.decoder.best(predict(pixels))]
    for row in read_unreadable(job.path, split):
        readings[row] = job.constant
    return readings


def validation_scores(
    job: ReaderTraining, predict: LogitPredictor
) -> tuple[dict[str, Any], list[Reading]]:
    """Validation scores of greedy and of full decoding, and of one constant text; the readings.

    `predict` takes pixels (N, H, W, 3) and returns logits (N, T, C).
    """
    logits = predict(job.validation.pixels)
    readings, truth = job.decoder.best(logits), job.validation.texts
    constant = job.constant.text
    scores = answer_rules(job.task).scores
    metrics = {
        "greedy": scores(truth, [reading.text for reading in job.decoder.greedy(logits)]),
        "decoded": scores(truth, [reading.text for reading in readings]),
        "constant_text": share(truth.count(constant), len(truth)),
    }
    return metrics, readings


def validation_error_table(job: ReaderTraining, readings: Sequence[Reading]) -> pd.DataFrame:
    """The shares of validation equations read right, by `error_analysis.error_table`."""
    drawn = scenes(job.pictures.seed_validation, job.validation.ids) if job.is_drawn else []
    return error_table(job.validation.texts, [reading.text for reading in readings], drawn)
