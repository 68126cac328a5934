"""Training of one network for each fold, which never sees that fold's rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.models.backbones import compile_extractor
from podium.models.losses import PictureLoss
from podium.photos.crossval import Floats, Split
from podium.photos.fusion import FusedHeads
from podium.photos.networks import bodies
from podium.photos.networks.batches import TrainPictures
from podium.photos.networks.prediction import predict
from podium.photos.networks.start import start_weights
from podium.photos.networks.targets import Targets, targets_of
from podium.photos.networks.task import NetworkTask, TrainedNetwork, Weights
from podium.photos.split_heads import fit_heads
from podium.training import loop, optimizers
from podium.training.batch_size import in_batches
from podium.training.runtime import keras, tf

N_WATCHED = 200  # held-out rows whose loss is shown after each epoch


@dataclass
class FoldTrainer:
    """Trains one network after the other; all share one graph.

    Attributes:
        task: what they are trained on.
        model: the network, with the weights of the fold that is being trained.
    """

    task: NetworkTask
    model: keras.Model = field(init=False)

    def __post_init__(self) -> None:
        task, settings = self.task, self.task.settings
        network, size = settings.network, task.choices.image_size
        keras.utils.set_random_seed(settings.seed)
        key = f"photo_networks.{task.name}.start"
        word = bodies.weights_word(settings)
        body = bodies.body(network, size, word, task.weights_dir, key)
        n_outputs = len(task.data.names)
        self.model = bodies.build(network, size, n_outputs, settings.dropout, task.name, body)
        bodies.choose_trainable(self.model, settings)
        self._forward = in_batches([self.model], _forward_graph(self.model))

    def copy_of(self, trained: TrainedNetwork, name: str) -> keras.Model:
        """Return a network of its own, called `name`, with the weights of one fold."""
        network, size = self.task.settings.network, self.task.choices.image_size
        body = bodies.body(network, size, "none", self.task.weights_dir, "")
        model = bodies.build(network, size, len(self.task.data.names), 0.0, name, body)
        model.set_weights(trained.weights)
        return model

    @cached_property
    def _trainer(self) -> loop.Trainer:
        settings, training = self.task.settings, self.task.choices.training
        name = settings.optimizer.lower()
        optimizer = optimizers.of_network(name, training, settings.clip, settings.ema, self.model)
        return loop.Trainer(
            self.model, training, PictureLoss(self.task.kind), schedule=settings.schedule,
            size_key=f"{self.task.choices.image_size} px", optimizer=optimizer,
        )  # fmt: skip

    def train_all(self) -> Iterator[tuple[TrainedNetwork, Floats]]:
        """Yield the trained network of each split, and its predictions (N + T, K).

        Rows that are neither held out nor test are NaN.
        """
        start = self._trainer.state
        begin = self._beginnings()
        for number, split in enumerate(self.task.data.splits):
            self._trainer.state = start
            targets = self._targets(split)
            begin(number)
            trained = self._train(split, targets)
            yield trained, self._predictions(split, targets)

    def _targets(self, split: Split) -> Targets:
        learnt = np.flatnonzero(~split.held_out)
        return targets_of(self.task.data, learnt, self.task.settings, self.task.task.ordered)

    def _beginnings(self) -> Callable[[int], None]:
        """What gives the network the weights that the one of a split begins with."""
        settings, task = self.task.settings, self.task
        if settings.start == "scratch":
            return lambda number: None
        if settings.start.endswith(".keras"):
            whole = start_weights(Path(settings.start), task.data)
            return lambda number: self.model.set_weights(whole[number])
        heads, head = self._heads(), self.model.get_layer("head")
        return lambda number: head.set_weights(heads[number])

    def _heads(self) -> list[Weights]:
        """The weights of a head for each split, trained on bottleneck features."""
        task = self.task
        features = keras.Model(self.model.input, self.model.get_layer("head").input)
        compute = compile_extractor(features, lambda pixels: pixels)
        size = task.choices.training.batch_size
        rows = np.concatenate([compute(np.asarray(part)) for part in _parts(task.pixels, size)])
        layer, _ = fit_heads(rows, task.data, task.head, task.settings.seed)
        targets = [self._targets(split) for split in task.data.splits]
        return [plain_head(layer, number, each) for number, each in enumerate(targets)]

    def _train(self, split: Split, targets: Targets) -> TrainedNetwork:
        """Train the network, whose head and body are those to begin with."""
        task, trainer = self.task, self._trainer
        if task.settings.epochs == 0:
            return TrainedNetwork(split, targets, self.model.get_weights(), pd.DataFrame())
        learnt, held_out = np.flatnonzero(~split.held_out), np.flatnonzero(split.held_out)
        pictures = TrainPictures(task.pixels, targets.rows, learnt, task.settings)
        watched = held_out[:: max(1, len(held_out) // N_WATCHED)]
        plain = task.settings.model_copy(update={"label_smoothing": 0.0, "class_weight": "none"})
        truth = targets_of(task.data, learnt, plain, task.task.ordered).rows[watched]

        def held_out_loss() -> float:
            outputs = self._forward(np.asarray(task.pixels[watched]))
            return float(np.mean(PictureLoss(task.kind).call(truth, outputs)))

        def batches(start: int) -> Iterator[loop.Batch]:
            return pictures.batches(task.choices.training.batch_size, start)

        about = {
            "settings": task.settings.model_dump(),
            "training": task.choices.training.model_dump(),
            "head": task.head.model_dump(),
            "content": task.content,
            "rows": learnt.tolist(),
            "start": _sha256(self.model),
            "precision": str(keras.mixed_precision.global_policy().name),
        }
        checkpoint = loop.checkpoint_path("photo-networks", self.model, about, __name__)
        job = loop.TrainingJob(batches, held_out_loss, checkpoint, "held_out_loss")
        result = loop.train(trainer, job)
        if task.settings.ema:
            trainer.optimizer.finalize_variable_values(self.model.trainable_variables)
        return TrainedNetwork(
            split, targets, self.model.get_weights(), result.curve, checkpoint, result.throughput
        )

    def _predictions(self, split: Split, targets: Targets) -> Floats:
        task = self.task
        n_train = len(task.data.ids)
        rows = np.concatenate(
            [np.flatnonzero(split.held_out), np.arange(n_train, len(task.pixels))]
        )
        values = np.full((len(task.pixels), len(task.data.names)), np.nan)
        batch = task.choices.training.batch_size
        for part in _parts(rows, batch):
            pixels = np.asarray(task.pixels[part])
            values[part] = predict(self._forward, pixels, task.settings.views, task.kind, targets)
        return values


def plain_head(layer: FusedHeads, number: int, targets: Targets) -> Weights:
    """Return float32 kernel (D, K) and bias (K,) that say on features what a fused head does.

    Args:
        layer: the fused heads, which standardise.
        number: of the head.
        targets: mean and scale of numbers, which the plain head gives standardised.
    """
    kernel = np.asarray(layer.kernel)[:, number] / np.asarray(layer.scale)[:, number]
    bias = np.asarray(layer.bias)[number] - (np.asarray(layer.mean)[:, number] * kernel).sum(0)
    return [kernel / targets.scale, (bias - targets.mean) / targets.scale]


def _forward_graph(model: keras.Model) -> Any:
    return tf.function(
        lambda pixels: tf.cast(model(tf.cast(pixels, tf.float32), training=False), tf.float32),
        reduce_retracing=True,
    )


def _sha256(model: keras.Model) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in model.get_weights())).hexdigest()


def _parts(rows: NDArray[Any], size: int) -> Iterator[NDArray[Any]]:
    for start in range(0, len(rows), size):
        yield np.asarray(rows[start : start + size])
