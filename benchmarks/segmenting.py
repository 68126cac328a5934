"""Tiles per second of the tissue network: ours beside Keras' predict, in turns, in one run.

Contenders, all the default FCN on the same tiles of 128 px in memory:
  podium       a graph with frozen weights, a batch in parts
  live         the same network as a graph of TensorFlow that reads its variables
  predict      Keras' model.predict
  podium_onnx  device.engine: onnxruntime, where requirements/export.txt is installed
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from podium.core.files import write_json
from podium.core.params import load_params
from podium.slides import fcn
from podium.slides.segmenter import Segmenter, assemble, describe
from podium.training import artefact, onnx_engine
from podium.training.runtime import keras, tf

BATCH, SIDE = 32, 128


def contenders(model: keras.Model, path: Path) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """What gives the probabilities (N, H, W) of tiles (N, H, W, 3), by name."""
    segmenter = Segmenter(path)

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)])
    def live(pixels: tf.Tensor) -> tf.Tensor:
        return tf.sigmoid(model(tf.cast(pixels, tf.float32), training=False)[..., 0])

    def predicted(pixels: np.ndarray) -> np.ndarray:
        logits = model.predict(pixels.astype(np.float32), batch_size=BATCH, verbose=0)
        return 1 / (1 + np.exp(-logits[..., 0]))

    ways = {"podium": segmenter.heat, "live": lambda x: live(x).numpy(), "predict": predicted}
    with suppress(onnx_engine.PackageMissing):
        ways["podium_onnx"] = Segmenter(path, onnx_engine.ENGINE).heat
    return ways


def main() -> None:
    """Time the contenders, print, and with --out write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    params, rng = load_params(), np.random.default_rng(0)
    pixels = rng.integers(0, 256, (args.tiles, SIDE, SIDE, 3)).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PODIUM_SCRATCH"] = folder
        description = describe(params.slides, params.tile_slides)
        model = fcn.build(params.train_segmenter, Path("data/weights"), description)
        artefact.save(assemble({0: model}, description), path := Path(folder) / "slides.keras")
        ways = contenders(model, path)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(args.rounds + 1):
            for name, heat in ways.items():
                start = time.perf_counter()
                for at in range(0, args.tiles, BATCH):
                    heat(pixels[at : at + BATCH])
                if turn:  # the first is a warm-up
                    seconds[name].append(time.perf_counter() - start)
    result: dict[str, object] = {
        "tiles_per_second": {
            name: round(args.tiles / statistics.median(each), 1) for name, each in seconds.items()
        }
    }
    for ours in ("podium", "podium_onnx"):
        if ours in seconds:
            result[f"{ours}_is_faster_by"] = {
                name: round(statistics.median(np.divide(each, seconds[ours])), 2)
                for name, each in seconds.items()
            }
    print(json.dumps(result, indent=2))
    if args.out:
        write_json(args.out, result)


if __name__ == "__main__":
    main()
