"""The kept artefact: pixels (N, S, S, 3) -> uncalibrated predictions (N, K), means of networks."""

from __future__ import annotations

from collections.abc import Sequence

from podium.photos.fusion import MeanOfHeads
from podium.photos.networks.fold_training import FoldTrainer
from podium.photos.networks.names import TASK
from podium.photos.networks.start import NETWORK, learnt
from podium.photos.networks.task import TrainedNetwork
from podium.training import artefact
from podium.training.runtime import keras


def build_artefact(
    trainer: FoldTrainer, trained: Sequence[TrainedNetwork], max_megapixels: float
) -> keras.Model:
    """Return the model that is saved: the networks of all folds and fold seeds.

    Args:
        trainer: has built the network.
        trained: of each split.
        max_megapixels: larger pictures are refused.
    """
    task, first = trainer.task, trained[0].split.seed
    size = task.choices.image_size
    description = {
        "task": TASK,
        "name": task.name,
        "network": task.settings.network,
        "kind": task.kind,
        "classes": list(task.data.names),
        "ordered": task.task.ordered,
        "image_size": size,
        "pixels": "RGB of 0 to 255, squashed to a square, bicubic; preprocessing is inside",
        "views": task.settings.views,
        "max_megapixels": max_megapixels,
        "folds": [each.split.fold for each in trained if each.split.seed == first],
        "learnt": learnt(task.data),
    }
    pixels = keras.Input((size, size, 3), name="pixels")
    described = artefact.MetadataLayer(description, name="described")(pixels)
    outputs = [_fold(trainer, network, first)(described) for network in trained]
    stacked = keras.ops.stack(outputs, axis=1)
    return keras.Model(pixels, MeanOfHeads(task.kind, name="mean_of_folds")(stacked))


def _fold(trainer: FoldTrainer, network: TrainedNetwork, first: int) -> keras.Model:
    """The network of one fold, which gives logits, or numbers as they are.

    Those of fold seeds other than the first one have their seed in their name.
    """
    model = trainer.copy_of(network, NETWORK)
    if trainer.task.kind == "number":
        targets, given = network.targets, keras.Input(model.input_shape[1:])
        scaled = keras.layers.Rescaling(targets.scale, targets.mean, dtype="float32")(model(given))
        model = keras.Model(given, scaled)
    seed = network.split.seed
    model.name = ("" if seed == first else f"seed{seed}_") + f"fold{network.split.fold}"
    return model
