"""Training of one captcha reader: its settings, model, batches, validation and scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from podium.captcha import network
from podium.captcha.batches import augmentation, rebatch, recombined_batches, stored_batches
from podium.captcha.ctc import n_classes, padded_labels
from podium.captcha.dataset import (
    Captchas,
    Facts,
    read_captchas,
    read_texts,
)
from podium.captcha.decoding import Decoder, refuse_other_forms, rules_for
from podium.captcha.generator import generate
from podium.captcha.reader import LogitPredictor, artefact_metadata
from podium.captcha.reader_checks import (
    SCRATCH,
    check_reader_pictures,
    check_reader_settings,
    left_out_readers,
)
from podium.captcha.start import start_from
from podium.captcha.tasks import task_from
from podium.captcha.variation import varied_batches
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
    def fit(self) -> str:
        """How pictures of other sizes are fitted."""
        return str(self.facts.provenance.get("fit", "pad"))

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
    given = params.captcha.arithmetic.raw.grammar if source == "raw" else []
    examples = given if given and settings.task == "arithmetic" else texts
    rules = rules_for(settings.task, facts.charset, examples)
    if examples is given:
        refuse_other_forms(rules, texts)
    decoder = Decoder(settings.model, facts.charset, rules, settings.beam_width)
    validation = read_captchas(path, "validation")
    return ReaderTraining(settings, path, facts, texts, validation, decoder, params)


def why_left_out(name: str, path: Path, facts: Facts, params: Params) -> str:
    """Why the reader `name` cannot learn raw pictures, which others that vote can; '' if it can.

    Args:
        name: a reader of params.yaml.
        path: the captcha file.
        facts: metadata of that file.
        params: all settings.
    """
    task = str(facts.provenance.get("task"))
    if facts.provenance.get("source") != "raw" or name not in params.train_captcha_reader:
        return ""
    texts = [text for split in ("train", "validation") for text in read_texts(path, split)[1]]
    return left_out_readers(task, params, facts.size, texts).get(name, "")


def build_reader(job: ReaderTraining) -> keras.Model:
    """The reader before its training, with the weights of the one that it starts from, if any."""
    settings, facts = job.settings, job.facts
    model = network.build(
        settings.model,
        facts.size,
        n_classes(facts.charset),
        max(map(len, job.texts)),
        settings.width,
        artefact_metadata(job.task, job.decoder, job.pictures.max_megapixels, job.fit),
        settings.step,
    )
    if settings.start != SCRATCH:
        start_from(model, Path(settings.start), facts.charset)
    return model


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
    if settings.start != SCRATCH:
        identity["start"] = file_sha256(Path(settings.start))
    checkpoint = checkpoint_path("captcha-readers", model, identity, __name__)
    return train(trainer, TrainingJob(_batches(job, processes), validate, checkpoint))


def _batches(job: ReaderTraining, processes: int) -> Callable[[int], Iterator[Batch]]:
    """The train batches from picture number `start` on, for any start."""
    settings = job.settings
    if settings.on_the_fly:
        plain = partial(_drawn_batches, job, processes)
    else:
        pixels, charset = read_captchas(job.path, "train").pixels, job.facts.charset
        if settings.recombine:
            plain = partial(recombined_batches, pixels, job.texts, charset, settings)
        else:
            plain = partial(stored_batches, pixels, padded_labels(job.texts, charset), settings)
    if not settings.vary:
        return plain
    return lambda start: varied_batches(plain(start), settings.vary, settings.seed, start)


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
