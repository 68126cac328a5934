"""Which part of a network should learn? Frozen, last block, all, or from scratch, on real pictures.

Takes class folders, draws as many pictures of each class as asked for, and trains an
EfficientNet-Lite0 (from scratch: a small ResNet) on the same folds in each way, by the stages of
the pipeline. Prints log loss and accuracy out of fold, and the difference from frozen features on
the same rows with its 95 % interval (2,000 draws).

    python benchmarks/regimes.py data/raw/photos/train --per-class 20 100 --folds 3
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from podium.stages import assign_photo_folds, ingest_photos, train_photo_networks

ROOT = Path(__file__).resolve().parents[1]
SCRATCH = {"start": "scratch", "batch_norm": "trained"}
REGIMES = {
    "frozen": {"train": "head", "epochs": 0, "image_size": 224},
    "last_block": {"train": "last_block"},
    "all": {},
    "scratch": {"network": "small_resnet", **SCRATCH},
    "scratch_96px": {"network": "small_cnn", "image_size": 96, **SCRATCH},
    "vgg16_50px": {"network": "vgg16", "image_size": 50, "epochs": 30, **SCRATCH},
}
N_DRAWS = 2000


def draw(source: Path, folder: Path, n: int, seed: int) -> None:
    """Link to `n` pictures of each class of `source` into `folder`, in Kaggle's layout.

    Args:
        source: class folders.
        folder: empty.
        n: of each class, at most.
        seed: of the choice.
    """
    for kind in sorted(path for path in source.iterdir() if path.is_dir()):
        files = sorted(path for path in kind.iterdir() if path.is_file())
        target = folder / "train" / kind.name
        target.mkdir(parents=True)
        for file in random.Random(seed).sample(files, min(n, len(files))):
            (target / file.name).symlink_to(file.resolve())
    (folder / "test").mkdir()


def finetune_entry() -> dict[str, Any]:
    """The network of the profile `finetune`."""
    values = YAML().load((ROOT / "profiles/finetune.yaml").read_text())
    return values["photo_networks"]["finetuned"]


def write_params(path: Path, networks: dict[str, dict[str, Any]], n_folds: int) -> None:
    """Write params.yaml of the project with these entries of photo_networks, for raw pictures."""
    yaml = YAML()
    values = yaml.load((ROOT / "params.yaml").read_text())
    values["photo_networks"] = networks
    values["photos"] |= {"source": "raw", "metric": "log_loss"}
    values["assign_photo_folds"]["n_folds"] = n_folds
    with path.open("w") as file:
        yaml.dump(values, file)


def words(**options: object) -> list[str]:
    """Options of a stage."""
    pairs = ((f"--{name.replace('_', '-')}", str(value)) for name, value in options.items())
    return [word for pair in pairs for word in pair]


def ingested(folder: Path) -> dict[str, Path]:
    """Tables of the pictures and their folds, by the option of a stage that reads them."""
    shared = {
        "items": folder / "items.csv", "task": folder / "task.json", "params": folder / "p.yaml",
    }  # fmt: skip
    source = {"source": folder / "raw"}
    tables = {"quarantine": folder / "q.csv", "columns": folder / "c.csv"}
    ingest_photos.main(words(**shared, **source, **tables, metrics=folder / "m.json"))
    folds = {"folds": folder / "folds.csv"}
    outputs = {"duplicates": folder / "d.csv", "networks": folder / "n.json"}
    assign_photo_folds.main(words(**shared, **folds, **outputs, metrics=folder / "m.json"))
    return {**shared, **source, **folds}


def trained(folder: Path, regimes: list[str]) -> dict[str, tuple[np.ndarray, float]]:
    """Log loss and whether right (N, 2) of each row by each regime, and its processor seconds."""
    shared = ingested(folder)
    results = {}
    for name in regimes:
        start = time.process_time()
        outputs = {"model": folder / f"{name}.keras", "table": folder / f"{name}.csv"}
        outputs |= {"metrics": folder / f"{name}.json", "plots": folder / name}
        inputs = {"name": name, "weights_dir": ROOT / "data/weights"}
        train_photo_networks.main(words(**shared, **inputs, **outputs))
        results[name] = scores(folder / f"{name}.csv"), time.process_time() - start
    return results


def scores(table: Path) -> np.ndarray:
    """Log loss and whether right (N, 2) of each row out of fold, in the order of the ids."""
    rows = pd.read_csv(table, dtype={"id": str, "truth": str}).query("split == 'oof'")
    rows = rows.sort_values("id")
    names = [column for column in rows if column.startswith("p_")]
    values = rows[names].to_numpy()
    truth = np.array([names.index(f"p_{label}") for label in rows["truth"]])
    loss = -np.log(np.clip(values[np.arange(len(rows)), truth], 1e-15, 1))
    return np.stack([loss, values.argmax(1) == truth], axis=1)


def summary(results: dict[str, tuple[np.ndarray, float]]) -> dict[str, dict[str, object]]:
    """Means, and differences of the log loss from frozen features with intervals."""
    rng = np.random.default_rng(0)
    n = len(next(iter(results.values()))[0])
    draws = rng.integers(0, n, (N_DRAWS, n))
    out: dict[str, dict[str, object]] = {}
    for name, (rows, seconds) in results.items():
        loss, right = rows.mean(0)
        row = {"log_loss": loss, "accuracy": right, "processor_seconds": seconds}
        if name != "frozen" and "frozen" in results:
            step = rows[:, 0] - results["frozen"][0][:, 0]
            low, high = np.quantile(step[draws].mean(1), [0.025, 0.975])
            row |= {"difference": step.mean(), "low": low, "high": high}
        out[name] = {key: round(float(value), 4) for key, value in row.items()}
    return out


def main() -> None:
    """Print, and with --out write, the table for each number of pictures a class."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--per-class", type=int, nargs="+", default=[100])
    parser.add_argument("--regimes", nargs="+", choices=REGIMES, default=list(REGIMES)[:4])
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    results = {}
    for n in args.per_class:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            draw(args.source, folder / "raw", n, args.seed)
            networks = {name: {**finetune_entry(), **REGIMES[name]} for name in args.regimes}
            write_params(folder / "p.yaml", networks, args.folds)
            results[str(n)] = summary(trained(folder, args.regimes))
        print(json.dumps({n: results[str(n)]}, indent=2), flush=True)
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
