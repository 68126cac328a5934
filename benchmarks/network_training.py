"""Pictures per second that a network learns: a stage of photo_networks beside a bare Keras `fit`.

Both train EfficientNet-Lite0 as the profile `finetune` says, in turns, on pictures of one size.

- ours: pictures in the scratch folder's cache, augmented at random, batches made ahead by threads;
- fit: the same network and optimiser, `model.fit` on float32 tensors in memory, nothing augmented.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np

from podium.core import profiles
from podium.core.params import PhotoNetwork, TrainingSettings, load_params
from podium.models.losses import PictureLoss
from podium.photos.networks import bodies
from podium.photos.networks.batches import TrainPictures
from podium.training import loop, optimizers, runtime
from podium.training.runtime import keras, tf

ROOT = Path(__file__).resolve().parents[1]
N_CLASSES = 10


def entry(folder: Path) -> PhotoNetwork:
    """The network of the profile `finetune`."""
    params = folder / "params.yaml"
    params.write_text((ROOT / "params.yaml").read_text())
    profiles.apply(ROOT / "profiles/finetune.yaml", params)
    return load_params(params).photo_networks["finetuned"]


def network(settings: PhotoNetwork, size: int, training: TrainingSettings) -> tuple:
    """The network with its weights, and its optimiser."""
    body = bodies.body(settings.network, size, "package", ROOT / "data/weights", "")
    model = bodies.build(settings.network, size, N_CLASSES, settings.dropout, "net", body)
    bodies.choose_trainable(model, settings)
    options = (settings.optimizer, training, settings.clip, settings.ema, model)
    return model, optimizers.of_network(*options)


class Ours:
    """Steps as the stage takes them, its stream going on from round to round."""

    def __init__(self, settings: PhotoNetwork, pixels: np.ndarray, targets: np.ndarray) -> None:
        training = settings_of(settings, len(pixels))
        model, optimizer = network(settings, pixels.shape[1], training)
        self.trainer = loop.Trainer(
            model, training, PictureLoss("classes"), schedule="cosine", optimizer=optimizer
        )
        pictures = TrainPictures(pixels, targets, np.arange(len(pixels)), settings)
        self.batches, self.done = loop.prefetch(pictures.batches(training.batch_size, 0)), 0

    def __call__(self, n_steps: int) -> None:
        """Take the next steps."""
        for batch in islice(self.batches, n_steps):
            self.trainer.step(batch, self.done, 10_000)
            self.done += 1


class Fit:
    """Keras' own loop on tensors in memory."""

    def __init__(self, settings: PhotoNetwork, pixels: np.ndarray, targets: np.ndarray) -> None:
        training = settings_of(settings, len(pixels))
        self.model, optimizer = network(settings, pixels.shape[1], training)
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        self.model.compile(optimizer, loss, jit_compile=runtime.jit_compile())
        self.batch_size = training.batch_size
        self.pixels, self.targets = tf.constant(pixels, tf.float32), tf.constant(targets)

    def __call__(self, n_steps: int) -> None:
        """Learn from the first batches."""
        n = n_steps * self.batch_size
        data = self.pixels[:n], self.targets[:n]
        self.model.fit(*data, batch_size=self.batch_size, shuffle=False, verbose=0)


def settings_of(settings: PhotoNetwork, n: int) -> TrainingSettings:
    """The profile's settings with a batch of 32."""
    return TrainingSettings(
        epochs=1, epoch_size=n, batch_size=32, learning_rate=3e-4, warmup=settings.warmup,
        weight_decay=settings.weight_decay, seed=settings.seed,
    )  # fmt: skip


def main() -> None:
    """Print, and with --out write, the speeds and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=8, help="of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    runtime.set_up(0)
    with tempfile.TemporaryDirectory() as folder:
        settings = entry(Path(folder))
    rng = np.random.default_rng(0)
    shape = (32 * args.steps, args.size, args.size, 3)
    pixels = rng.integers(0, 256, shape, dtype=np.uint8)
    targets = np.eye(N_CLASSES, dtype=np.float32)[rng.integers(0, N_CLASSES, len(pixels))]
    ways = {"ours": Ours(settings, pixels, targets), "fit": Fit(settings, pixels, targets)}
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(args.rounds + 1):  # graphs are traced in the first
        for name, way in ways.items():
            start = time.perf_counter()
            way(args.steps)
            if number:
                speeds[name].append(len(pixels) / (time.perf_counter() - start))
    ratios = [ours / other for ours, other in zip(speeds["ours"], speeds["fit"], strict=True)]
    results = {
        "size": args.size,
        **{f"{name}_per_second": round(median(each), 1) for name, each in speeds.items()},
        "times_fit": round(median(ratios), 2),
    }
    print(json.dumps(results, indent=2))
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
