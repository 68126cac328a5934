"""Rows of random features through folds, heads, blend and submission: minutes and peak memory.

No picture is drawn: the tables that `ingest_photos` and `extract_features` would leave are written,
with random hashes, and features that tell the two classes apart a little. Each stage runs in a
process of its own.

    python benchmarks/many_rows.py --rows 1000000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from growth import keep
from ruamel.yaml import YAML

from podium.core.feature_store import BLOCK, write_features
from podium.models.extractor_table import find
from podium.standin.photos.dataset import draw_picture

ROOT = Path(__file__).resolve().parents[1]
TASK = {
    "kind": "classes", "names": ["cat", "dog"], "metric": "log_loss", "ordered": False,
    "columns": [], "whole": False,
    "sample": {"columns": ["id", "label"], "cells": "probabilities", "names": ["dog"], "k": 0},
}  # fmt: skip
NETWORK = "efficientnet-lite0"  # whose features they are said to be
STAGES = {
    "assign_photo_folds": "--items data/photos/items.csv --task data/photos/task.json "
    "--folds data/photos/folds.csv --duplicates data/photos/near_duplicates.csv "
    "--networks predictions/tables/photo-networks/names.json --metrics metrics/folds.json",
    "train_photo_classifier": "--source data/raw/photos --items data/photos/items.csv "
    "--task data/photos/task.json --columns data/photos/columns.csv --features features "
    "--folds data/photos/folds.csv --model models/photos.keras --members models/members.h5 "
    "--tables predictions/tables/photos --metrics metrics/train.json --plots plots/train",
    "blend": "--competition photos --root . --tables predictions/tables/photos "
    "--out predictions/blends/photos.csv --fitted models/photos-blend.h5 "
    "--metrics metrics/blend_photos.json",
    "submit": "--competition photos --root . --table predictions/blends/photos.csv "
    "--blend metrics/blend_photos.json --out submissions/photos.csv "
    "--metrics metrics/submit_photos.json --headline metrics/photos.json",
}


def write_inputs(root: Path, n_rows: int, n_features: int, seed: int) -> None:
    """Write params.yaml, the tables of nine train rows to one test row, and their features."""
    yaml = YAML()
    params = yaml.load((ROOT / "params.yaml").read_text())
    params["extractors"] = {NETWORK: params["extractors"][NETWORK]}
    with (root / "params.yaml").open("w") as file:
        yaml.dump(params, file)
    rng = np.random.default_rng(seed)
    n_test = n_rows // 10
    split = np.repeat(["train", "test"], [n_rows - n_test, n_test])
    labels = np.where(split == "test", "", rng.choice(["cat", "dog"], n_rows))
    ids = [f"{number:08d}" for number in range(n_rows)]
    content = [rng.bytes(32).hex() for _ in range(n_rows)]
    items = pd.DataFrame(
        {
            "id": ids, "split": split, "label": labels, "group": "", "path": "train/one.jpg",
            "content": content, "width": 500, "height": 375,
            "phash": [rng.bytes(8).hex() for _ in range(n_rows)],
            "thumbnail": [b64encode(rng.bytes(256)).decode() for _ in range(n_rows)],
        }
    )  # fmt: skip
    for name in ("data/photos", "features"):
        (root / name).mkdir(parents=True)
    picture = root / "data/raw/photos/train/one.jpg"  # mistakes are shown
    picture.parent.mkdir(parents=True)
    draw_picture("cat", 0, 0).resize((500, 375)).save(picture)
    items.to_csv(root / "data/photos/items.csv", index=False)
    items[["id"]].to_csv(root / "data/photos/columns.csv", index=False)
    (root / "data/photos/quarantine.csv").write_text("id,split,label,path,reason\n")
    (root / "data/photos/task.json").write_text(json.dumps(TASK))
    shift = 0.5 * (labels == "dog")[:, None]

    def blocks() -> Iterator[np.ndarray]:
        for start in range(0, n_rows, BLOCK):
            part = shift[start : start + BLOCK]
            noise = rng.standard_normal((len(part), n_features), dtype=np.float32)
            yield noise + part.astype(np.float32) * (np.arange(n_features) < 4)

    provenance = {"extractor": NETWORK, "batch_size": 8, "weights_sha256": ""}
    path = root / f"features/{NETWORK}.h5"
    write_features(path, ids, list(labels), content, blocks(), n_features, provenance)


def timed(stage: str, root: Path) -> dict[str, float]:
    """Minutes and peak memory of a stage."""
    start = time.perf_counter()
    paths = {"PYTHONPATH": str(ROOT / "src"), "PODIUM_SCRATCH": str(root / "scratch")}
    command = [sys.executable, "-m", f"podium.stages.{stage}", *STAGES[stage].split()]
    process = subprocess.Popen(command, env=os.environ | paths, cwd=root)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{stage} failed")
    return {
        "minutes": round((time.perf_counter() - start) / 60, 2),
        "processor_minutes": round((usage.ru_utime + usage.ru_stime) / 60, 2),
        "peak_gib": round(usage.ru_maxrss / (1 << 20), 2),
    }


def main() -> None:
    """Print, and with --out write, minutes and peak memory of each stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the run is left lying")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = args.folder or Path(name)
        root.mkdir(parents=True, exist_ok=True)
        write_inputs(root, args.rows, find(NETWORK).n_features, seed=0)
        result = {stage: timed(stage, root) for stage in STAGES}
        result["bytes"] = {
            str(path.relative_to(root)): path.stat().st_size
            for path in sorted((root / "predictions").rglob("*.*"))
        }
    print(json.dumps(result, indent=2))
    stages = [result[stage] for stage in STAGES]
    keep("rows", args.rows, {
        "processor_seconds": round(60 * sum(stage["processor_minutes"] for stage in stages), 1),
        "peak_mib": round(1024 * max(stage["peak_gib"] for stage in stages)),
    })  # fmt: skip
    if args.out:
        args.out.write_text(json.dumps({"rows": args.rows, **result}, indent=2) + "\n")


if __name__ == "__main__":
    main()
