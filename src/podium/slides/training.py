"""Training of the tumour segmenter: one network per fold, which never sees that fold's patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.params import TrainSegmenter
from podium.models.losses import TumourLoss
from podium.slides.annotations.labelled import UNKNOWN
from podium.slides.augment import augmentation
from podium.slides.mask_loss import MaskLoss
from podium.slides.scoring import Counts
from podium.slides.tile_dataset import Indices, TileDataset, evenly_spaced, sample_batch
from podium.training import loop
from podium.training.batch_size import in_batches
from podium.training.loop import Batch, TrainingJob, TrainingResult
from podium.training.runtime import keras, tf

Log = Callable[[dict[str, float]], None]
Predict = Callable[[NDArray[np.uint8]], NDArray[np.floating[Any]]]


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
    trainer = loop.Trainer(
        model, settings, _loss(tiles, settings.loss), augmentation(settings),
        settings.schedule, size_key=f"{tiles.tile} px",
    )  # fmt: skip
    train_on = np.flatnonzero(tiles.fold != fold)
    validate_on = evenly_spaced(np.flatnonzero(tiles.fold == fold), settings.n_validation)
    batch_size, share = settings.batch_size, settings.tumour_share

    def batches(start: int) -> Iterator[Batch]:
        while True:
            seed = (settings.seed, start, fold)
            yield tiles.read(sample_batch(tiles.shares, train_on, batch_size, share, seed))
            start += batch_size

    predict = in_batches([model], lambda pixels: model(tf.cast(pixels, tf.float32), training=False))

    def validate() -> float:
        return tile_f1(predict, tiles, validate_on, batch_size)

    about = {"settings": settings.model_dump(), "content": content, "fold": fold}
    checkpoint = loop.checkpoint_path("segmenters", model, about, __name__)
    return loop.train(trainer, TrainingJob(batches, validate, checkpoint, "tumour_f1", log))


def _loss(tiles: TileDataset, kind: str) -> keras.losses.Loss:
    is_plain = tiles.n_classes == 1 and not tiles.has_unknown
    return TumourLoss(kind) if is_plain else MaskLoss(kind, tiles.n_classes, tiles.has_unknown)


def tile_f1(predict: Predict, tiles: TileDataset, indices: Indices, batch_size: int) -> float:
    """The F1 score of tumour over all known pixels of some tiles, or the mean of all classes.

    Args:
        predict: pixels (n, tile, tile, 3) to logits (n, tile, tile, 1), of K classes K + 1.
        tiles: the dataset.
        indices: (M,) of the tiles to score.
        batch_size: tiles predicted at once.
    """
    counts = [Counts()] * tiles.n_classes
    for start in range(0, len(indices), batch_size):
        pixels, masks = tiles.read(indices[start : start + batch_size])
        logits, known = predict(pixels), masks[..., 0] != UNKNOWN
        labels = logits[..., 0] > 0 if tiles.n_classes == 1 else logits.argmax(axis=-1)
        truth, marked = masks[..., 0][known], labels[known]
        counts = [each + Counts.of(truth == k, marked == k) for k, each in enumerate(counts, 1)]
    return sum(each.f1 for each in counts) / len(counts)
