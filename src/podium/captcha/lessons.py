"""From a captcha file and settings to a trained reader, its readings and its scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.captcha import network
from podium.captcha.batches import Batch, rebatched, stored_batches
from podium.captcha.charset import Charset
from podium.captcha.ctc import BLANK, check_label, n_classes
from podium.captcha.dataset import Captchas, Facts, pixel_parts, read_captchas, read_texts
from podium.captcha.decoding import Decoder, rules_of
from podium.captcha.reader import Logits, description_of
from podium.captcha.scoring import scores, share
from podium.captcha.stream import drawn
from podium.captcha.tasks import task_from
from podium.captcha.training import Course, Learner, train
from podium.errors import PodiumError, SettingsError
from podium.files import file_sha256, scratch_dir, text_sha256
from podium.params import CaptchaReader, Params
from podium.predictions import Reading
from podium.runtime import keras


@dataclass(frozen=True)
class Lesson:
    """A reader to be taught: its settings, the file it learns from, and what is known of that."""

    settings: CaptchaReader
    path: Path
    facts: Facts
    decoder: Decoder
    params: Params

    @property
    def task(self) -> str:
        """Text or arithmetic."""
        return self.settings.task


def lesson(name: str, path: Path, facts: Facts, params: Params) -> Lesson:
    """The reader `name` and the file at `path`.

    Raises:
        SettingsError: there is no such reader, or it wants drawn pictures where there are raw ones.
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
    rules = rules_of(settings.task, facts.charset, read_texts(path, "train")[1])
    decoder = Decoder(settings.model, facts.charset, rules, settings.beam_width)
    return Lesson(settings, path, facts, decoder, params)


def new_model(what: Lesson) -> keras.Model:
    """The untrained reader.

    Raises:
        PodiumError: a train text is empty, too long for the time steps, or (cnn) not as long as
            the others.
    """
    settings, facts = what.settings, what.facts
    texts = sorted(set(read_texts(what.path, "train")[1]))
    lengths = sorted({len(text) for text in texts})
    if settings.model == "cnn" and len(lengths) > 1:
        raise PodiumError(
            f"{what.path}: texts have {lengths[0]} to {lengths[-1]} characters, but a cnn reads "
            "texts of one length\nremedy: use a reader with model: crnn"
        )
    description = description_of(
        what.task, what.decoder, what.params.generate_captcha.max_megapixels
    )
    model = network.build(
        settings.model,
        facts.size,
        n_classes(facts.charset),
        lengths[-1],
        settings.width,
        description,
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


def teach(
    what: Lesson, model: keras.Model, logits: Logits, processes: int
) -> tuple[pd.DataFrame, Path]:
    """Train `model`; its learning curve, and where its progress was kept.

    Args:
        what: the lesson.
        model: the untrained reader.
        logits: of that reader.
        processes: how many draw pictures on the fly.
    """
    settings = what.settings
    learner = Learner(model, settings)
    validation = read_captchas(what.path, "validation")

    def validate() -> float:
        readings = what.decoder.greedy(logits(validation.pixels))
        right = sum(a.text == b for a, b in zip(readings, validation.texts, strict=True))
        return right / len(readings)

    checkpoint = scratch_dir("captcha-readers") / f"{_fingerprint(what, model)}.npz"
    if settings.on_the_fly:
        course = Course(lambda start: _drawn(what, start, processes), validate, checkpoint)
    else:
        known = read_captchas(what.path, "train")
        labels = encoded(known.texts, what.facts.charset)
        course = Course(
            lambda start: stored_batches(known.pixels, labels, settings, start),
            validate,
            checkpoint,
        )
    return train(learner, course), checkpoint


def _drawn(what: Lesson, start: int, processes: int) -> Iterator[Batch]:
    """Batches from picture number `start` of the train seed on."""
    task = task_from(what.task, what.params.captcha, what.settings.emphasis)
    seed = what.params.generate_captcha.seed_train
    stop = what.settings.epochs * max(what.settings.epoch_size, what.settings.batch_size)
    parts = drawn(task, seed, start, stop, processes)
    charset, longest = what.facts.charset, task.grammar.longest
    blanks = ((0, 0), (0, longest))
    batches = ((px, np.pad(encoded(tx, charset), blanks)[:, :longest]) for px, tx in parts)
    return rebatched(batches, what.settings.batch_size)


def _fingerprint(what: Lesson, model: keras.Model) -> str:
    """One name for everything that training depends on, so that only the same run is resumed."""
    return text_sha256(
        {
            "settings": what.settings.model_dump(),
            "pictures": file_sha256(what.path),
            "seed": what.params.generate_captcha.seed_train,
            "model": json.loads(model.to_json()),
            "keras": keras.__version__,
        }
    )


def learnt_from(what: Lesson) -> dict[str, Any]:
    """Which pictures a reader learnt from: a range of a seed, or how many of a file."""
    settings = what.settings
    seen = settings.epochs * max(1, settings.epoch_size // settings.batch_size)
    found: dict[str, Any] = {"pictures_seen": seen * settings.batch_size}
    if settings.on_the_fly:
        seed = what.params.generate_captcha.seed_train
        return found | {"seed": seed, "first": 0, "last": found["pictures_seen"] - 1}
    return found | {"pictures": len(read_texts(what.path, "train")[0])}


def read_all(what: Lesson, logits: Logits, split: str) -> list[Reading]:
    """The readings of one split, part by part."""
    parts = pixel_parts(what.path, split)
    return [reading for part in parts for reading in what.decoder.best(logits(part))]


def validation_scores(
    what: Lesson, logits: Logits
) -> tuple[dict[str, Any], list[Reading], Captchas]:
    """Scores of greedy and of full decoding beside those of one constant text."""
    validation = read_captchas(what.path, "validation")
    found = logits(validation.pixels)
    readings = what.decoder.best(found)
    truth, known = validation.texts, pd.Series(read_texts(what.path, "train")[1])
    constant = str(known.mode().iloc[0])
    greedy = [one.text for one in what.decoder.greedy(found)]
    metrics = {
        "greedy": scores(what.task, truth, greedy),
        "decoded": scores(what.task, truth, [one.text for one in readings]),
        "constant_text": share(truth.count(constant), len(truth)),
    }
    return metrics, readings, validation
