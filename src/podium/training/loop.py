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

from podium.core.files import json_sha256, scratch_dir
from podium.core.params import TrainingSettings
from podium.core.progress import progress
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


def checkpoint_of(folder: str, model: keras.Model, about: Mapping[str, Any]) -> Path:
    """Where the progress of a run is kept, named by all it depends on: only the same is resumed.

    Args:
        folder: of the scratch folder.
        model: untrained.
        about: what else the run depends on, as JSON values.
    """
    known = {**about, "model": json.loads(model.to_json()), "keras": keras.__version__}
    return scratch_dir(folder) / f"{json_sha256(known)}.npz"


@dataclass(frozen=True)
class TrainingJob:
    """What a model is taught.

    Attributes:
        batches: from picture number `start` on.
        validate: the share of validation pictures that it gets right.
        checkpoint: where progress is kept.
        metric: the name of that share.
        log: told each epoch's figures; those of epochs done before a kill once more.
    """

    batches: Callable[[int], Iterator[Batch]]
    validate: Callable[[], float]
    checkpoint: Path
    metric: str = "whole_string"
    log: Callable[[dict[str, float]], None] = lambda _: None


@dataclass(frozen=True)
class TrainingResult:
    """What came of teaching a model.

    Attributes:
        curve: the learning curve, one row per epoch.
        checkpoint: where progress was kept; to be removed once the results are written.
        throughput: the pictures that were seen.
    """

    curve: pd.DataFrame
    checkpoint: Path
    throughput: Throughput


class _BatchTooLarge(Exception):
    """The device's memory ran out in a step."""


def train(trainer: Trainer, job: TrainingJob) -> TrainingResult:
    """Teach a model.

    A run that was killed goes on after its last whole epoch and ends as if it had never stopped.
    One whose batch does not fit the device's memory goes on there with smaller parts.
    """
    history, epochs, meter = (
        trainer.restore(job.checkpoint),
        trainer.settings.epochs,
        ThroughputMeter(),
    )
    if history:
        print(f"resumed after epoch {len(history)} of {epochs}", flush=True)
    else:
        trainer.save(job.checkpoint, [])
    for done in history:
        job.log(done)
    while len(history) < epochs:
        try:
            _go_on(trainer, job, history, meter)
        except _BatchTooLarge:
            trainer.batch_size.halve()
            trainer.restore(job.checkpoint)
    return _training_result(trainer, job, history, meter)


def _go_on(trainer: Trainer, job: TrainingJob, history: History, meter: ThroughputMeter) -> None:
    """All epochs that are still to come; each is added to `history` once it is kept."""
    settings = trainer.settings
    per_epoch = steps_per_epoch(settings)
    n_steps, done = per_epoch * settings.epochs, len(history) * per_epoch
    wanted = islice(job.batches(done * settings.batch_size), n_steps - done)
    batches = prefetch(map(_on_device, wanted))
    for epoch in range(len(history), settings.epochs):
        steps = range(epoch * per_epoch, (epoch + 1) * per_epoch)
        name = f"epoch {epoch + 1}/{settings.epochs}"
        shown = meter.measure_each(
            progress(steps, per_epoch, name, every=30), lambda _: settings.batch_size
        )
        losses = [_fitting_step(trainer, next(batches), step, n_steps) for step in shown]
        row = {
            "epoch": epoch + 1,
            "pictures": (epoch + 1) * per_epoch * settings.batch_size,
            "train_loss": float(np.mean(losses)),
            job.metric: job.validate(),
        }
        job.log(row)
        trainer.save(job.checkpoint, [*history, row])
        history.append(row)
        _tell(name, row, meter)


def _fitting_step(trainer: Trainer, batch: Any, step: int, n_steps: int) -> float:
    try:
        return trainer.step(batch, step, n_steps)
    except tf.errors.OpError as error:
        if runtime.is_out_of_memory(error):
            raise _BatchTooLarge from error
        raise


def _on_device(batch: Batch) -> tuple[Any, Any]:
    """A batch where it will be needed; done by the thread that makes it."""
    pixels, labels = batch
    return tf.constant(pixels), tf.constant(labels)


def _tell(epoch: str, row: dict[str, float], meter: ThroughputMeter) -> None:
    figures = [f"{name.replace('_', ' ')} {row[name]:.4f}" for name in list(row)[2:]]
    seen = f"{epoch}: {row['pictures']:,} pictures seen"
    print(", ".join([seen, *figures, f"{meter.items_per_second:.0f} pictures/s"]), flush=True)


def _training_result(
    trainer: Trainer, job: TrainingJob, history: History, meter: ThroughputMeter
) -> TrainingResult:
    curve = pd.DataFrame(history).astype({"epoch": int, "pictures": int})
    flops = mflop(trainer.model, trainer.seen) if trainer.seen else 0.0
    throughput = meter.throughput(int(curve["pictures"].iloc[-1]), trainer.batch_size.size, flops)
    return TrainingResult(curve, job.checkpoint, throughput)


def prefetch(items: Iterator[T], n: int = 2) -> Iterator[T]:
    """`items`; a thread makes the next `n` while the device is busy with one."""
    with ThreadPoolExecutor(1) as worker:
        waiting = deque(worker.submit(next, items, None) for _ in range(n))
        while (item := waiting.popleft().result()) is not None:
            waiting.append(worker.submit(next, items, None))
            yield item
