"""What a network reaches that starts from nothing: pictures of class folders, one fold held out.

Draws as many pictures of each class as asked for, deals them into folds, trains one network as a
stage of photo_networks does, on all folds but the first, and scores it once on that one.

    python benchmarks/from_scratch.py data/raw/photos/train --network small_resnet --folds 5 \
        --set epochs=20 image_size=32 augment.rotate=0
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from regimes import ROOT, SCRATCH, draw, finetune_entry, ingested, write_params
from ruamel.yaml import YAML

from podium.core.params import load_params
from podium.evaluation.intervals import wilson
from podium.evaluation.task import read_task
from podium.photos.crossval import load_rows
from podium.photos.networks.choices import choose
from podium.photos.networks.fold_training import FoldTrainer
from podium.photos.networks.pixel_cache import cached_pixels
from podium.photos.networks.task import NetworkTask
from podium.pictures.dataset import read_items
from podium.pictures.source import PictureSource
from podium.training import runtime


def entry_of(network: str, changes: list[str]) -> dict[str, Any]:
    """The finetune profile's entry of a network from scratch, with `changes` as KEY=VALUE."""
    entry = finetune_entry() | {"network": network, **SCRATCH}
    for change in changes:
        key, _, value = change.partition("=")
        *outer, last = key.split(".")
        place = entry.get(outer[0], {}) if outer else entry
        if last not in place:
            raise SystemExit(f"--set {change}: no such setting; {', '.join(place) or outer[0]}")
        place[last] = YAML().load(value)
    return entry


def task_of_one_fold(folder: Path) -> NetworkTask:
    """What the network that never sees the first fold is trained on."""
    tables = ingested(folder)
    params = load_params(tables["params"])
    entry = params.photo_networks["one"]
    runtime.set_up(entry.seed, entry.precision, params.device.deterministic)
    items, task = read_items(tables["items"]), read_task(tables["task"])
    data = load_rows(items, tables["folds"], task)
    data = replace(data, splits=data.splits[:1])
    choices = choose(entry, items, int(np.sum(~data.splits[0].held_out)), "processor")
    rows = items.set_index("id").loc[data.ids].reset_index()
    read = PictureSource(tables["source"]).read
    pixels = cached_pixels(rows, read, choices.image_size, params.photos.max_megapixels)
    return NetworkTask(
        "one", entry, choices, data, task, pixels, params.train_photo_classifier,
        ROOT / "data/weights",
    )  # fmt: skip


def main() -> None:
    """Print, and with --out write, the scores, the time and the learning curve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--per-class", type=int, default=10**9)
    parser.add_argument("--network", default="small_cnn")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if not any(path.is_dir() for path in args.source.iterdir()):
        raise SystemExit(f"{args.source}: it has no class folders")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(args.source, folder / "raw", args.per_class, args.seed)
        entry = entry_of(args.network, args.set)
        write_params(folder / "p.yaml", {"one": entry}, args.folds)
        job = task_of_one_fold(folder)
        clock, processor = time.perf_counter(), time.process_time()
        trained, values = next(FoldTrainer(job).train_all())
        seconds = time.perf_counter() - clock, time.process_time() - processor
        held_out = job.data.splits[0].held_out
        truth = np.asarray(job.data.truth)[held_out]
        rows = values[np.flatnonzero(held_out)]
    loss = -np.log(np.clip(rows[np.arange(len(rows)), truth], 1e-15, 1)).mean()
    right = int((rows.argmax(1) == truth).sum())
    score = wilson(right, len(rows))
    result = {
        "learnt": int((~held_out).sum()), "scored": len(rows), "log_loss": round(float(loss), 4),
        "accuracy": round(right / len(rows), 4), "low": score.low, "high": score.high,
        "minutes": round(seconds[0] / 60, 1), "processor_minutes": round(seconds[1] / 60, 1),
        "curve": trained.curve.round(4).to_dict("list"),
    }  # fmt: skip
    print(json.dumps(result))
    if args.out:
        args.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
