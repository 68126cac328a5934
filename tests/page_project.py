"""A project after a run, small and written by hand: what the page is made of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from ruamel.yaml import YAML

from house import ROOT
from podium.competitions import COMPETITIONS
from podium.core.files import file_sha256, write_table
from podium.core.run_records import write_run

HOSTILE = "<script>alert(1)</script>"


def score(value: float) -> dict[str, float]:
    return {"value": value, "se": 0.02, "low": value - 0.04, "high": value + 0.04, "n": 9}


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def blend(metric: str, value: float, model: str) -> dict:
    return {
        "method": "mean", "metric": metric, "n_models": 2, "optimism": 0.0,
        "nested": {metric: score(value)}, "naive": {metric: score(value)},
        "single": {"model": model, metric: score(value + 0.01)}, "difference": score(0.0),
        "methods": {"mean": {"naive": score(value), "nested": score(value)}},
    }  # fmt: skip


def photo_table() -> pd.DataFrame:
    sure = [0.9, 0.8, 0.95, 0.4, 0.7, 0.6]
    return pd.DataFrame(
        {
            "id": [f"cat.{k}" for k in range(6)], "split": "oof", "fold": 0, "seed": 0,
            "model": "photos", "params": "", "group": range(6),
            "truth": ["cat", "cat", "dog", "dog", "cat", "dog"],
            "p_cat": sure, "p_dog": np.round(1 - np.array(sure), 6),
        }
    )  # fmt: skip


def write_project(root: Path) -> Path:
    """A run of all competitions, photos with pictures; `photos.source` is `standin`."""
    metrics = root / "metrics"
    (root / "profiles").mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", root)
    shutil.copy(ROOT / "profiles/laptop.yaml", root / "profiles")
    for competition in COMPETITIONS.values():
        metric = competition.table_metrics[0].key
        write(metrics / f"blend_{competition.name}.json", blend(metric, 0.2, "dense"))
        write(metrics / f"submit_{competition.name}.json", {"test": {metric: score(0.25)}})
    oof = {"dense": {"log_loss": score(0.21), "accuracy": score(0.9)},
           HOSTILE: {"log_loss": score(0.5)}, "prior": {"log_loss": score(0.69)}}  # fmt: skip
    write(metrics / "train_photo_classifier.json", {"oof": oof, "warnings": ["heads are weak"]})
    slides = {"network": {"tumour_f1": score(0.8)}, "all_background": {"tumour_f1": score(0.0)}}
    write(metrics / "predict_slides.json", slides)
    write_run(metrics / "train_photo_classifier.json",
              {"run": {"device": "a processor", "software": "keras"}, "seconds": 12.5})  # fmt: skip
    curve = pd.DataFrame({"epoch": [0, 1, 0, 1], "stop_loss": [0.6, 0.3, 0.5, 0.2],
                          "model": ["dense", "dense", HOSTILE, HOSTILE]})  # fmt: skip
    (root / "plots/train_photo_classifier").mkdir(parents=True)
    curve.to_csv(root / "plots/train_photo_classifier/learning_curve.csv", index=False)
    table = photo_table()
    (root / "predictions/blends").mkdir(parents=True)
    write_table(root / "predictions/blends/photos.csv", table)
    _photos(root, table["id"].tolist())
    submission = root / "submissions/photos.csv"
    submission.parent.mkdir()
    submission.write_text("id,label\n1,0.5\n")
    write(submission.with_suffix(".json"),
          {"sha256": file_sha256(submission), "rows": 1, "filled": []})  # fmt: skip
    return root


def _photos(root: Path, ids: list[str]) -> None:
    folder = root / "data/standin/photos/train"
    folder.mkdir(parents=True)
    for k, name in enumerate(ids):
        Image.new("RGB", (64, 48), (40 * k, 90, 30)).save(folder / f"{name}.jpg")
    columns = ["id", "split", "label", "group", "path", "content", "width", "height", "phash",
               "thumbnail"]  # fmt: skip
    rows = [[name, "train", "cat", "", f"train/{name}.jpg", "0", 64, 48, "0", "0"] for name in ids]
    (root / "data/photos").mkdir()
    write_table(root / "data/photos/items.csv", pd.DataFrame(rows, columns=columns))
    gone = pd.DataFrame([["cat.9", "train", "cat", "cat.9.jpg", f"broken {HOSTILE}"]],
                        columns=["id", "split", "label", "path", "reason"])  # fmt: skip
    write_table(root / "data/photos/quarantine.csv", gone)


def switch_to_raw(root: Path) -> None:
    yaml = YAML()
    settings = yaml.load((root / "params.yaml").read_text())
    settings["photos"]["source"] = "raw"
    with (root / "params.yaml").open("w") as file:
        yaml.dump(settings, file)
