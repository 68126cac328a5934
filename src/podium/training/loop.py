"""The training loop: fixed order of batches, a checkpoint each epoch, exact resume after a kill."""

from __future__ import annotations

import json
import re
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
from podium.core.files import json_sha256, scratch_dir
from podium.core.progress import progress
from podium.core.throughput import Throughput, ThroughputMeter
from podium.training import runtime
from podium.training.runtime import keras, tf
from podium.training.schedules import steps_per_epoch
from podium.training.train_step import Augment, Batch, History, Trainer

__all__ = [
    "Augment", "Batch", "Trainer", "TrainingJob", "TrainingResult", "checkpoint_path",
    "steps_per_epoch", "train",
]  # fmt: skip

T = TypeVar("T")


def checkpoint_path(
    folder: str, model: keras.Model, recipe: Mapping[str, Any], module: str
) -> Path:
    """Return where the progress of a training lies; its name is a hash of all it depends on.

    Args:
        folder: in the scratch folder.
        model: untrained.
        recipe: all else that the training depends on, as JSON values.
        module: dotted name of the module that trains: its code counts, too.
    """
    # Keras numbers the layers that a process makes: conv2d, conv2d_1, ...
    outline = json.loads(re.sub(r'_\d+"', '"', model.to_json()))
    key = {**recipe, "model": outline, "keras": keras.__version__}
    return scratch_dir(folder) / f"{json_sha256({**key, 'code': computing_code(module)})}.npz"


@dataclass(frozen=True)
class TrainingJob:
    """What a model is trained on, and how it is validated.

    Attributes:
        batches: gives the stream of batches from picture number `start` on.
        validate: returns the validation metric; called after each epoch.
        checkpoint: the file of the training's progress.
        metric: the name of the validation metric.
        log: called with the figures of each epoch; after a resume also with those of epochs
            finished before.
    """

    batches: Callable[[int], Iterator[Batch]]
    validate: Callable[[], float]
    checkpoint: Path
    metric: str = "whole_string"
    log: Callable[[dict[str, float]], None] = lambda _: None


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves beside the model.

    Attributes:
        curve: the learning curve; columns epoch, pictures, train_loss and the metric.
        checkpoint: the file of the training's progress, to be removed once results are written.
        throughput: pictures trained on.
    """

    curve: pd.DataFrame
    checkpoint: Path
    throughput: Throughput


class _BatchTooLarge(Exception):
    """The device's memory ran out in a step."""


def train(trainer: Trainer, job: TrainingJob) -> TrainingResult:
    """Train a model and return its learning curve.

    A training that was killed resumes after its last whole epoch and ends as if it had never
    stopped. If a batch does not fit the device's memory, it continues with smaller parts.
    """
    epochs, meter = trainer.settings.epochs, ThroughputMeter()
    history = trainer.restore(job.checkpoint)
    if history:
        print(f"resumed after epoch {len(history)} of {epochs}", flush=True)
    else:
        trainer.save(job.checkpoint, [])
    for row in history:
        job.log(row)
    while len(history) < epochs:
        try:
            _train_epochs(trainer, job, history, meter)
        except _BatchTooLarge:
            trainer.batch_size.halve()
            trainer.restore(job.checkpoint)
    curve = pd.DataFrame(history).astype({"epoch": int, "pictures": int})
    throughput = meter.throughput(int(curve["pictures"].iloc[-1]), trainer.batch_size.size)
    return TrainingResult(curve, job.checkpoint, throughput)


def _train_epochs(
    trainer: Trainer, job: TrainingJob, history: History, meter: ThroughputMeter
) -> None:
    """Run the epochs that are left; each is added to `history` once its checkpoint is written."""
    settings = trainer.settings
    per_epoch = steps_per_epoch(settings)
    n_steps, n_done = per_epoch * settings.epochs, len(history) * per_epoch
    batches = islice(job.batches(n_done * settings.batch_size), n_steps - n_done)
    ready = prefetch(map(_on_device, batches))
    for epoch in range(len(history), settings.epochs):
        name = f"epoch {epoch + 1}/{settings.epochs}"
        steps = progress(
            range(epoch * per_epoch, (epoch + 1) * per_epoch), per_epoch, name, every=30
        )
        measured = meter.measure_each(steps, lambda _: settings.batch_size)
        losses = [_step(trainer, next(ready), step, n_steps) for step in measured]
        row = {
            "epoch": epoch + 1,
            "pictures": (epoch + 1) * per_epoch * settings.batch_size,
            "train_loss": float(np.mean(losses)),
            job.metric: job.validate(),
        }
        job.log(row)
        trainer.save(job.checkpoint, [*history, row])
        history.append(row)
        _print_epoch(name, row, meter)


def _step(trainer: Trainer, batch: Any, number: int, n_steps: int) -> float:
    try:
        return trainer.step(batch, number, n_steps)
    except tf.errors.OpError as error:
        if runtime.is_out_of_memory(error):
            raise _BatchTooLarge from error
        raise


def _on_device(batch: Batch) -> tuple[Any, Any]:
    """Copy a batch to the device; run by the thread that makes it."""
    pixels, labels = batch
    return tf.constant(pixels), tf.constant(labels)


def _print_epoch(name: str, row: dict[str, float], meter: ThroughputMeter) -> None:
    figures = [f"{key.replace('_', ' ')} {row[key]:.4f}" for key in list(row)[2:]]
    seen = f"{name}: {row['pictures']:,} pictures seen"
    print(", ".join([seen, *figures, f"{meter.items_per_second:.0f} pictures/s"]), flush=True)


def prefetch(items: Iterator[T], n: int = 2) -> Iterator[T]:
    """Yield `items`, of which a thread makes the next `n` while the caller works on one."""
    with ThreadPoolExecutor(1) as worker:
        waiting = deque(worker.submit(next, items, None) for _ in range(n))
        while (item := waiting.popleft().result()) is not None:
            waiting.append(worker.submit(next, items, None))
            yield item
