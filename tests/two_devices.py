"""Run as a program: what two devices learn or compute beside what one does, as .npz files.

    python tests/two_devices.py FOLDER [case ...], a key of CASES

The two are logical devices of one processor. Each case is trained or computed on one of them first,
then on both, from the same weights and in the same order.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from podium.training import distribution
from podium.training.runtime import keras, set_up, tf

Arrays = list[np.ndarray]
rng = np.random.default_rng(5)
N_STEPS = 3


def weights(model: keras.Model) -> Arrays:
    return [np.asarray(one) for one in model.variables]


def taught(model: keras.Model, settings: object, loss: object, batches: list) -> Arrays:
    """Losses and weights after a few steps."""
    from podium.training.train_step import Trainer

    trainer = Trainer(model, settings, loss)
    losses = [trainer.step(one, number, len(batches)) for number, one in enumerate(batches)]
    return [np.array(losses), *weights(model)]


def reader(kind: str) -> Arrays:
    from podium.captcha import network
    from podium.models.losses import reader_loss
    from training.test_loop import settings

    pixels = rng.integers(0, 256, (N_STEPS, 6, 30, 90, 3)).astype(np.uint8)
    labels = rng.integers(1, 15, (N_STEPS, 6, 5)).astype(np.int32)
    set_up(0)
    model = network.build(kind, (90, 30), 16, 5, 4, {})
    how = settings(model=kind, batch_size=6)
    return taught(model, how, reader_loss(kind), list(zip(pixels, labels, strict=True)))


def fcn() -> Arrays:
    from podium.models.losses import TumourLoss
    from podium.slides.fcn import build
    from slide_networks import settings

    pixels = rng.integers(0, 256, (N_STEPS, 5, 64, 64, 3)).astype(np.uint8)  # 5: uneven parts
    masks = rng.integers(0, 2, (N_STEPS, 5, 64, 64, 1)).astype(np.uint8)
    set_up(0)
    how = settings(finest=8, channels=4, batch_size=5)
    model = build(how, Path(), {})
    return taught(model, how, TumourLoss(how.loss), list(zip(pixels, masks, strict=True)))


def finder() -> Arrays:
    from podium.captcha.equations.finder import build
    from podium.models.losses import BinaryCrossEntropy
    from training.test_loop import settings

    pixels = rng.integers(0, 256, (N_STEPS, 4, 32, 64, 3)).astype(np.uint8)
    maps = rng.integers(0, 256, (N_STEPS, 4, 16, 32, 2)).astype(np.uint8)
    set_up(0)
    batches = list(zip(pixels, maps, strict=True))
    return taught(build(4), settings(batch_size=4), BinaryCrossEntropy(), batches)


def network() -> Arrays:
    """A photo network with averaged weights; batch normalisation is over both devices."""
    import photo_networks
    from podium.photos.networks.fold_training import FoldTrainer

    set_up(0)
    task = photo_networks.task(epochs=3, batch_size=5, ema=0.5, augment=photo_networks.MOVING)
    trained, values = next(FoldTrainer(task).train_all())
    assert trained.checkpoint
    trained.checkpoint.unlink()  # the other devices' training must not resume it
    held_out = trained.split.held_out.nonzero()
    losses = trained.curve["train_loss"].to_numpy()
    return [losses, *trained.weights, values[held_out]]


def classifier() -> Arrays:
    from house import ROOT
    from podium.core.params import load_params
    from podium.photos.fusion import head_values
    from podium.photos.head_training import HeadTask, train_heads
    from training.test_loop import SETTINGS

    assert SETTINGS
    truth = np.repeat(rng.integers(0, 2, (41, 1)), 3, axis=1)
    features = (rng.normal(size=(41, 12)) + truth[:, :1]).astype(np.float32)
    fold = np.arange(41)[:, None] % 4
    learn = (fold != 0) & (fold != np.arange(1, 4))
    task = HeadTask(features, truth, learn, np.repeat(fold == 0, 3, axis=1), 2)
    how = load_params(ROOT / "params.yaml").train_photo_classifier
    how = how.model_copy(update={"batch_size": 7, "epochs": 5, "patience": 0})  # 7: uneven parts
    set_up(0)
    layer, curve = train_heads(task, how, seed=3)
    return [curve["train_loss"].to_numpy(), head_values(layer, features)]


def extractor() -> Arrays:
    from podium.models.backbones import compile_extractor

    set_up(0)
    model = distribution.in_scope(small)()
    pixels = rng.integers(0, 256, (5, 16, 16, 3)).astype(np.uint8)
    return [compile_extractor(model, lambda pixels: pixels / 255)(pixels)]


def reading() -> Arrays:
    """Logits of a reader that was written and read again; its graph has a signature."""
    import tempfile

    from podium.captcha import network
    from podium.captcha.reader import LogitPredictor
    from podium.training import artefact

    set_up(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reader.keras"
        artefact.save(network.build("cnn", (90, 30), 16, 5, 4, {"task": "x"}), path)
        model, _ = artefact.load(path)
    return [LogitPredictor(model)(rng.integers(0, 256, (5, 30, 90, 3)).astype(np.uint8))]


def heat() -> Arrays:
    from podium.slides.segmenter import _graph

    set_up(0)
    given = keras.Input((None, None, 3))
    model = distribution.in_scope(keras.Model)(
        given, keras.layers.Conv2D(1, 3, padding="same")(given)
    )
    return [_graph([model, model], None)(rng.integers(0, 256, (5, 32, 32, 3)).astype(np.uint8))]


def small() -> keras.Model:
    given = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(given)
    return keras.Model(given, keras.layers.GlobalAveragePooling2D()(x))


CASES: dict[str, Callable[[], Arrays]] = {
    "classifier": classifier,
    "crnn": lambda: reader("crnn"),
    "cnn": lambda: reader("cnn"),
    "fcn": fcn,
    "finder": finder,
    "network": network,
    "extractor": extractor,
    "reading": reading,
    "heat": heat,
}


def main(folder: Path, names: list[str]) -> None:
    global rng
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    for name in names:
        for devices in (("CPU:0",), ("CPU:0", "CPU:1")):
            distribution.use_devices(devices)
            assert distribution.n_devices() == len(devices)
            rng = np.random.default_rng(5)
            found = CASES[name]()
            np.savez(folder / f"{name}-{len(devices)}.npz", *found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(CASES))
