"""Tiny pictures, tiny settings, and the photo stages run on them in a temporary folder."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image
from ruamel.yaml import YAML

from podium.core.params import read_yaml
from podium.stages import (
    assign_photo_folds,
    blend,
    extract_features,
    ingest_photos,
    submit,
    train_photo_classifier,
    train_photo_networks,
)

ROOT = Path(__file__).parents[1]


def striped(animal: str, index: int) -> Image.Image:
    """A 48x40 picture: cats are striped across, dogs up and down, under noise."""
    rng = np.random.default_rng([index, len(animal), ord(animal[0])])
    row, col = np.mgrid[0:40, 0:48]
    wave = np.sin((row if animal == "cat" else col) * rng.uniform(0.5, 0.9) + rng.uniform(0, 6))
    grey = 128 + 60 * wave[:, :, None] + rng.normal(0, 25, (40, 48, 3))
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def make_photos(root: Path) -> Path:
    """Kaggle's layout: 12 cats, 12 dogs, 5 test pictures, the sample and the answer key."""
    root = root / "data/raw/photos"
    for folder in ("train", "test"):
        (root / folder).mkdir(parents=True)
    for animal in ("cat", "dog"):
        for index in range(12):
            path = root / f"train/{animal}.{index}.jpg"
            path.write_bytes(encoded(striped(animal, index)))
    for number, animal in enumerate(("cat", "dog", "dog", "cat", "dog"), start=1):
        (root / f"test/{number}.jpg").write_bytes(encoded(striped(animal, 100 + number)))
    rows = "".join(f"{number},0.5\n" for number in (3, 1, 2, 5, 4))
    (root / "sample_submission.csv").write_text("id,label\n" + rows)
    (root / "test_labels.csv").write_text("id,label\n1,0\n2,1\n3,1\n4,0\n5,1\n")
    return root


def make_params(folder: Path, **changes: object) -> Path:
    """The project's params.yaml at the smallest size, with changes: section__key=value."""
    yaml = YAML()
    settings = yaml.load((ROOT / "params.yaml").read_text())
    settings["photos"]["source"] = "raw"
    settings["extractors"] = {
        "efficientnet-lite0": {"weights": "package", "views": "plain"},
        "hog": {"weights": "none", "views": "plain"},
    }
    settings["assign_photo_folds"] |= {"n_folds": 2, "seeds": [0, 1], "duplicate_distance": 0}
    settings["extract_features"] |= {"batch_size": 8, "shard_size": 16}
    settings["train_photo_classifier"] |= {"epochs": 3, "patience": 2, "batch_size": 8}
    for key, value in changes.items():
        *parents, last = key.split("__")
        section = settings
        for parent in parents:
            section = section[parent]
        section[last] = value
    path = folder / "params.yaml"
    with path.open("w") as file:
        yaml.dump(settings, file)
    return path


class House:
    """The paths of dvc.yaml in a temporary folder, and each stage's command line."""

    def __init__(self, root: Path, photos: Path, params: Path) -> None:
        self.root, self.photos, self.params = root, photos, params
        self.items = root / "data/photos/items.csv"
        self.quarantine = root / "data/photos/quarantine.csv"
        self.columns = root / "data/photos/columns.csv"
        self.task = root / "data/photos/task.json"
        self.folds = root / "data/photos/folds.csv"
        self.out = root / "submissions/photos.csv"
        self.model = root / "models/photos.keras"

    def run(self, stage, **options: object) -> None:
        words = [str(word) for key, value in options.items() for word in (f"--{key}", value)]
        stage.main([*[word.replace("_", "-") if word[:2] == "--" else word for word in words],
                    "--params", str(self.params)])  # fmt: skip

    def ingest(self) -> None:
        where = {"source": self.photos, "items": self.items, "quarantine": self.quarantine}
        self.run(
            ingest_photos,
            **where,
            columns=self.columns,
            task=self.task,
            metrics=self.root / "metrics/ingest_photos.json",
        )

    def fold(self) -> None:
        duplicates = self.root / "data/photos/near_duplicates.csv"
        where = {"items": self.items, "task": self.task, "folds": self.folds}
        metrics = self.root / "metrics/assign_photo_folds.json"
        names = self.root / "predictions/tables/photo-networks/names.json"
        files = {"duplicates": duplicates, "networks": names, "metrics": metrics}
        self.run(assign_photo_folds, **where, **files)

    def train_network(self, name: str) -> None:
        self.run(
            train_photo_networks,
            name=name,
            source=self.photos,
            items=self.items,
            task=self.task,
            folds=self.folds,
            weights_dir=self.root / "data/weights",
            model=self.root / f"models/photos-{name}.keras",
            table=self.root / f"predictions/tables/photo-networks/{name}.csv",
            metrics=self.root / f"metrics/train_photo_networks-{name}.json",
            plots=self.root / f"plots/train_photo_networks-{name}",
        )

    def extract(self, extractor: str, out: Path | None = None) -> Path:
        out = out or self.root / f"features/{extractor}.h5"
        self.run(
            extract_features,
            extractor=extractor,
            source=self.photos,
            items=self.items,
            weights_dir=self.root / "data/weights",
            out=out,
            metrics=self.root / f"metrics/extract_features-{extractor}.json",
        )
        return out

    def train(self) -> None:
        self.run(
            train_photo_classifier,
            source=self.photos,
            items=self.items,
            task=self.task,
            columns=self.columns,
            folds=self.folds,
            features=self.root / "features",
            model=self.model,
            members=self.root / "models/photos-members.h5",
            tables=self.root / "predictions/tables/photos",
            metrics=self.root / "metrics/train_photo_classifier.json",
            plots=self.root / "plots/train_photo_classifier",
        )

    def blend(self) -> None:
        self.run(
            blend,
            competition="photos",
            root=self.root,
            tables=self.root / "predictions/tables/photos",
            out=self.root / "predictions/blends/photos.csv",
            fitted=self.root / "models/photos-blend.h5",
            metrics=self.root / "metrics/blend_photos.json",
        )

    def submit(self) -> None:
        self.run(
            submit,
            competition="photos",
            root=self.root,
            table=self.root / "predictions/blends/photos.csv",
            blend=self.root / "metrics/blend_photos.json",
            out=self.out,
            metrics=self.root / "metrics/submit_photos.json",
            headline=self.root / "metrics/photos.json",
        )

    def everything(self) -> None:
        self.ingest()
        self.fold()
        for name in ("efficientnet-lite0", "hog"):
            self.extract(name)
        self.train()
        self.blend()
        self.submit()

    def metrics(self, stage: str) -> dict:
        return json.loads((self.root / f"metrics/{stage}.json").read_text())


def finished_at_smoke_size() -> bool:
    """Whether the project holds a finished run of the smoke profile."""
    drawn = read_yaml(ROOT / "params.yaml")["draw_photos"]["n_train"]
    return drawn == 40 and (ROOT / "reports/blends.md").is_file()
