"""How a network learns: batches in a fixed order, one optimiser, progress that survives a kill."""

from __future__ import annotations

import io
import json
import math
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.errors import PodiumError
from podium.files import scratch_dir, text_sha256, write_bytes
from podium.params import Schooling
from podium.progress import watched
from podium.runtime import keras, tf

History = list[dict[str, float]]
# pixels (B, H, W, 3), and what a network is to make of them: labels (B, K), maps (B, h, w, K)
Batch = tuple[NDArray[np.uint8], NDArray[np.integer[Any]]]
# float32 pixels and labels of step `number` -> both as the network is to see them
Augment = Callable[[Any, Any, int], tuple[Any, Any]]


def steps_per_epoch(settings: Schooling) -> int:
    """Batches in an epoch: as many as fill it, one at least."""
    return max(1, settings.epoch_size // settings.batch_size)


def learning_rate(settings: Schooling, step: int, n_steps: int) -> float:
    """A linear warm-up to the peak, then half a cosine down to nothing."""
    rising = settings.warmup * n_steps
    if step < rising:
        return settings.learning_rate * (step + 1) / (rising + 1)
    done = (step - rising) / max(n_steps - rising, 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


class Learner:
    """A model, its optimiser, and one step of both.

    Args:
        model: pixels (N, H, W, 3) in.
        settings: how it learns.
        loss: of what is wanted and what the model gives.
        augment: changes pictures on their way in; None leaves them as they are.
        rate: the learning rate at a step of so many, by default `learning_rate`.
    """

    def __init__(
        self,
        model: keras.Model,
        settings: Schooling,
        loss: keras.losses.Loss,
        augment: Augment | None = None,
        rate: Callable[[Schooling, int, int], float] = learning_rate,
    ) -> None:
        self.model, self.settings, self._augment, self._rate = model, settings, augment, rate
        self.optimizer = keras.optimizers.AdamW(
            settings.learning_rate, weight_decay=settings.weight_decay, beta_2=0.99, clipnorm=5.0
        )
        self.optimizer.build(model.trainable_variables)
        self._loss = loss
        self._step = tf.function(self._graph, jit_compile=False)  # XLA has no kernel for CTC

    def step(self, batch: Batch, number: int, n_steps: int) -> float:
        """Learn from one batch; its loss before that.

        Raises:
            PodiumError: the loss is not finite.
        """
        pixels, labels = batch
        self.optimizer.learning_rate = self._rate(self.settings, number, n_steps)
        images, wanted = tf.cast(tf.constant(pixels), tf.float32), tf.constant(labels)
        if self._augment:
            images, wanted = self._augment(images, wanted, number)
        loss = float(self._step(images, wanted))
        if not math.isfinite(loss):
            raise PodiumError(
                f"training diverged at step {number} (loss {loss})\n"
                "remedy: lower its learning_rate in params.yaml"
            )
        return loss

    def _graph(self, pixels: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = self._loss(labels, self.model(pixels, training=True))
            loss += sum(self.model.losses)
        variables = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    @property
    def _state(self) -> list[Any]:
        return [*self.model.variables, *self.optimizer.variables]

    def save(self, path: Path, history: History) -> None:
        """Keep everything that the next epoch depends on, whole or not at all."""
        out = io.BytesIO()
        arrays = {str(k): np.asarray(one) for k, one in enumerate(self._state)}
        np.savez(out, history=np.array(json.dumps(history)), **arrays)  # type: ignore[arg-type]
        write_bytes(path, out.getvalue())

    def restore(self, path: Path) -> History:
        """The epochs that were kept at `path`, taken up again; none if nothing fits."""
        try:
            with np.load(path, allow_pickle=False) as kept:
                arrays = [kept[str(k)] for k in range(len(self._state))]
                history: History = json.loads(str(kept["history"]))
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
            return []
        for one, array in zip(self._state, arrays, strict=True):
            one.assign(array)
        return history


def checkpoint_of(folder: str, model: keras.Model, about: Mapping[str, Any]) -> Path:
    """Where the progress of a run is kept, named by all it depends on: only the same is resumed.

    Args:
        folder: of the scratch folder.
        model: untrained.
        about: what else the run depends on, as JSON values.
    """
    known = {**about, "model": json.loads(model.to_json()), "keras": keras.__version__}
    return scratch_dir(folder) / f"{text_sha256(known)}.npz"


@dataclass(frozen=True)
class Course:
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


def train(learner: Learner, course: Course) -> pd.DataFrame:
    """Teach a model; the learning curve, one row per epoch.

    A run that was killed goes on after its last whole epoch and ends as if it had never stopped.
    """
    settings = learner.settings
    per_epoch = steps_per_epoch(settings)
    n_steps = per_epoch * settings.epochs
    columns = ("epoch", "pictures", "train_loss", course.measured)
    history = learner.restore(course.checkpoint)
    if history:
        print(f"resumed after epoch {len(history)} of {settings.epochs}", flush=True)
    for done in history:
        course.log(done)
    batches = course.batches(len(history) * per_epoch * settings.batch_size)
    for epoch in range(len(history), settings.epochs):
        start = time.perf_counter()
        steps = range(epoch * per_epoch, (epoch + 1) * per_epoch)
        name = f"epoch {epoch + 1}/{settings.epochs}"
        shown = watched(steps, per_epoch, name, every=30)
        losses = [learner.step(next(batches), step, n_steps) for step in shown]
        speed = per_epoch * settings.batch_size / (time.perf_counter() - start)
        seen = (epoch + 1) * per_epoch * settings.batch_size
        row = (epoch + 1, seen, float(np.mean(losses)), course.validate())
        history.append(dict(zip(columns, row, strict=True)))
        course.log(history[-1])
        learner.save(course.checkpoint, history)
        print(
            f"{name}: {seen:,} pictures seen, loss {row[2]:.4f}, "
            f"{course.measured.replace('_', ' ')} {row[3]:.4f}, "
            f"{speed:.0f} pictures/s",
            flush=True,
        )
    return pd.DataFrame(history, columns=pd.Index(columns)).astype({"epoch": int, "pictures": int})
