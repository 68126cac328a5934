"""How a network is taught to find tumour: one network per fold, which never sees its patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.params import TrainingSettings, TrainSegmenter
from podium.slides.augment import augment_of
from podium.slides.scoring import Counts
from podium.slides.tile_dataset import TileDataset, drawn, spread
from podium.training.batch_size import in_batches
from podium.training.loop import (
    Batch,
    Trainer,
    TrainingJob,
    TrainingResult,
    checkpoint_of,
    learning_rate,
    steps_per_epoch,
    train,
)
from podium.training.runtime import keras, tf

Log = Callable[[dict[str, float]], None]
Look = Callable[[NDArray[np.uint8]], NDArray[np.floating[Any]]]
_DECAY = 0.95  # of the rate, epoch by epoch, as in the book's trials


class TumourLoss(keras.losses.Loss):
    """A loss of masks (N, H, W, 1) of 0 and 1 and of logits.

    Args:
        kind: cross_entropy; dice (Milletari et al. 2016, 1 - Dice over the whole batch); focal
            (Lin et al. 2017, gamma 2, alpha 0.25); or cross_entropy+dice.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        made = {
            "cross_entropy": keras.losses.BinaryCrossentropy(from_logits=True).call,
            "focal": keras.losses.BinaryFocalCrossentropy(
                apply_class_balancing=True, from_logits=True
            ).call,
            "dice": _dice,
        }
        self._parts = [made[part] for part in kind.split("+")]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The sum of its parts."""
        wanted = tf.cast(y_true, tf.float32)
        return sum(tf.reduce_mean(part(wanted, y_pred)) for part in self._parts)


def _dice(wanted: Any, logits: Any) -> Any:
    return keras.losses.Dice().call(wanted, tf.sigmoid(logits))


def rate(settings: TrainingSettings, step: int, n_steps: int) -> float:
    """The learning rate at a step, by the schedule the settings name, after the warm-up."""
    assert isinstance(settings, TrainSegmenter)
    rising = settings.warmup * n_steps
    if settings.schedule == "cosine" or step < rising:
        return learning_rate(settings, step, n_steps)
    if settings.schedule == "constant":
        return settings.learning_rate
    return settings.learning_rate * _DECAY ** (step // steps_per_epoch(settings))


def regularise(model: keras.Model, l2: float) -> None:
    """Add `l2` times the sum of squares of each kernel to what `model` minimises."""
    for variable in model.trainable_variables if l2 else []:
        if variable.name == "kernel":
            variable.regularizer = keras.regularizers.L2(l2)


def teach(
    model: keras.Model,
    bank: TileDataset,
    fold: int,
    settings: TrainSegmenter,
    content: str,
    log: Log,
) -> TrainingResult:
    """Train `model` on all folds but one.

    Args:
        model: an untrained network.
        bank: all tiles.
        fold: whose tiles it never sees but to be tried on.
        settings: how it learns.
        content: names the tiles, so that only the same run is resumed.
        log: told each epoch's figures.
    """
    learns, tried_on = np.flatnonzero(bank.fold != fold), np.flatnonzero(bank.fold == fold)
    regularise(model, settings.l2)
    loss, augment = TumourLoss(settings.loss), augment_of(settings)
    trainer = Trainer(model, settings, loss, augment, rate, use=f"{bank.tile} px")

    def batches(start: int) -> Iterator[Batch]:
        while True:
            seed = (settings.seed, start, fold)
            rows = drawn(bank.tumour, learns, settings.batch_size, settings.tumour_share, seed)
            yield bank.at(rows)
            start += settings.batch_size

    shown = spread(tried_on, settings.n_validation)

    def looked_at(pixels: Any) -> Any:
        return model(tf.cast(pixels, tf.float32), training=False)

    look = in_batches([model], looked_at)

    def validate() -> float:
        return f1(look, bank, shown, settings.batch_size)

    about = {"settings": settings.model_dump(), "content": content, "fold": fold}
    checkpoint = checkpoint_of("segmenters", model, about)
    return train(trainer, TrainingJob(batches, validate, checkpoint, "tumour_f1", log))


def f1(look: Look, bank: TileDataset, places: NDArray[np.int64], batch_size: int) -> float:
    """The F1 score of tumour over all pixels of tiles, at a probability of 0.5.

    Args:
        look: pixels (n, tile, tile, 3) to logits (n, tile, tile, 1).
        bank: the tiles.
        places: which of them.
        batch_size: how many are looked at together.
    """
    counts = Counts()
    for start in range(0, len(places), batch_size):
        pixels, masks = bank.at(places[start : start + batch_size])
        counts += Counts.of(masks > 0, look(pixels) > 0)
    return counts.f1
