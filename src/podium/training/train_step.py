"""One training step of a network: on one device or several, in parts that fit its memory."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable, Sequence
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
from podium.training.optimizers import adamw
from podium.training.runtime import keras, tf
from podium.training.schedules import Schedule, learning_rate

History = list[dict[str, float]]
# pixels (B, H, W, 3) and targets: labels (B, K), maps (B, h, w, K) or shares (B, K)
Batch = tuple[NDArray[np.uint8], NDArray[np.integer[Any] | np.floating[Any]]]
# (float32 pixels, targets, number of the step) -> augmented pixels and targets
Augment = Callable[[Any, Any, int], tuple[Any, Any]]


class Trainer:
    """A model and its optimiser.

    A batch that does not fit the device is computed in parts whose gradients are added up, and
    several devices share a batch. The result is the same but for rounding; in parts, batch
    statistics and losses that are no mean over pictures differ too.

    Args:
        model: pixels (N, H, W, 3) in.
        settings: batch size, learning rate and how long.
        loss: of targets and the model's output; a mean over the pictures.
        augment: changes each batch before the model sees it; None: nothing does.
        schedule: of the learning rate.
        xla: False if XLA lacks kernels for the model or the loss.
        size_key: the size of the pictures, e.g. '512 px', if the model takes any size: what fits
            the memory is remembered for each model and size.
        optimizer: of the model's trainable weights; None: AdamW.

    Attributes:
        batch_size: how many pictures fit the device at once.
    """

    def __init__(
        self,
        model: keras.Model,
        settings: TrainingSettings,
        loss: keras.losses.Loss,
        augment: Augment | None = None,
        schedule: Schedule = "cosine",
        xla: bool = True,
        size_key: str = "",
        optimizer: keras.optimizers.Optimizer | None = None,
    ) -> None:
        self.model, self.settings = model, settings
        self.optimizer = optimizer or adamw(model, settings)
        self._loss, self._augment, self._schedule = loss, augment, schedule
        self.batch_size = BatchSize([model], settings.batch_size, f"learn {size_key}")
        compiled = xla and runtime.jit_compile()
        self._whole = tf.function(self._learn, jit_compile=compiled)
        self._part = tf.function(self._gradients, jit_compile=compiled)
        self._shared_part = tf.function(self._gradients_of_devices)
        self._apply = tf.function(self._apply_on_devices)

    def step(self, batch: Batch | tuple[Any, Any], number: int, n_steps: int) -> float:
        """Update the weights by one batch and return its loss before the update.

        Args:
            batch: uint8 pixels (B, H, W, 3) and integer targets (B, ...).
            number: of the step, from 0.
            n_steps: in the whole training.

        Raises:
            PodiumError: the loss is not finite.
        """
        pixels, targets = batch
        self.optimizer.learning_rate = learning_rate(self._schedule, self.settings, number, n_steps)
        images, labels = tf.cast(pixels, tf.float32), tf.convert_to_tensor(targets)
        if self._augment:
            images, labels = self._augment(images, labels, number)
        at_once = distribution.n_devices() == 1 and self.batch_size.size >= len(pixels)
        loss = float(self._whole(images, labels) if at_once else self._in_parts(images, labels))
        if not math.isfinite(loss):
            raise PodiumError(
                f"training diverged at step {number} (loss {loss})\n"
                "remedy: lower its learning_rate in params.yaml"
            )
        return loss

    def _learn(self, pixels: Any, labels: Any) -> Any:
        loss, gradients = self._gradients(pixels, labels, 1.0)
        self.optimizer.apply(gradients, self.model.trainable_variables)
        return loss

    def _gradients(self, pixels: Any, labels: Any, share: Any) -> tuple[Any, Any]:
        """The loss of a part of a batch, times its share of the batch, and its gradients."""
        with tf.GradientTape() as tape:
            outputs = tf.cast(self.model(pixels, training=True), tf.float32)
            # not `self._loss(...)`: that divides by the number of devices
            losses = self._loss.call(labels, outputs)
            loss = (tf.reduce_mean(losses) + sum(self.model.losses)) * share
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

    def _gradients_of_devices(self, pixels: Any, labels: Any, share: Any) -> Any:
        """As `_gradients`, of values that lie on several devices."""
        results = distribution.strategy().run(self._gradients, args=(pixels, labels, share))
        return tf.nest.map_structure(distribution.sum_over_devices, results)

    def _apply_on_devices(self, gradients: Any) -> None:
        """Apply the gradients of a whole batch on every device; the optimiser adds them up."""
        shares = [gradient / distribution.n_devices() for gradient in gradients]
        variables = self.model.trainable_variables
        distribution.strategy().run(self.optimizer.apply, args=(shares, variables))

    @property
    def _state(self) -> list[Any]:
        return [*self.model.variables, *self.optimizer.variables]

    @property
    def state(self) -> list[NDArray[Any]]:
        """Copies of all weights, such as (h, w, C, D), and of what the optimiser keeps.

        Each has the dtype of its variable; it may be set to such a list.
        """
        return [np.array(variable) for variable in self._state]

    @state.setter
    def state(self, arrays: Sequence[NDArray[Any]]) -> None:
        for variable, array in zip(self._state, arrays, strict=True):
            variable.assign(array)

    def save(self, path: Path, history: History) -> None:
        """Write all that the next epoch depends on to `path`, whole or not at all."""
        out = io.BytesIO()
        arrays = {str(k): np.asarray(variable) for k, variable in enumerate(self._state)}
        np.savez(out, history=np.array(json.dumps(history)), **arrays)  # type: ignore[arg-type]
        write_bytes(path, out.getvalue())

    def restore(self, path: Path) -> History:
        """Take up the progress saved at `path`; return its epochs, none if it cannot be read."""
        try:
            with np.load(path, allow_pickle=False) as saved:
                arrays = [saved[str(k)] for k in range(len(self._state))]
                history: History = json.loads(str(saved["history"]))
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
            return []
        self.state = arrays
        return history
