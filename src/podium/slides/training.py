"""How a network is taught to find tumour: one network per fold, which never sees its patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.params import TrainSegmenter
from podium.models.losses import TumourLoss
from podium.slides.augment import augment_of
from podium.slides.scoring import Counts
from podium.slides.tile_dataset import TileDataset, drawn, spread
from podium.training.batch_size import in_batches
from podium.training.loop import (
    Batch,
    Trainer,
    TrainingJob,
    TrainingResult,
    checkpoint_path,
    train,
)
from podium.training.runtime import keras, tf

Log = Callable[[dict[str, float]], None]
Look = Callable[[NDArray[np.uint8]], NDArray[np.floating[Any]]]


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
    trainer = Trainer(model, settings, loss, augment, settings.schedule, size_key=f"{bank.tile} px")

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
    checkpoint = checkpoint_path("segmenters", model, about, __name__)
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
