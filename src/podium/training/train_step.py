"""A model, its optimiser, and one step of both: on one device or several, in parts that fit."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from functools import partial, reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import write_bytes
from podium.core.params import TrainingSettings
from podium.training import distribution, runtime
from podium.training.batch_size import BatchSize
from podium.training.runtime import keras, tf

History = list[dict[str, float]]
# pixels (B, H, W, 3), and what a network is to make of them: labels (B, K), maps (B, h, w, K)
Batch = tuple[NDArray[np.uint8], NDArray[np.integer[Any]]]
# float32 pixels and labels of step `number` -> both as the network is to see them
Augment = Callable[[Any, Any, int], tuple[Any, Any]]


def learning_rate(settings: TrainingSettings, step: int, n_steps: int) -> float:
    """A linear warm-up to the peak, then half a cosine down to nothing."""
    rising = settings.warmup * n_steps
    if step < rising:
        return settings.learning_rate * (step + 1) / (rising + 1)
    done = (step - rising) / max(n_steps - rising, 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


@distribution.in_scope
def _optimizer(model: keras.Model, settings: TrainingSettings) -> keras.optimizers.Optimizer:
    """AdamW; float16 gradients are scaled up, lest they vanish."""
    optimizer = keras.optimizers.AdamW(
        settings.learning_rate,
        weight_decay=settings.weight_decay,
        beta_2=0.99,
        clipnorm=5.0
        / distribution.n_devices(),  # of gradients that are divided by it: see `_applied`
    )
    if runtime.precision() == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=1024.0)
    optimizer.build(model.trainable_variables)
    return optimizer


class Trainer:
    """A model, its optimiser, and one step of both.

    A batch that does not fit the device is computed in parts whose gradients are added up, and
    several devices share it: what is learnt is the same, but for rounding (and, part by part, for
    batch statistics and for losses that are no mean over pictures).

    Args:
        model: pixels (N, H, W, 3) in.
        settings: how it learns.
        loss: of what is wanted and what the model gives: a mean over the pictures.
        augment: changes pictures on their way in; None leaves them as they are.
        rate: the learning rate at a step of so many, by default `learning_rate`.
        xla: whether XLA has kernels for all of the model and the loss.
        use: tells what the model does not: how large the pictures are, where it takes any.

    Attributes:
        fitting: how many pictures are computed at once.
        seen: the shape (H, W, 3) of the last pictures; () before any.
    """

    def __init__(
        self,
        model: keras.Model,
        settings: TrainingSettings,
        loss: keras.losses.Loss,
        augment: Augment | None = None,
        rate: Callable[[TrainingSettings, int, int], float] = learning_rate,
        xla: bool = True,
        use: str = "",
    ) -> None:
        self.model, self.settings, self._augment, self._rate = model, settings, augment, rate
        self.optimizer = _optimizer(model, settings)
        self._loss = loss
        self.seen: tuple[int, ...] = ()
        self.batch_size = BatchSize([model], settings.batch_size, f"learn {use}")
        compiled = xla and runtime.jit_compile()
        self._whole = tf.function(self._graph, jit_compile=compiled)
        self._part = tf.function(self._gradients, jit_compile=compiled)
        self._shared_part = tf.function(self._shared)
        self._apply = tf.function(self._applied)

    def step(self, batch: Batch | tuple[Any, Any], number: int, n_steps: int) -> float:
        """Learn from one batch; its loss before that.

        Raises:
            PodiumError: the loss is not finite.
        """
        pixels, labels = batch
        self.seen = tuple(pixels.shape[1:])
        self.optimizer.learning_rate = self._rate(self.settings, number, n_steps)
        images, wanted = tf.cast(pixels, tf.float32), tf.convert_to_tensor(labels)
        if self._augment:
            images, wanted = self._augment(images, wanted, number)
        at_once = distribution.n_devices() == 1 and self.batch_size.size >= len(pixels)
        loss = float(self._whole(images, wanted) if at_once else self._in_parts(images, wanted))
        if not math.isfinite(loss):
            raise PodiumError(
                f"training diverged at step {number} (loss {loss})\n"
                "remedy: lower its learning_rate in params.yaml"
            )
        return loss

    def _graph(self, pixels: Any, labels: Any) -> Any:
        loss, gradients = self._gradients(pixels, labels, 1.0)
        self.optimizer.apply(gradients, self.model.trainable_variables)
        return loss

    def _gradients(self, pixels: Any, labels: Any, share: Any) -> tuple[Any, Any]:
        """The loss of a part of a batch, times its share of the batch, and the gradients of it."""
        with tf.GradientTape() as tape:
            # not `self._loss(...)`: that divides by the number of devices
            found = tf.cast(self.model(pixels, training=True), tf.float32)
            lost = self._loss.call(labels, found)
            loss = (tf.reduce_mean(lost) + sum(self.model.losses)) * share
            scaled = self.optimizer.scale_loss(loss)
        return loss, tape.gradient(scaled, self.model.trainable_variables)

    def _in_parts(self, pixels: Any, labels: Any) -> Any:
        """One step, the batch computed in parts; its loss."""
        n, size = len(pixels), self.batch_size.size
        parts = (
            self._of_part(pixels[start : start + size], labels[start : start + size], n)
            for start in range(0, n, size)
        )
        loss, gradients = reduce(partial(tf.nest.map_structure, tf.add), parts)
        self._apply(gradients)
        return loss

    def _of_part(self, pixels: Any, labels: Any, n: int) -> Any:
        devices = distribution.n_devices()
        if devices == 1 or len(pixels) < devices:
            return self._part(pixels, labels, tf.constant(len(pixels) / n))
        edges = np.linspace(0, len(pixels), devices + 1).astype(int)
        parts = [
            (pixels[a:b], labels[a:b], tf.constant(float(b - a) / n)) for a, b in pairwise(edges)
        ]
        return self._shared_part(*distribution.distribute_values(parts))

    def _shared(self, pixels: Any, labels: Any, share: Any) -> Any:
        """As `_gradients`, of values that lie on several devices."""
        found = distribution.strategy().run(self._gradients, args=(pixels, labels, share))
        return tf.nest.map_structure(distribution.sum_over_devices, found)

    def _applied(self, gradients: Any) -> None:
        """Apply the gradients of a whole batch on every device; the optimiser adds them up."""
        each = [one / distribution.n_devices() for one in gradients]
        variables = self.model.trainable_variables
        distribution.strategy().run(self.optimizer.apply, args=(each, variables))

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
