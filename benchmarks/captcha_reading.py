"""Pictures per second read from pixels to texts: our reader beside three other ways, in turns.

- ours: the trained artefact, its logits in batches, exact decoding that searches only where the
  likeliest path has less than half of the probability;
- keras beam, keras greedy: the same network by `model.predict` and `keras.ops.ctc_decode`;
- book: the network of the book (three times two convolutions of 32, 64 and 128, two layers of
  two GRUs with 128 units) by `model.predict` and greedy `ctc_decode`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from podium.captcha.generator import render_many
from podium.captcha.reader import CaptchaReader
from podium.training import artefact
from podium.training.runtime import keras

N_PICTURES = 512


def book_network(height: int, width: int, n_classes: int) -> keras.Model:
    """The book's CRNN as plain Keras layers, untrained: speed does not depend on weights.

    Args:
        height: of a picture, pixels.
        width: of a picture, pixels.
        n_classes: characters and the blank.
    """
    layers = keras.layers
    x = pixels = keras.Input((height, width, 3))
    for channels in (32, 64, 128):
        for _ in range(2):
            x = layers.Conv2D(channels, 3, padding="same")(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D()(x)
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Dense(128, activation="relu")(layers.Reshape((x.shape[1], -1))(x))
    for mode in ("sum", "concat"):
        x = layers.Bidirectional(layers.GRU(128, return_sequences=True), merge_mode=mode)(x)
    return keras.Model(pixels, layers.Dense(n_classes)(x))


def by_keras(model: keras.Model, pixels: np.ndarray, strategy: str) -> None:
    """Read pictures with Keras' own decoder.

    Args:
        model: from pictures to logits.
        pixels: RGB (N, H, W, 3), uint8.
        strategy: beam_search or greedy.
    """
    logits = model.predict(pixels.astype(np.float32), batch_size=256, verbose=0)
    lengths = np.full(len(logits), logits.shape[1])
    options = {"beam_width": 10} if strategy == "beam_search" else {}
    keras.ops.ctc_decode(logits, lengths, strategy, mask_index=0, **options)


def main() -> None:
    """Print, and with --out write, the speeds and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/text-crnn.keras"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    reader, (model, _) = CaptchaReader(args.model), artefact.load(args.model)
    pixels = np.stack([picture for picture, _ in render_many(reader.task, 91, 0, N_PICTURES)])
    book = book_network(*pixels.shape[1:3], model.output_shape[2])
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: reader.read(pixels),
        "keras_beam": lambda: by_keras(model, pixels, "beam_search"),
        "keras_greedy": lambda: by_keras(model, pixels, "greedy"),
        "book": lambda: by_keras(book, pixels, "greedy"),
    }
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()  # graphs are traced outside the clock
    for _ in range(args.rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            speeds[name].append(N_PICTURES / (time.perf_counter() - start))
    results: dict[str, float] = {
        f"{name}_per_second": round(median(each)) for name, each in speeds.items()
    }
    for name in list(ways)[1:]:
        ratios = [ours / other for ours, other in zip(speeds["ours"], speeds[name], strict=True)]
        results[f"times_{name}"] = round(median(ratios), 2)
    print(json.dumps(results, indent=2))
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
