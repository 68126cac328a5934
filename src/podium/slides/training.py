"""Training of the tumour segmenter: one network per fold, which never sees that fold's patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.params import TrainSegmenter
from podium.slides.augment import augmentation
from podium.slides.scoring import Counts
from podium.slides.tile_dataset import Indices, TileDataset, evenly_spaced, sample_batch
from podium.training import loop
from podium.training.batch_size import fitted
from podium.training.loop import Batch, TrainingJob, TrainingResult
from podium.training.runtime import keras, tf

Log = Callable[[dict[str, float]], None]
Predict = Callable[[NDArray[np.uint8]], NDArray[np.floating[Any]]]
_DECAY = 0.95  # of the learning rate, epoch by epoch, as in the book's trials


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
        """The sum of the means of its parts, for float or integer masks and logits (N, H, W, 1)."""
        masks = tf.cast(y_true, tf.float32)
        return sum(tf.reduce_mean(part(masks, y_pred)) for part in self._parts)


def _dice(masks: Any, logits: Any) -> Any:
    return keras.losses.Dice().call(masks, tf.sigmoid(logits))


def learning_rate_schedule(settings: TrainSegmenter) -> Callable[[int], float]:
    """The learning rate as a function of the step: warm-up, then the schedule of the settings."""
    per_epoch = loop.steps_per_epoch(settings)
    n_steps = per_epoch * settings.epochs

    def rate(step: int) -> float:
        if settings.schedule == "cosine" or step < settings.warmup * n_steps:
            return loop.learning_rate(settings, step, n_steps)
        if settings.schedule == "constant":
            return settings.learning_rate
        return settings.learning_rate * _DECAY ** (step // per_epoch)

    return rate


def regularise(model: keras.Model, l2: float) -> None:
    """Add `l2` times the sum of squares of each kernel to the loss of `model`."""
    for variable in model.trainable_variables if l2 else []:
        if variable.name == "kernel":
            variable.regularizer = keras.regularizers.L2(l2)


def train_fold(
    model: keras.Model,
    tiles: TileDataset,
    fold: int,
    settings: TrainSegmenter,
    content: str,
    log: Log,
) -> TrainingResult:
    """Train `model` on the tiles of all folds but one.

    Args:
        model: an untrained network.
        tiles: of all folds.
        fold: whose tiles are for validation only.
        settings: the section train_segmenter.
        content: a hash of the tiles, so that only the same run is resumed.
        log: called with the figures of each epoch.
    """
    regularise(model, settings.l2)
    schedule = learning_rate_schedule(settings)
    trainer = loop.Trainer(
        model, settings, TumourLoss(settings.loss), augmentation(settings),
        rate=lambda _, step, n_steps: schedule(step), use=f"{tiles.tile} px",
    )  # fmt: skip
    train_on = np.flatnonzero(tiles.fold != fold)
    validate_on = evenly_spaced(np.flatnonzero(tiles.fold == fold), settings.n_validation)
    batch_size, share = settings.batch_size, settings.tumour_share

    def batches(start: int) -> Iterator[Batch]:
        while True:
            seed = (settings.seed, start, fold)
            yield tiles.read(sample_batch(tiles.tumour, train_on, batch_size, share, seed))
            start += batch_size

    predict = fitted([model], lambda pixels: model(tf.cast(pixels, tf.float32), training=False))

    def validate() -> float:
        return tile_f1(predict, tiles, validate_on, batch_size)

    about = {"settings": settings.model_dump(), "content": content, "fold": fold}
    checkpoint = loop.checkpoint_of("segmenters", model, about, __name__)
    return loop.train(trainer, TrainingJob(batches, validate, checkpoint, "tumour_f1", log))


def tile_f1(predict: Predict, tiles: TileDataset, indices: Indices, batch_size: int) -> float:
    """The F1 score of tumour over all pixels of some tiles, at a probability of 0.5.

    Args:
        predict: pixels (n, tile, tile, 3) to logits (n, tile, tile, 1).
        tiles: the dataset.
        indices: (M,) of the tiles to score.
        batch_size: tiles predicted at once.
    """
    counts = Counts()
    for start in range(0, len(indices), batch_size):
        pixels, masks = tiles.read(indices[start : start + batch_size])
        counts += Counts.of(masks > 0, predict(pixels) > 0)
    return counts.f1
