"""Pictures per second of feature extraction: ours beside the usual ways, in one run.

Contenders, all EfficientNet-Lite0 on the same JPEG files (500x375):
  podium      decode ahead in threads, full batches through one compiled graph
  predict     decode one by one, then Keras' model.predict with its defaults
  book        decode and model.predict picture by picture, as notebooks do
and, where ONNX Runtime is installed (requirements/export.txt):
  podium_onnx podium with device.engine: onnxruntime
  tensors     ONNX Runtime on tensors in memory, nothing decoded or written
Rounds are interleaved; the median and the ratio to podium are printed and written beside this file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from podium.core.feature_shards import Shards
from podium.core.files import file_sha256, write_json
from podium.models import backbones, efficientnet_lite
from podium.pictures.extract import Recipe, compute_missing
from podium.training import onnx_engine

NAME = "efficientnet-lite0"


def pictures(folder: Path, count: int) -> pd.DataFrame:
    """`count` smooth random JPEG pictures of 500x375, each different."""
    rows = []
    for index in range(count):
        coarse = np.random.default_rng(index).integers(0, 256, (15, 20, 3)).astype(np.uint8)
        image = Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC)
        image.save(folder / f"{index}.jpg", quality=90)
        rows.append({"path": f"{index}.jpg", "content": file_sha256(folder / f"{index}.jpg")})
    return pd.DataFrame(rows)


def podium_way(folder: Path, items: pd.DataFrame, recipe: Recipe) -> None:
    """Extract as the pipeline does, shards included.

    Args:
        folder: holds the pictures.
        items: their paths and content hashes.
        recipe: extractor, batch size and views.
    """
    with tempfile.TemporaryDirectory() as scratch:
        shards = Shards(Path(scratch), recipe.extractor.n_features)
        compute_missing(items, lambda path: (folder / path).read_bytes(), recipe, shards, 512)


def predict_way(
    folder: Path, items: pd.DataFrame, recipe: Recipe, model: object, batch: int
) -> None:
    """Decode all pictures, then call model.predict.

    Args:
        folder: holds the pictures.
        items: their paths.
        recipe: how pictures are decoded.
        model: the network.
        batch: pictures in a call.
    """
    pixels = [recipe.pixels((folder / path).read_bytes()) for path in items["path"]]
    for start in range(0, len(pixels), batch):
        part = np.concatenate(pixels[start : start + batch]).astype(np.float32)
        model.predict(efficientnet_lite.preprocess(part), verbose=0)  # type: ignore[attr-defined]


def by_onnx(folder: Path, items: pd.DataFrame) -> dict[str, Callable[[], object]]:
    """The contenders that need ONNX Runtime; none without."""
    try:
        built = backbones.build(NAME, "package", Path(), engine=onnx_engine.ENGINE)
    except onnx_engine.PackageMissing:
        return {}
    recipe = Recipe(built, 32, 89.0)
    pixels = [recipe.pixels((folder / path).read_bytes()) for path in items["path"][:32]]
    batch, n_batches = np.concatenate(pixels), -(-len(items) // 32)
    return {
        "podium_onnx": lambda: podium_way(folder, items, recipe),
        "tensors": lambda: [built.compute(batch) for _ in range(n_batches)],
    }


def main() -> None:
    """Time the contenders and write benchmarks/extraction.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    recipe = Recipe(backbones.build(NAME, "package", Path()), 32, 89.0)
    model = efficientnet_lite.build(0, 224)
    efficientnet_lite.load_weights(model, efficientnet_lite.weights_path(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        items = pictures(folder, args.pictures)
        contenders: dict[str, Callable[[], object]] = {
            "podium": lambda: podium_way(folder, items, recipe),
            "predict": lambda: predict_way(folder, items, recipe, model, len(items)),
            "book": lambda: predict_way(folder, items[:64], recipe, model, 1),
        }
        contenders |= by_onnx(folder, items)
        counts = dict.fromkeys(contenders, args.pictures) | {"book": min(64, args.pictures)}
        rates: dict[str, list[float]] = {key: [] for key in contenders}
        for key in contenders:
            contenders[key]()  # warm-up
        for _ in range(args.rounds):
            for key, run in contenders.items():
                start = time.perf_counter()
                run()
                rates[key].append(counts[key] / (time.perf_counter() - start))
    medians = {key: round(statistics.median(values), 1) for key, values in rates.items()}
    ratios = {key: round(medians["podium"] / value, 2) for key, value in medians.items()}
    result = {"pictures_per_second": medians, "podium_is_faster_by": ratios}
    if by := medians.get("podium_onnx"):
        others = {key: round(by / value, 2) for key, value in medians.items()}
        result["podium_onnx_is_faster_by"] = others
    print(json.dumps(result, indent=2))
    write_json(Path(__file__).with_suffix(".json"), result)


if __name__ == "__main__":
    main()
