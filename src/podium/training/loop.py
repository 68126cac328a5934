"""How a network learns: batches in a fixed order, one optimiser, progress that survives a kill."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from podium.core.code_fingerprint import computing_code
from podium.core.files import scratch_dir, text_sha256
from podium.core.params import TrainingSettings
from podium.core.progress import watched
from podium.core.throughput import Throughput, ThroughputMeter
from podium.training import runtime
from podium.training.flops import mflop
from podium.training.runtime import keras, tf
from podium.training.train_step import (
    Augment,
    Batch,
    History,
    Trainer,
    learning_rate,
)

__all__ = [
    "Augment",
    "Batch",
    "Trainer",
    "TrainingJob",
    "TrainingResult",
    "checkpoint_of",
    "learning_rate",
    "steps_per_epoch",
    "train",
]  # fmt: skip

T = TypeVar("T")


def steps_per_epoch(settings: TrainingSettings) -> int:
    """Batches in an epoch: as many as fill it, one at least."""
    return max(1, settings.epoch_size // settings.batch_size)


def checkpoint_of(folder: str, model: keras.Model, about: Mapping[str, Any], module: str) -> Path:
    """Where the progress of a run is kept, named by all it depends on: only the same is resumed.

    Args:
        folder: of the scratch folder.
        model: untrained.
        about: what else the run depends on, as JSON values.
        module: dotted name of the module that trains: its code counts, too.
    """
    known = {**about, "model": json.loads(model.to_json()), "keras": keras.__version__}
    known["code"] = computing_code(module)
    return scratch_dir(folder) / f"{text_sha256(known)}.npz"


@dataclass(frozen=True)
class TrainingJob:
    """What a model is taught.

    Attributes:
        batches: from picture number `start` on.
        validate: the share of validation pictures that it gets right.
        checkpoint: where progress is kept.
        measured: the name of that share.
        log: told each epoch's figures; those of epochs done before a kill once more.
    """

    batches: Callable[[int], Iterator[Batch]]
    validate: Callable[[], float]
    checkpoint: Path
    measured: str = "whole_string"
    log: Callable[[dict[str, float]], None] = lambda _: None


@dataclass(frozen=True)
class TrainingResult:
    """What came of teaching a model.

    Attributes:
        curve: the learning curve, one row per epoch.
        checkpoint: where progress was kept; to be removed once the results are written.
        work: the pictures that were seen.
    """

    curve: pd.DataFrame
    checkpoint: Path
    work: Throughput


class _BatchTooLarge(Exception):
    """The device's memory ran out in a step."""


def train(learner: Trainer, course: TrainingJob) -> TrainingResult:
    """Teach a model.

    A run that was killed goes on after its last whole epoch and ends as if it had never stopped.
    One whose batch does not fit the device's memory goes on there with smaller parts.
    """
    history, epochs, clock = (
        learner.restore(course.checkpoint),
        learner.settings.epochs,
        ThroughputMeter(),
    )
    if history:
        print(f"resumed after epoch {len(history)} of {epochs}", flush=True)
    else:
        learner.save(course.checkpoint, [])
    for done in history:
        course.log(done)
    while len(history) < epochs:
        try:
            _go_on(learner, course, history, clock)
        except _BatchTooLarge:
            learner.fitting.halve()
            learner.restore(course.checkpoint)
    return _taught(learner, course, history, clock)


def _go_on(learner: Trainer, course: TrainingJob, history: History, clock: ThroughputMeter) -> None:
    """All epochs that are still to come; each is added to `history` once it is kept."""
    settings = learner.settings
    per_epoch = steps_per_epoch(settings)
    n_steps, done = per_epoch * settings.epochs, len(history) * per_epoch
    wanted = islice(course.batches(done * settings.batch_size), n_steps - done)
    batches = ahead(map(_on_device, wanted))
    for epoch in range(len(history), settings.epochs):
        steps = range(epoch * per_epoch, (epoch + 1) * per_epoch)
        name = f"epoch {epoch + 1}/{settings.epochs}"
        shown = clock.watched(
            watched(steps, per_epoch, name, every=30), lambda _: settings.batch_size
        )
        losses = [_fitting_step(learner, next(batches), step, n_steps) for step in shown]
        row = {
            "epoch": epoch + 1,
            "pictures": (epoch + 1) * per_epoch * settings.batch_size,
            "train_loss": float(np.mean(losses)),
            course.measured: course.validate(),
        }
        course.log(row)
        learner.save(course.checkpoint, [*history, row])
        history.append(row)
        _tell(name, row, clock)


def _fitting_step(learner: Trainer, batch: Any, step: int, n_steps: int) -> float:
    try:
        return learner.step(batch, step, n_steps)
    except tf.errors.OpError as error:
        if runtime.is_out_of_memory(error):
            raise _BatchTooLarge from error
        raise


def _on_device(batch: Batch) -> tuple[Any, Any]:
    """A batch where it will be needed; done by the thread that makes it."""
    pixels, labels = batch
    return tf.constant(pixels), tf.constant(labels)


def _tell(epoch: str, row: dict[str, float], clock: ThroughputMeter) -> None:
    figures = [f"{name.replace('_', ' ')} {row[name]:.4f}" for name in list(row)[2:]]
    seen = f"{epoch}: {row['pictures']:,} pictures seen"
    print(", ".join([seen, *figures, f"{clock.speed:.0f} pictures/s"]), flush=True)


def _taught(
    learner: Trainer, course: TrainingJob, history: History, clock: ThroughputMeter
) -> TrainingResult:
    curve = pd.DataFrame(history).astype({"epoch": int, "pictures": int})
    flops = mflop(learner.model, learner.seen) if learner.seen else 0.0
    work = clock.work(int(curve["pictures"].iloc[-1]), learner.fitting.size, flops)
    return TrainingResult(curve, course.checkpoint, work)


def ahead(items: Iterator[T], n: int = 2) -> Iterator[T]:
    """`items`; a thread makes the next `n` while the device is busy with one."""
    with ThreadPoolExecutor(1) as worker:
        waiting = deque(worker.submit(next, items, None) for _ in range(n))
        while (item := waiting.popleft().result()) is not None:
            waiting.append(worker.submit(next, items, None))
            yield item
