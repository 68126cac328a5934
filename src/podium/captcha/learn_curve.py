"""How many labels are enough: a reader trained on more and more, and what yet more would bring."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.captcha.chance import fit_chance
from podium.captcha.dataset import (
    SPLITS,
    Facts,
    Split,
    iter_pixels,
    read_captchas,
    read_facts,
    read_texts,
    write_captchas,
)
from podium.captcha.decoding import grammar_log_probs
from podium.captcha.reader import LogitPredictor
from podium.captcha.training import ReaderTraining, build_reader, reader_training, train_reader
from podium.core.params import Params
from podium.evaluation.intervals import wilson

ASKED = 20  # pictures whose labels would help most
FEWEST = 2


@dataclass(frozen=True)
class Point:
    """A reader that learnt from some labels.

    Attributes:
        n_labels: that it learnt from.
        score: share of held-out texts read right, with its interval, as metrics files hold it.
        unsure: ids of the test pictures that it is least sure of, the least first.
    """

    n_labels: int
    score: dict[str, Any]
    unsure: list[str]


def learn_curve(
    name: str, path: Path, params: Params, sizes: Sequence[int], scratch: Path
) -> Iterator[Point]:
    """Train the reader `name` on more and more train pictures of a captcha file.

    Args:
        name: of a reader in params.yaml.
        path: the captcha file; its validation pictures, and test pictures with known texts, judge.
        params: all settings.
        sizes: how many labels; those beyond the train pictures are left out.
        scratch: a folder for smaller captcha files.

    Yields:
        A point for each number of labels.
    """
    params = _learning_from_labels(name, params)
    facts, n_train = read_facts(path), len(read_texts(path, "train")[0])
    order = np.random.default_rng(params.train_captcha_reader[name].seed).permutation(n_train)
    for n in sorted({n for n in sizes if FEWEST <= n < n_train} | {n_train}):
        smaller = scratch / f"{n}.h5"
        _write_part(smaller, path, facts, np.sort(order[:n]))
        job = reader_training(name, smaller, facts, params)
        model = build_reader(job)
        predict = LogitPredictor(model)
        train_reader(job, model, predict, 0).checkpoint.unlink(missing_ok=True)
        yield _point(n, job, predict)


def _learning_from_labels(name: str, params: Params) -> Params:
    """`params` whose reader `name` learns from the labelled pictures, not from drawn ones."""
    readers = params.train_captcha_reader
    if name not in readers or not readers[name].on_the_fly:
        return params
    print(f"{name}: on_the_fly is off for this curve, as drawn pictures need no labels", flush=True)
    stored = readers[name].model_copy(update={"on_the_fly": False})
    return params.model_copy(update={"train_captcha_reader": {**readers, name: stored}})


def _write_part(path: Path, whole: Path, facts: Facts, rows: NDArray[np.int64]) -> None:
    """Write the captcha file `whole` with only some rows (n,) of its train pictures to `path`."""
    train, *others = (read_captchas(whole, split) for split in SPLITS)
    texts, ids = [train.texts[row] for row in rows], [train.ids[row] for row in rows]
    splits = [Split("train", ids)]
    splits += [Split(name, part.ids) for name, part in zip(SPLITS[1:], others, strict=True)]
    parts = [(train.pixels[rows], texts), *((part.pixels, part.texts) for part in others)]
    write_captchas(path, facts, splits, [part for part in parts if len(part[1])])


def _point(n: int, job: ReaderTraining, predict: LogitPredictor) -> Point:
    right, logs, masses = _read(job, predict, "validation")
    chance = fit_chance(logs, right, masses)
    known, test_logs, test_masses = _read(job, predict, "test")
    ids, texts = read_texts(job.path, "test")
    judged = right + [hit for hit, text in zip(known, texts, strict=True) if text]
    chances = chance.apply(test_logs, test_masses)
    unsure = [ids[row] for row in np.argsort(chances, kind="stable")[:ASKED]]
    return Point(n, wilson(sum(judged), len(judged)).as_dict(), unsure)


def _read(
    job: ReaderTraining, predict: LogitPredictor, split: str
) -> tuple[list[bool], list[float], list[float]]:
    """Whether each text of a split is read right, and its `grammar_log_probs`."""
    read: list[str] = []
    logs: list[float] = []
    masses: list[float] = []
    for pixels in iter_pixels(job.path, split):
        logits = predict(pixels)
        readings = job.decoder.best(logits)
        read += [reading.text for reading in readings]
        part_logs, part_masses = grammar_log_probs(job.decoder, logits, readings)
        logs, masses = [*logs, *part_logs.tolist()], [*masses, *part_masses.tolist()]
    truth = read_texts(job.path, split)[1]
    return [text == known for text, known in zip(read, truth, strict=True)], logs, masses


def expected(points: Sequence[Point], n_labels: int) -> float:
    """The share read right that is to be expected of `n_labels` labels.

    Mistakes fall as a power of the labels, c * n ** -b; c and b fit the last two points.
    """
    counts = [point.score["n"] for point in points[-2:]]
    shares = [point.score["value"] for point in points[-2:]]
    mistakes = [max(1 - value, 0.5 / n) for value, n in zip(shares, counts, strict=True)]
    if len(points) < 2:
        return 1 - mistakes[0]
    (few, many), (before, after) = (point.n_labels for point in points[-2:]), mistakes
    power = max(math.log(before / after) / math.log(many / few), 0.0)
    return 1 - after * (n_labels / many) ** -power
