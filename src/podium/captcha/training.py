"""From a captcha file and settings to a trained reader, its readings and its scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.captcha import network
from podium.captcha.answer_rules import answer_rules
from podium.captcha.batches import distorted, rebatched, rows_at, stored_batches
from podium.captcha.charset import Charset
from podium.captcha.ctc import BLANK, check_label, n_classes
from podium.captcha.dataset import Captchas, Facts, pixel_parts, read_captchas, read_texts
from podium.captcha.decoding import Decoder, rules_of
from podium.captcha.equations.error_analysis import breakdown, scenes
from podium.captcha.equations.recombine import Recombination
from podium.captcha.generator import drawn
from podium.captcha.reader import Logits, description_of
from podium.captcha.scoring import share
from podium.captcha.tasks import task_from
from podium.core.errors import PodiumError, SettingsError
from podium.core.files import file_sha256
from podium.core.params import CaptchaReader, GenerateCaptcha, Params
from podium.evaluation.predictions import Reading
from podium.training.loop import (
    Batch,
    Trainer,
    TrainingJob,
    TrainingResult,
    checkpoint_of,
    steps_per_epoch,
    train,
)
from podium.training.runtime import keras


@dataclass(frozen=True)
class Lesson:
    """A reader to be taught: its settings, the file it learns from, and what is known of that.

    Attributes:
        settings: the reader's own.
        path: the captcha file.
        facts: of all its pictures.
        texts: of its train pictures.
        validation: its validation pictures.
        decoder: turns the reader's logits into texts.
        params: all settings.
    """

    settings: CaptchaReader
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
        """Where the pictures come from."""
        return self.params.pictures(self.task)

    @property
    def pictures_seen(self) -> int:
        """By the end of training; more than once each, where there are fewer."""
        return self.settings.epochs * steps_per_epoch(self.settings) * self.settings.batch_size


def lesson(name: str, path: Path, facts: Facts, params: Params) -> Lesson:
    """The reader `name` and the file at `path`.

    Raises:
        SettingsError: there is no such reader, or it wants drawn pictures where there are raw
            ones, or assignments where there are none.
    """
    if name not in params.train_captcha_reader:
        known = ", ".join(params.train_captcha_reader)
        raise SettingsError(f"captcha reader {name!r} is unknown; known are {known}")
    settings = params.train_captcha_reader[name]
    if settings.on_the_fly and facts.provenance["source"] == "raw":
        raise SettingsError(
            f"train_captcha_reader.{name}.on_the_fly: raw pictures cannot be drawn\n"
            f"remedy: set it to false, or captcha.{settings.task}.source to standin"
        )
    if settings.recombine and settings.task != "equations":
        raise SettingsError(
            f"train_captcha_reader.{name}.recombine: {settings.task} has no assignments to "
            "recombine\nremedy: set it to 0"
        )
    texts = read_texts(path, "train")[1]
    rules = rules_of(settings.task, facts.charset, texts)
    decoder = Decoder(settings.model, facts.charset, rules, settings.beam_width)
    validation = read_captchas(path, "validation")
    return Lesson(settings, path, facts, texts, validation, decoder, params)


def new_model(what: Lesson) -> keras.Model:
    """The untrained reader.

    Raises:
        PodiumError: a train text is empty, too long for the time steps, or (cnn) not as long as
            the others.
    """
    settings, facts = what.settings, what.facts
    texts = sorted(set(what.texts))
    lengths = sorted({len(text) for text in texts})
    if settings.model == "cnn" and len(lengths) > 1:
        raise PodiumError(
            f"{what.path}: texts have {lengths[0]} to {lengths[-1]} characters, but a cnn reads "
            "texts of one length\nremedy: use a reader with model: crnn"
        )
    description = description_of(what.task, what.decoder, what.pictures.max_megapixels)
    model = network.build(
        settings.model,
        facts.size,
        n_classes(facts.charset),
        lengths[-1],
        settings.width,
        description,
        settings.step,
    )
    for text in texts:
        label = facts.charset.encode(text)
        if settings.model == "crnn" or not label:
            check_label(text, label, network.n_steps(model))
    return model


def encoded(texts: Sequence[str], charset: Charset) -> NDArray[np.int32]:
    """Labels (N, K) of texts, padded with the blank."""
    longest = max((len(text) for text in texts), default=1)
    out = np.full((len(texts), longest), BLANK, dtype=np.int32)
    for row, text in enumerate(texts):
        out[row, : len(text)] = charset.encode(text)
    return out


def teach(what: Lesson, model: keras.Model, logits: Logits, processes: int) -> TrainingResult:
    """Train `model`.

    Args:
        what: the lesson.
        model: the untrained reader.
        logits: of that reader.
        processes: how many draw pictures on the fly.
    """
    settings = what.settings
    augment = distorted(settings.augment, settings.seed)
    loss, xla = network.loss_of(settings.model), settings.model == "cnn"  # CTC has no kernel there
    learner = Trainer(model, settings, loss, augment, xla=xla)

    def validate() -> float:
        readings = what.decoder.greedy(logits(what.validation.pixels))
        right = sum(a.text == b for a, b in zip(readings, what.validation.texts, strict=True))
        return right / len(readings)

    about = {
        "settings": settings.model_dump(),
        "pictures": file_sha256(what.path),
        "seed": what.pictures.seed_train,
    }
    checkpoint = checkpoint_of("captcha-readers", model, about)
    if settings.on_the_fly:
        course = TrainingJob(lambda start: _drawn(what, start, processes), validate, checkpoint)
    else:
        pixels = read_captchas(what.path, "train").pixels
        course = TrainingJob(lambda start: _stored(what, pixels, start), validate, checkpoint)
    return train(learner, course)


def _stored(what: Lesson, pixels: NDArray[np.uint8], start: int) -> Iterator[Batch]:
    """Batches from picture number `start` on out of the train pictures, for ever."""
    settings, charset = what.settings, what.facts.charset
    labels = encoded(what.texts, charset)
    if not settings.recombine:
        yield from stored_batches(pixels, labels, settings, start)
    blanks, mixed = ((0, 0), (0, labels.shape[1])), Recombination(what.texts)
    while True:
        rows = rows_at(start, settings.batch_size, len(pixels), settings.seed)
        rng = np.random.default_rng([settings.seed, start])
        strips, texts = mixed.batch(pixels, rows, settings.recombine, rng)
        yield strips, np.pad(encoded(texts, charset), blanks)[:, : labels.shape[1]]
        start += settings.batch_size


def _drawn(what: Lesson, start: int, processes: int) -> Iterator[Batch]:
    """Batches from picture number `start` of the train seed on."""
    task = task_from(what.task, what.params.captcha, what.settings.emphasis)
    seed = what.pictures.seed_train
    parts = drawn(task, seed, start, what.pictures_seen, processes)
    charset, longest = what.facts.charset, task.grammar.longest
    blanks = ((0, 0), (0, longest))
    batches = ((px, np.pad(encoded(tx, charset), blanks)[:, :longest]) for px, tx in parts)
    return rebatched(batches, what.settings.batch_size)


def learnt_from(what: Lesson) -> dict[str, Any]:
    """Which pictures a reader learnt from: a range of a seed, or how many of a file."""
    found: dict[str, Any] = {"pictures_seen": what.pictures_seen}
    if what.settings.on_the_fly:
        seed = what.pictures.seed_train
        return found | {"seed": seed, "first": 0, "last": what.pictures_seen - 1}
    return found | {"pictures": len(what.texts)}


def read_all(what: Lesson, logits: Logits, split: str) -> list[Reading]:
    """The readings of one split, part by part."""
    parts = pixel_parts(what.path, split)
    return [reading for part in parts for reading in what.decoder.best(logits(part))]


def validation_scores(what: Lesson, logits: Logits) -> tuple[dict[str, Any], list[Reading]]:
    """Scores of greedy and of full decoding beside those of one constant text; the readings."""
    found = logits(what.validation.pixels)
    readings, truth = what.decoder.best(found), what.validation.texts
    constant = str(pd.Series(what.texts).mode().iloc[0])
    greedy = [one.text for one in what.decoder.greedy(found)]
    scores = answer_rules(what.task).scores
    metrics = {
        "greedy": scores(truth, greedy),
        "decoded": scores(truth, [one.text for one in readings]),
        "constant_text": share(truth.count(constant), len(truth)),
    }
    return metrics, readings


def is_drawn(what: Lesson) -> bool:
    """Whether its pictures are the stand-in's."""
    return bool(what.facts.provenance["source"] != "raw")


def groups(what: Lesson, readings: Sequence[Reading]) -> pd.DataFrame:
    """Which validation pictures of equations are read right, group by group."""
    known = scenes(what.pictures.seed_validation, what.validation.ids) if is_drawn(what) else []
    return breakdown(what.validation.texts, [one.text for one in readings], known)
